from pathlib import Path

import pytest

from runner import engines, pulumi_install
from runner.engines import InProcess, PulumiCommand
from runner.project import Project, ProjectError
from runner.pulumi_install import GaveUp


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project on a machine whose PATH has a folder of ours first and no pulumi; installing one fails."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.setattr(
        pulumi_install,
        "install",
        lambda *_, **__: GaveUp(reason="no network", at=None),  # type: ignore[arg-type]
    )
    return Project(tmp_path)


def put(path: Path, version: str) -> Path:
    """Put a CLI of a version somewhere."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


def test_one_on_path_is_taken(project: Project) -> None:
    """The user's own, whatever else is there."""
    path = put(project.root / "bin/pulumi", "v3.260.0")
    put(project.local / "pulumi/3.272.0/bin/pulumi", "3.272.0")
    found = engines.find(project, "local", "auto", print)
    assert isinstance(found, PulumiCommand)
    assert found.path == path


def test_one_that_is_too_old_is_left_alone_and_said_so(project: Project) -> None:
    """The one that an earlier run installed is taken instead."""
    put(project.root / "bin/pulumi", "v3.200.0")
    own = put(project.local / "pulumi/3.272.0/bin/pulumi", "3.272.0")
    said: list[str] = []
    found = engines.find(project, "local", "auto", said.append)
    assert isinstance(found, PulumiCommand)
    assert found.path == own
    assert "is Pulumi 3.200.0; this project needs 3.254.0 or later" in said[0]


def test_the_newest_of_the_installed_ones_is_taken(project: Project) -> None:
    """By version and not by name: 3.9 sorts after 3.300."""
    put(project.local / "pulumi/3.260.0/bin/pulumi", "3.260.0")
    newest = put(project.local / "pulumi/3.1000.0/bin/pulumi", "3.1000.0")
    found = engines.find(project, "local", "auto", print)
    assert isinstance(found, PulumiCommand)
    assert found.path == newest


def test_without_any_the_in_process_engine_runs(project: Project) -> None:
    """A machine with nothing but Python."""
    assert engines.find(project, "local", "auto", print) == InProcess(
        "the Pulumi CLI could not be installed: no network"
    )


def test_one_that_does_not_answer_is_none(project: Project) -> None:
    """A broken installation must not stop a run."""
    put(project.root / "bin/pulumi", "nonsense")
    assert isinstance(engines.find(project, "local", "auto", lambda _: None), InProcess)


def test_engine_pulumi_forces_it(project: Project) -> None:
    """Rather an error than another engine."""
    with pytest.raises(ProjectError, match=r"ENGINE=pulumi, and there is no Pulumi CLI 3\.254\.0 or later: no network"):
        engines.find(project, "local", "pulumi", print)


def test_engine_inprocess_does_not_look_for_the_cli(project: Project) -> None:
    """Nor starts it."""
    put(project.root / "bin/pulumi", "v3.260.0")
    assert engines.find(project, "local", "inprocess", print) == InProcess("ENGINE=inprocess")


def test_pulumi_asks_again_after_a_failure(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ENGINE=pulumi` and `make pulumi` do not wait a day."""
    asked: list[bool] = []

    def install(*_: object, force: bool, **__: object) -> GaveUp:
        asked.append(force)
        return GaveUp(reason="no network", at=None)  # type: ignore[arg-type]

    monkeypatch.setattr(pulumi_install, "install", install)
    engines.find(project, "local", "auto", print)
    with pytest.raises(ProjectError):
        engines.find(project, "local", "pulumi", print)
    assert asked == [False, True]


def test_a_stack_stays_with_the_engine_that_brought_it_up(project: Project) -> None:
    """A CLI that appears later would find nothing, and another owner's server."""
    put(project.root / "bin/pulumi", "v3.260.0")
    project.inprocess_state("local").parent.mkdir(parents=True)
    project.inprocess_state("local").write_text("{}")
    found = engines.find(project, "local", "auto", print)
    assert isinstance(found, InProcess)
    assert "make down first" in found.because
    assert isinstance(engines.find(project, "dev", "auto", print), PulumiCommand)
