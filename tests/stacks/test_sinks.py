"""A local stack that delivers to a file, to Encore's platform and to the file of a self-hosted Encore application."""

import json
from pathlib import Path

import dotenv
import pytest

from tests.stacks.project import ProjectCopy
from tests.standins.encore import Platform

APPLICATIONS = '{\n  "metadata": {"app_id": "hospitality"},\n  "redis": {"sessions": {"host": "theirs:6379"}}\n}\n'
OTHERS = "# Of the application.\nDEBUG=1\n"


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Encore's platform, and its command line on PATH."""
    platform = Platform(tmp_path / "platform")
    platform.install("staging")
    for name, value in platform.variables.items():
        monkeypatch.setenv(name, value)
    return platform


@pytest.fixture
def project(platform: Platform, project: ProjectCopy) -> ProjectCopy:
    """A copy of the project that is taken down while the platform is still there."""
    del platform
    return project


@pytest.fixture
def application(project: ProjectCopy) -> Path:
    """An Encore application beside the project, to which all three sinks deliver."""
    folder = project.root.parent / "application"
    folder.mkdir()
    (folder / "encore.app").write_text('{"id": "hospitality"}')
    (folder / "infra.config.json").write_text(APPLICATIONS)
    (folder / ".env").write_text(OTHERS)
    project.configure(
        sinks="dotenv,encore,encore-infra-config",
        dotenvFile="../application/.env",
        encoreApp="../application",
        encoreTypes="prod,local",
        encoreEnvironments="staging",
        encoreInfraConfig="../application/infra.config.json",
        encoreCacheCluster="cache",
    )
    return folder


def read(application: Path) -> dict[str, str | None]:
    """Read the application's environment file as it does."""
    return dict(dotenv.dotenv_values(application / ".env"))


def cluster(application: Path) -> dict[str, object]:
    """Read our cluster in the application's file."""
    found: dict[str, object] = json.loads((application / "infra.config.json").read_text())["redis"]["cache"]
    return found


@pytest.mark.long
def test_every_sink_gets_what_was_proved_and_nothing_twice(
    project: ProjectCopy, application: Path, platform: Platform
) -> None:
    """Up, up again, a drift, a rotation, a rollback, and down: what each leaves in the three places."""
    project.run("up")
    first = project.variables()
    assert read(application) == {"DEBUG": "1", **first}
    assert platform.values("type:production") == platform.values("env:staging") == first
    assert cluster(application)["host"] == f"{first['REDIS_HOST']}:{first['REDIS_PORT']}"

    # Nothing is done twice, and Encore is not even asked: no login is needed.
    platform.forget_calls()
    platform.log_out()
    assert "unchanged" in project.run("up").printed

    # What somebody changed is mended, and what is theirs stays.
    file, config = application / ".env", application / "infra.config.json"
    file.write_text(f"{file.read_text().replace(first['REDIS_HOST'], 'other')}REDIS_PORT=1\nLAST=2\n")
    config.write_text(APPLICATIONS)
    project.run("up")
    assert read(application) == {"DEBUG": "1", **first, "LAST": "2"}
    assert cluster(application)["in_memory"] is False
    assert platform.calls == []

    # A rotation changes one secret, and no file that is committed.
    committed = config.read_bytes()
    platform.log_in()
    project.run("rotate")
    assert [call[-1] for call in platform.calls] == ["REDIS_PASSWORD"]
    second = platform.values("type:local")
    assert read(application) == {"DEBUG": "1", **second, "LAST": "2"}
    assert second["REDIS_PASSWORD"] != first["REDIS_PASSWORD"]
    assert config.read_bytes() == committed

    project.run("rollback")
    assert set(platform.values("type:production").values()) == {""}
    assert read(application)["REDIS_HOST"] == ""
    assert cluster(application)["in_memory"] is True

    project.run("down")
    assert platform.load()["groups"] == []
    assert file.read_text() == f"{OTHERS}LAST=2\n"
    assert config.read_text() == APPLICATIONS
    seen_by_others = platform.calls_file.read_text() + committed.decode()
    assert not [each for each in (first, second) if each["REDIS_PASSWORD"] in seen_by_others]


@pytest.mark.long
def test_what_encore_refuses_is_one_line_with_the_cure(
    project: ProjectCopy, application: Path, platform: Platform
) -> None:
    """The other sinks have their part by then, and the next run sets what is missing."""
    platform.log_out()
    printed = project.run("up", code=1).printed
    assert "not logged in: run 'encore auth login' first; log in: encore auth login" in printed
    assert "Traceback" not in printed
    platform.log_in()
    project.run("up")
    assert read(application) == {"DEBUG": "1", **platform.values("env:staging")}


def test_a_preview_tells_what_cannot_work(project: ProjectCopy, application: Path, platform: Platform) -> None:
    """Before anything is made; what can work needs neither values nor a login for its preview."""
    platform.log_out()
    printed = project.run("preview").printed
    assert all(name in printed for name in ("dotenv", "encore", "encore-infra-config"))
    assert (platform.calls, (application / ".env").read_text()) == ([], OTHERS)
    (application / "encore.app").unlink()
    printed = project.run("preview", code=1).printed
    assert "cache:encoreApp ../application is no Encore application, since it has no encore.app" in printed
    assert "Traceback" not in printed


@pytest.mark.long
@pytest.mark.usefixtures("application")
@pytest.mark.parametrize("calls", [1, 3, 6])
def test_a_delivery_that_was_killed_ends_right_when_it_is_run_again(
    project: ProjectCopy, platform: Platform, calls: int
) -> None:
    """Wherever it was cut off there is one group of each secret afterwards, and down leaves none."""
    project.killed("up", when=lambda: len(platform.calls) >= calls, may_end=True)
    project.run("up")
    assert platform.values("type:production") == project.variables()
    assert len(platform.load()["groups"]) == len(project.variables())
    platform.forget_calls()
    project.killed("down", when=lambda: len(platform.calls) >= calls, may_end=True)
    project.run("down")
    assert platform.load()["groups"] == []
