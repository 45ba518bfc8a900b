"""A release: its version in one place, its section in the changelog, its note for those who upgrade."""

import re
import tomllib

from runner import environment
from tests.stacks.project import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# https://keepachangelog.com/en/1.1.0: one section a release, newest first, with its day; what is not yet out on top.
SECTIONS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def releases() -> list[str]:
    """Return the releases of the changelog, newest first."""
    found = [re.fullmatch(r"(\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}", section) for section in SECTIONS[1:]]
    assert all(found), SECTIONS
    return [match[1] for match in found if match]


def test_the_changelog_has_a_section_for_each_release_and_one_for_the_next() -> None:
    """In order, and of the kinds that people look for."""
    assert SECTIONS[0] == "Unreleased"
    numbers = [tuple(map(int, release.split("."))) for release in releases()]
    assert numbers == sorted(set(numbers), reverse=True)
    kinds = re.findall(r"^### (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert set(kinds) <= KINDS


def test_the_version_is_that_of_the_newest_release() -> None:
    """Two of them would be two answers to what somebody runs."""
    assert PROJECT["version"] == releases()[0]


def test_each_release_has_a_note_for_those_who_upgrade() -> None:
    """Also one that asks nothing, which then says so."""
    notes = re.findall(
        r"^### (.+)$", (ROOT / "docs/upgrading.md").read_text().partition("\n## Notes\n")[2], re.MULTILINE
    )
    assert notes == releases()


def test_the_project_asks_for_the_python_that_the_installer_refuses_below() -> None:
    """A Python that is too old is told so by both."""
    assert PROJECT["requires-python"] == f">={environment.dotted(environment.MINIMUM_PYTHON)}"
