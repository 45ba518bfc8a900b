import os
from pathlib import Path

import pytest
from semver import VersionInfo

from runner.backend_facts import BackendFacts
from runner.engines import PulumiCommand
from runner.project import Project
from runner.pulumi_cli import CliStack


@pytest.mark.parametrize(
    ("given", "found"),
    [({}, "54321 {local}/home"), ({"USER": "me", "HOME": "/own"}, "me /own"), ({"HOME": "/own"}, "54321 /own")],
)
def test_a_user_whom_the_machine_does_not_know_has_a_name_for_pulumi(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    given: dict[str, str],
    found: str,
) -> None:
    """An arbitrary user in a container, where Go finds neither name nor home, and Pulumi ends with that."""
    cli = tmp_path / "pulumi"
    cli.write_text("#!/bin/sh\necho $USER $HOME\n")
    cli.chmod(0o755)
    command = PulumiCommand(path=cli, version=VersionInfo(3, 272, 0))
    facts = BackendFacts(is_on_this_machine=False, is_served_in_process=False)
    stack = CliStack(
        project=Project(tmp_path), stack="dev", command=command, say=print, facts=facts, is_kept_in_project=False
    )
    for name in ("USER", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert stack._run("up") == 0
    assert capfd.readouterr().out == found.format(local=tmp_path / ".local") + "\n"
