"""What other users of the machine can do with what a run leaves."""

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import environment, privacy

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Begin with none, and put the old one back."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    """Return the permissions, as in `chmod`."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("before", [None, 0o777, 0o755, 0o750, 0o700])
def test_its_owner_alone_can_enter_the_folder(tmp_path: Path, before: int | None) -> None:
    """One that an earlier version made is closed too."""
    folder = tmp_path / ".local"
    if before is not None:
        folder.mkdir()
        folder.chmod(before)
    privacy.keep_others_out(folder)
    assert mode(folder) == 0o700


@pytest.mark.parametrize(("given", "then"), [(0o000, 0o022), (0o002, 0o022), (0o077, 0o077), (0o027, 0o027)])
def test_nothing_that_is_made_then_can_be_written_by_others(tmp_path: Path, given: int, then: int) -> None:
    """A stricter umask stays."""
    os.umask(given)
    privacy.keep_others_out(tmp_path / ".local")
    assert os.umask(0) == then


def test_a_linked_folder_stays_as_it_is(tmp_path: Path) -> None:
    """It may be the home, or /tmp."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere").chmod(0o755)
    (tmp_path / ".local").symlink_to("elsewhere")
    privacy.keep_others_out(tmp_path / ".local")
    assert mode(tmp_path / "elsewhere") == 0o755


def test_every_command_does_it_before_it_writes(tmp_path: Path) -> None:
    """By the lock that all of them take."""
    with environment.in_use(tmp_path):
        assert mode(tmp_path / ".local") == 0o700
        assert mode(tmp_path / ".local" / "environment.lock") == 0o644


@pytest.mark.parametrize("name", [".local", ".venv", ".venv-test"])
def test_git_ignores_a_link_as_it_does_a_folder(tmp_path: Path, name: str) -> None:
    """`git add --all` would commit it, and another clone's state would be elsewhere."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text())
    (tmp_path / name).symlink_to(tmp_path.parent)
    ignored = subprocess.run(["git", "check-ignore", "--quiet", name], cwd=tmp_path, check=False)
    assert ignored.returncode == 0
