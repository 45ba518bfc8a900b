"""The project's copies that whole-stack tests run, under one engine or under both."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import engines
from runner.project import Project
from tests.stacks.project import ROOT, ProjectCopy, copy


def pulumi_command() -> engines.PulumiCommand | None:
    """Find the real CLI as the product does: on PATH, or installed into the project."""
    return engines.present(Project(ROOT), lambda _: None)


@pytest.fixture(
    params=[
        pytest.param("inprocess", marks=pytest.mark.stack),
        pytest.param("pulumi", marks=pytest.mark.engine),
    ]
)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ProjectCopy]:
    """A copy of the project, under each engine in turn; what it started is ended with the test."""
    path = ""
    if request.param == "pulumi":
        command = pulumi_command()
        if command is None:
            pytest.skip(f"no pulumi {engines.MINIMUM_CLI} or later on PATH or in .local/pulumi (make pulumi)")
        path = str(command.path.parent)
    copy(tmp_path / "project")
    made = ProjectCopy(root=tmp_path / "project", engine=request.param, path=path)
    try:
        yield made
    finally:
        if made.servers() or made.server_folder.exists():
            made.run("down", code=None)
        left = made.servers()
        shutil.rmtree(tmp_path / "project", ignore_errors=True)
        assert not left, "a test left servers behind"
