"""A state of the CLI in the project that cannot be read: named, with how to go on, and forgotten by `down`."""

import json
import stat
from pathlib import Path

import pytest
from semver import VersionInfo

from runner import lost_state
from runner.backend_facts import BackendFacts
from runner.engines import PulumiCommand
from runner.lost_state import LostState
from runner.project import Project
from runner.pulumi_cli import CliStack

WHOLE = json.dumps({"version": 3, "checkpoint": {"latest": {"resources": [{}]}}})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a stack that the CLI brought up."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\nruntime: python\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  cache:backend: local\n")
    made = Project(tmp_path)
    lost_state.require_readable(made, "local", is_found_without=True)
    made.cli_state("local").parent.mkdir(parents=True)
    made.cli_state("local").write_text(WHOLE)
    return made


def stack(project: Project) -> CliStack:
    """Return the stack, under a CLI that fails with its words for a passphrase of another time."""
    cli = project.root / "pulumi"
    cli.write_text("#!/bin/sh\necho error: incorrect passphrase >&2; exit 255\n")
    cli.chmod(0o755)
    return CliStack(
        project=project,
        stack="local",
        command=PulumiCommand(path=cli, version=VersionInfo(3, 272, 0)),
        say=lambda _: None,
        facts=BackendFacts(is_on_this_machine=True, is_served_in_process=True, is_found_without_state=True),
        is_kept_in_project=True,
    )


def test_a_passphrase_is_made_once_and_is_its_owners_alone(project: Project) -> None:
    """Before there is a state."""
    file = project.local / "passphrase"
    before = file.read_text()
    lost_state.require_readable(project, "local", is_found_without=True)
    assert file.read_text() == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    project.cli_state("local").unlink()
    file.write_text(before[:5])
    lost_state.require_readable(project, "local", is_found_without=True)
    assert len(file.read_text()) == len(before)


@pytest.mark.parametrize("damage", ["removed", "emptied", "cut", "overwritten", "folder", "state", "another"])
def test_what_is_lost_is_named_with_the_way_on_and_down_forgets_it(project: Project, damage: str) -> None:
    """No passphrase is made in the place of one that a state is encrypted with."""
    passphrase, state = project.local / "passphrase", project.cli_state("local")
    match damage:
        case "removed":
            passphrase.unlink()
        case "emptied":
            passphrase.write_text("")
        case "cut":
            passphrase.write_text(passphrase.read_text()[:20])
        case "overwritten":
            passphrase.write_bytes(b"\xff" * 43)
        case "folder":
            passphrase.unlink()
            passphrase.mkdir()
        case "state":
            state.write_text(WHOLE[:20])
        case _:
            pass
    with pytest.raises(LostState) as lost:
        stack(project).up()
    named = state if damage == "state" else passphrase
    assert damage == "another" or str(named) in str(lost.value)
    assert f"to go on with the server and its data, and a new password: mv {state} {state}.old && make up" in str(
        lost.value
    )
    assert str(lost.value).endswith("to remove everything: make down STACK=local")
    assert stack(project).destroy() == 0
    assert not state.exists()


def test_a_lock_that_cannot_be_read_is_named_with_its_cure(project: Project) -> None:
    """A disk that was full when it was written."""
    from runner.project import ProjectError

    lock = project.local / "state/.pulumi/locks/organization/cache/local/1.json"
    lock.parent.mkdir(parents=True)
    lock.write_text("{")
    with pytest.raises(ProjectError, match=r"1\.json cannot be read; if no other run works on this stack: rm /"):
        stack(project).destroy()
