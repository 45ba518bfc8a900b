"""`pulumi new` over this project, by the real CLI: what a team has afterwards, and that it runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.stacks.conftest import pulumi_command
from tests.stacks.project import ROOT, ProjectCopy
from tests.test_repository import tracked

pytestmark = pytest.mark.engine


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """What a team gets from git: `pulumi new` copies whatever else lies in a folder, too."""
    for path in tracked():
        copied = tmp_path / "template" / path.relative_to(ROOT)
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(path.read_bytes())
    return tmp_path / "template"


def pulumi_new(template: Path, *options: str) -> Path:
    """Start a copy in a folder of its own, taking every default; give the folder."""
    command = pulumi_command()
    if command is None:
        pytest.skip("no pulumi on PATH or in .local/pulumi (make pulumi)")
    made = template.parent / "team"
    state = template.parent / "state"
    state.mkdir()
    done = subprocess.run(
        [command.path, "new", template, "--yes", "--offline", "--name", "team-cache", "--dir", made, *options],
        env={
            **os.environ,
            # The interpreter of the copy's own environment.
            "PATH": os.pathsep.join([str(command.path.parent), str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PULUMI_BACKEND_URL": f"file://{state}",
            "PULUMI_HOME": str(template.parent / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "of the team",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return made


def test_a_copy_of_another_name_runs(template: Path) -> None:
    """The project's name is the team's, the questions are gone, the comments are there, and `make up` makes a cache."""
    made = pulumi_new(template, "--generate-only")
    written = (made / "Pulumi.yaml").read_text()
    assert yaml.safe_load(written)["name"] == "team-cache"
    assert "template" not in yaml.safe_load(written)
    assert "# Only settings with a default stand here" in written
    for stack in ("local", "dev", "staging", "prod"):
        assert (made / f"Pulumi.{stack}.yaml").read_bytes() == (ROOT / f"Pulumi.{stack}.yaml").read_bytes()

    (made / ".venv").symlink_to(sys.prefix)
    copy = ProjectCopy(root=made, engine="inprocess", path="")
    try:
        assert "local is up" in copy.run("up").printed
    finally:
        copy.run("down")


@pytest.mark.long
def test_the_answers_are_in_the_new_stacks_file(template: Path) -> None:
    """A stack of the team's own takes the defaults; of one that is here, the file's own values win."""
    made = pulumi_new(template, "--stack", "trial")
    config = yaml.safe_load((made / "Pulumi.trial.yaml").read_text())["config"]
    assert config == {"aws:region": "us-east-1", "cache:backend": "docker", "cache:tier": "dev"}
