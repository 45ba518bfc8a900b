import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import reference
from infra.settings import schema
from tests.stacks.project import ROOT
from verify import access, faults

LONGEST_README = 130

# Where each heading is linked to as GitHub names it.
PUNCTUATION = re.compile(r"[^\w\- ]")


def test_the_front_page_is_short() -> None:
    """What a newcomer needs first; all the rest is a page of docs/."""
    assert len((ROOT / "README.md").read_text().splitlines()) <= LONGEST_README


def test_every_setting_is_on_its_page() -> None:
    """A key that people cannot find is not there."""
    page = reference.configuration_page()
    for key in schema.every_setting():
        assert f"\n| `{key}` |" in page


def test_the_runbook_has_every_fault_and_every_command_and_no_other() -> None:
    """Whoever is called at night finds the code that was printed."""
    text = (ROOT / "docs/runbook.md").read_text()
    codes = re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)
    assert sorted(codes) == sorted(fault.code for fault in faults.FAULTS)
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    commands = re.findall(r"^\| `make ([a-z-]+)` \|", text, re.MULTILINE)
    assert sorted(commands) == sorted(set(phony.split()) - {"tools"})


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {PUNCTUATION.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def broken(document: Path) -> Iterator[str]:
    """Yield the document's links to a file or a heading that is not there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        name, _, anchor = target.partition("#")
        file = document.parent / name if name else document
        if "://" in target or target.startswith("mailto:"):
            continue
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


def documents() -> list[Path]:
    """Return every document of the repository."""
    patterns = ("*.md", "docs/*.md", "examples/*/*.md", "verify/*.md")
    return [document for pattern in patterns for document in ROOT.glob(pattern)]


@pytest.mark.parametrize("document", documents(), ids=lambda document: str(document.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    """To a file of the repository, and to a heading where it names one."""
    assert list(broken(document)) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """A file, a heading of another document, and one of the same."""
    (tmp_path / "other.md").write_text("# A `title`, here\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n[a](other.md#a-title-here) [b](#page) [c](https://host/x.md#y)\n"
        "[d](gone.md) [e](other.md#gone) [f](#gone)\n"
    )
    assert list(broken(page)) == ["gone.md", "other.md#gone", "#gone"]


def test_every_page_can_be_found_from_the_front_page() -> None:
    """A page that nothing links to is read by nobody."""
    seen: set[Path] = set()
    queue = [ROOT / "README.md"]
    while queue:
        document = queue.pop()
        if document in seen or document.suffix != ".md":
            continue
        seen.add(document)
        targets = re.findall(r"\]\(([^)#:\s]+)", document.read_text())
        queue += [(document.parent / target).resolve() for target in targets]
    assert [document.name for document in (ROOT / "docs").glob("*.md") if document not in seen] == []


def test_the_page_of_rights_has_the_rules_of_each_preset() -> None:
    """As a server takes them; a cell of a table escapes its bars."""
    page = (ROOT / "docs/rights.md").read_text().replace("\\|", "|")
    for preset, rules in access.PRESETS.items():
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{preset}`")]
        assert f"`{' '.join(rules)}`" in row


def test_the_picture_shows_what_the_readme_says_of_the_first_run() -> None:
    """It was made of a real run (CONTRIBUTING says how), and is made again when the words change."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", (ROOT / "docs/up.svg").read_text())
    shown = re.sub(r"\d+", "0", html.unescape("\n".join(texts)).replace("\N{NO-BREAK SPACE}", " "))
    (first, *_) = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    promised = [re.sub(r"\d+", "0", line) for line in first.splitlines() if line != "…" and not line.startswith("$")]
    assert [line for line in promised if line not in shown] == []
