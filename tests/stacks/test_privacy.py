"""What other users of the machine can read or change of what a stack leaves on it: nothing that is worth it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stacks.project import ProjectCopy


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """The widest there is, for every run of the test, and the old one afterwards."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def home(project: ProjectCopy, request: pytest.FixtureRequest) -> Path:
    """The folder of what a run leaves: `.local`, or one elsewhere that it is a link to and that others can enter."""
    local = project.root / ".local"
    if not request.param:
        return local
    elsewhere = project.root.parent / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    local.symlink_to(elsewhere)
    return elsewhere


def reachable(folder: Path) -> Iterator[Path]:
    """Find what others can come to: a folder that they cannot enter hides what is in it."""
    yield folder
    if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mode & stat.S_IXOTH:
        for path in folder.iterdir():
            yield from reachable(path)


def readable(home: Path, secret: str) -> list[str]:
    """Return the files with the secret in them that others can read."""
    return [
        str(path.relative_to(home))
        for path in reachable(home)
        if path.is_file() and path.stat().st_mode & 0o077 and secret.encode() in path.read_bytes()
    ]


def writable(home: Path) -> list[str]:
    """Return what others can change."""
    return [
        str(path.relative_to(home)) for path in reachable(home) if not path.is_symlink() and path.stat().st_mode & 0o022
    ]


@pytest.mark.long
@pytest.mark.parametrize("home", [False, True], ids=["folder", "link"], indirect=True)
def test_others_read_no_secret_and_change_nothing(project: ProjectCopy, home: Path) -> None:
    """After every verb that writes, with a umask that keeps nobody out."""
    (project.root / "Pulumi.local.yaml").chmod(0o600)
    passwords = set()
    for verb in ("up", "verify", "rotate", "rotate-finish", "rollback", "attach"):
        project.run(verb)
        if project.dotenv.exists() and project.delivered()["REDIS_PASSWORD"]:
            passwords.add(project.delivered()["REDIS_PASSWORD"])
        assert [readable(home, password) for password in sorted(passwords)] == [[]] * len(passwords)
        assert writable(home) == []
        assert (project.root / "Pulumi.local.yaml").stat().st_mode & 0o077 == 0
    assert len(passwords) > 1


@pytest.mark.long
@pytest.mark.parametrize("home", [False], indirect=True)
def test_what_others_could_read_would_be_found(project: ProjectCopy, home: Path) -> None:
    """A search that misses it proves nothing."""
    project.run("up")
    password = project.delivered()["REDIS_PASSWORD"]
    home.chmod(0o755)
    project.dotenv.chmod(0o644)
    (home / "open").mkdir(mode=0o777)
    assert (readable(home, password), writable(home)) == (["local.env"], ["open"])
    project.dotenv.chmod(0o600)
