"""The names of stacks: Pulumi's rule, in every command, before anything is read or written."""

import subprocess
import sys
from pathlib import Path

import pytest

from runner import names
from runner.project import Project, ProjectError

ROOT = Path(__file__).resolve().parents[2]

ALLOWED = ["local", "prod-eu", "a.b", "A_1", "...", "-x", "x" * 100]
REFUSED = ["../up", "..", ".", "a/b", "org/cache/dev", "/up", "", "a b", "a\n", "é", "a:b", "a\0b", "x" * 101]

COMMANDS = [
    *([sys.executable, "-m", "operate", verb] for verb in ("up", "preview", "down", "outputs", "env", "verify")),
    *([sys.executable, "-m", "operate", verb] for verb in ("rotate", "rotate-finish", "rollback", "attach")),
    *([sys.executable, "-m", "operate", "ci", verb] for verb in ("plan", "drift", "issue", "check")),
    [sys.executable, "-m", "operate", "permissions"],
    [sys.executable, "-m", "operate", "compliance"],
    [sys.executable, "-m", "operate", "capacity", "--organizations=1000"],
    [sys.executable, "-I", "runner/environment.py"],
]


@pytest.mark.parametrize("name", ALLOWED)
def test_what_pulumi_takes_is_allowed(name: str) -> None:
    """As it has the rule in its source."""
    assert names.problem(name) is None


@pytest.mark.parametrize("name", REFUSED)
def test_what_pulumi_refuses_or_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    """A file of that path may even be there."""
    assert names.problem(name) is not None
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    (tmp_path / "Pulumi...").mkdir()
    (tmp_path / "Pulumi..." / "up.yaml").write_text("config:\n  cache:backend: local\n")
    with pytest.raises(ProjectError, match=r"the stack's name .* (is not up to 100 letters|leads to a folder)"):
        Project(tmp_path).require_stack(name)


def test_a_projects_name_is_checked_too(tmp_path: Path) -> None:
    """The state is found by it."""
    (tmp_path / "Pulumi.yaml").write_text("name: ../../cache\n")
    with pytest.raises(ProjectError, match=r"Pulumi\.yaml: the project's name '\.\./\.\./cache' is not up to 100"):
        Project(tmp_path).cli_state("local")


def test_stacks_are_told_by_their_whole_names(tmp_path: Path) -> None:
    """A period in one is a part of it."""
    for name in ("Pulumi.yaml", "Pulumi.local.yaml", "Pulumi.prod.eu.yaml", "Pulumi.a b.yaml", "Pulumi.x.yml"):
        (tmp_path / name).touch()
    assert names.stacks(tmp_path) == ["local", "prod.eu"]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command[1:]))
def test_every_command_refuses_it_in_one_line(command: list[str]) -> None:
    """And writes nothing."""
    done = subprocess.run([*command, "--stack=../up"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "the stack's name '../up' is not up to 100 letters, digits, hyphens, underscores and periods" in done.stderr
    assert not (ROOT / "up.env").exists()
