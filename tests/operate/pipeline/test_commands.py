from __future__ import annotations

import json
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from semver import VersionInfo

from benchmarks.servers import RedisServer
from operate.pipeline import command as commands
from operate.pipeline import proof
from runner import engines
from runner.engines import PulumiCommand
from runner.project import Project, ProjectError
from runner.pulumi_install import GaveUp
from tests.standins.github import GitHubStandIn, serving
from verify.report import Report, Result

PASSED = Report(results=(Result(name="connect", title="the server is reached", verdict="pass"),), server="redis 7.1")


class Outputs:
    """A stack that has these outputs."""

    def __init__(self, **outputs: Any) -> None:
        self._outputs = outputs

    def outputs(self, *, show_secrets: bool = True) -> dict[str, Any]:
        assert show_secrets
        return self._outputs


def of_cache(project: Project, **outputs: Any) -> Report | None:
    """Prove the cache of a stack with these outputs."""
    return proof.of_cache(project, Outputs(**outputs), "prod", lambda _: None)  # type: ignore[arg-type]


def test_a_private_cache_has_the_proof_of_the_up_before(tmp_path: Path) -> None:
    """It cannot be reached from a runner; the report that the function in its network gave is what is kept."""
    (tmp_path / ".local/reports").mkdir(parents=True)
    (tmp_path / ".local/reports/prod.json").write_text(PASSED.to_json())
    connection = {"REDIS_HOST": "private.example"}
    assert of_cache(Project(tmp_path), connection=connection, verifiedFrom="aws-lambda") == PASSED


def test_a_private_cache_that_no_up_proved_is_an_error(tmp_path: Path) -> None:
    """A step that checks nothing must not be green."""
    with pytest.raises(ProjectError, match=r"none ran on this machine: make up STACK=prod"):
        of_cache(Project(tmp_path), connection={"REDIS_HOST": "private.example"}, verifiedFrom="aws-lambda")


def test_a_cache_that_can_be_reached_is_checked_against_what_was_asked(tmp_path: Path) -> None:
    """From here and now, whatever an earlier report says."""
    with RedisServer(tmp_path, password="of this test") as server:
        report = of_cache(
            Project(tmp_path), connection=server.variables, expectation={"maxmemory_policy": "volatile-ttl"}
        )
    assert report is not None
    assert [failure.name for failure in report.failures()] == ["maxmemory-policy"]


@pytest.mark.parametrize("outputs", [{}, {"connection": None}])
def test_a_stack_that_is_not_up_is_an_error(tmp_path: Path, outputs: dict[str, Any]) -> None:
    """With the command that makes it."""
    with pytest.raises(ProjectError, match=r"stack prod is not up: make up STACK=prod"):
        of_cache(Project(tmp_path), **outputs)


def test_a_connection_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    """Without the password."""
    broken = {"REDIS_HOST": "a.example", "REDIS_PORT": "many", "REDIS_PASSWORD": "hunter2"}
    with pytest.raises(ProjectError, match="REDIS_PORT") as refused:
        of_cache(Project(tmp_path), connection=broken)
    assert "hunter2" not in str(refused.value)


def test_an_address_that_is_none_is_refused() -> None:
    """A variable of the environment that somebody mistyped."""
    stack: Any = Outputs(connection={"REDIS_HOST": ""})
    with pytest.raises(ProjectError, match="--url example: the application's URL is no http or https URL"):
        proof.of_application("example", stack, "prod", wait_seconds=0, say=print)


def test_the_pinned_cli_comes_first_on_the_path_of_later_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A runner brings a Pulumi of its own, which would otherwise decide the version."""
    asked: list[bool] = []

    def install(project: Project, _: object, *, force: bool) -> PulumiCommand:
        asked.append(force)
        return PulumiCommand(path=project.local / "pulumi/3.272.0/bin/pulumi", version=VersionInfo(3, 272, 0))

    monkeypatch.setattr(engines, "install", install)
    monkeypatch.setenv("GITHUB_PATH", str(tmp_path / "path"))
    assert commands.cli(Project(tmp_path), Namespace()) == 0
    assert (tmp_path / "path").read_text() == f"{tmp_path}/.local/pulumi/3.272.0/bin\n"
    assert asked == [True]


def test_a_cli_that_cannot_be_installed_fails_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than go on with whatever the runner has."""
    monkeypatch.setattr(engines, "install", lambda *_, **__: GaveUp(reason="no network", at=datetime.now(UTC)))
    monkeypatch.setenv("GITHUB_PATH", str(tmp_path / "path"))
    with pytest.raises(ProjectError, match="the Pulumi CLI could not be installed: no network"):
        commands.cli(Project(tmp_path), Namespace())
    assert not (tmp_path / "path").exists()


def test_a_step_whose_forerunner_wrote_nothing_says_which_one(tmp_path: Path) -> None:
    """No drift was found is not the same as nobody looked: an open issue stays open."""
    with pytest.raises(ProjectError, match=r"drift\.json is missing: .*operate ci drift --stack prod"):
        commands.issue(Project(tmp_path), Namespace(stack="prod"))
    with pytest.raises(ProjectError, match=r"plan\.md is missing: .*operate ci plan --stack prod"):
        commands.comment(Project(tmp_path), Namespace(stack="prod", pull_request=7))


def test_what_drift_wrote_becomes_the_issue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the next step, which has the token that the first one does without."""
    folder = tmp_path / ".local/pipeline/prod"
    folder.mkdir(parents=True)
    (folder / "drift.json").write_text(json.dumps({"drifted": True, "words": "the server is gone"}))
    with serving(GitHubStandIn()) as github:
        for name, value in github.environment().items():
            monkeypatch.setenv(name, value)
        commands.issue(Project(tmp_path), Namespace(stack="prod"))
    assert github.issues[0]["title"] == "The cache of stack prod has drifted"
    assert "the server is gone" in github.issues[0]["body"]


def test_outside_of_a_job_nothing_is_proposed_and_no_file_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run here would else do what nobody merged."""
    for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text("config:\n  cache:backend: elasticache\n")
    with pytest.raises(ProjectError, match="GITHUB_REPOSITORY and GITHUB_TOKEN are not set"):
        commands.propose(Project(tmp_path), Namespace(stack="prod", direction="rollback"))
    assert file.read_text() == "config:\n  cache:backend: elasticache\n"
