"""The files that sinks write into: whose they stay, who can read them, and whether git has them."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.sinks import files
from infra.sinks.files import FileError, GitError

ROOT = Path(__file__).resolve().parents[3]
SOMEBODY = 12345
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")


@pytest.fixture
def umask() -> Iterator[Callable[[int], None]]:
    """Set the umask, and put it back."""
    before = os.umask(0o022)

    def set_to(value: int) -> None:
        os.umask(value)

    yield set_to
    os.umask(before)


def git(folder: Path, *command: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e", *command], cwd=folder, check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that tracks `.env` and `app/.env`, and no other file."""
    folder = tmp_path / "repository"
    (folder / "app").mkdir(parents=True)
    git(folder, "init", "--quiet")
    for name in (".env", "app/.env"):
        (folder / name).touch()
        git(folder, "add", name)
    (folder / "other.env").touch()
    return folder


class TestOwners:
    """A file that is there stays whose it is."""

    @needs_root
    @pytest.mark.parametrize(("uid", "gid"), [(SOMEBODY, SOMEBODY), (0, SOMEBODY), (SOMEBODY, 0)])
    def test_owner_and_group_stay(self, tmp_path: Path, uid: int, gid: int) -> None:
        """Longer, shorter and empty, with no draft beside it."""
        file = tmp_path / ".env"
        file.touch()
        os.chown(file, uid, gid)
        for text in ("A=1\n", "A=1\nB=2\n", "A=1\n", ""):
            files.write(file, text, mode=0o640)
            status = file.stat()
            assert (file.read_text(), status.st_uid, status.st_gid, files.mode_of(file)) == (text, uid, gid, 0o640)
        assert list(tmp_path.iterdir()) == [file]

    def test_a_second_name_still_leads_to_it(self, tmp_path: Path) -> None:
        """A hard link."""
        file, second = tmp_path / ".env", tmp_path / "second"
        file.touch()
        second.hardlink_to(file)
        files.write(file, "A=1\n", mode=0o600)
        assert second.read_text() == "A=1\n"

    @pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes here")
    def test_extended_attributes_stay(self, tmp_path: Path) -> None:
        """An access list is one."""
        file = tmp_path / ".env"
        file.touch()
        try:
            os.setxattr(file, "user.note", b"kept")
        except OSError:
            pytest.skip("this file system has no extended attributes")
        files.write(file, "A=1\n", mode=0o600)
        assert os.getxattr(file, "user.note") == b"kept"

    def test_a_mounted_file_is_written(self, tmp_path: Path) -> None:
        """As a container has its `.env`: it cannot be replaced, nor removed."""
        script = (
            "import sys; from pathlib import Path; from infra.sinks import files; file = Path(sys.argv[1])\n"
            "assert files.obstacle(str(file)) is None\n"
            "files.write(file, 'REDIS_HOST=there\\n', mode=0o600); print(file.read_text(), end='')\n"
            "files.remove(file); print(repr(file.read_text()))"
        )
        (tmp_path / "outside").write_text("A=1\n" * 100)
        (tmp_path / ".env").touch()
        shell = f'mount --bind outside .env && exec "{sys.executable}" -c "$0" "$PWD/.env"'
        done = subprocess.run(
            ["unshare", "--map-root-user", "--mount", "sh", "-c", shell, script],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        if "unshare:" in done.stderr or "mount:" in done.stderr:
            pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
        assert (done.stdout, done.stderr) == ("REDIS_HOST=there\n''\n", "")
        assert [(each.name, each.read_text()) for each in sorted(tmp_path.iterdir())] == [(".env", ""), ("outside", "")]

    def test_a_file_mounted_read_only_is_refused_in_a_preview(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And not with a bare errno in the `up`."""
        (tmp_path / ".env").touch()
        found = os.statvfs(tmp_path)

        class ReadOnly:
            f_flag = found.f_flag | os.ST_RDONLY

        monkeypatch.setattr(os, "statvfs", lambda _file: ReadOnly)
        assert files.obstacle(str(tmp_path / ".env")) == "cannot be written: it is mounted read-only"

    def test_a_file_that_cannot_be_replaced_is_whole_after_a_failure(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The disk is full half-way."""
        file = tmp_path / ".env"
        file.write_text("OTHER=keep\n")
        (tmp_path / "second").hardlink_to(file)
        pwrite = os.pwrite

        def full(descriptor: int, content: bytes, offset: int) -> int:
            if b"REDIS_HOST" not in content:
                return pwrite(descriptor, content, offset)
            pwrite(descriptor, content[:20], offset)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(FileError, match=r"\.env cannot be written: No space left on device; mend it, and run this"):
            files.write(file, "OTHER=keep\nREDIS_HOST=there\n", mode=0o600)
        assert file.read_text() == "OTHER=keep\n"

    def test_a_text_that_got_shorter_never_leaves_what_it_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Killed before the rest is cut off, it has blank lines at its end."""
        file = tmp_path / ".env"
        file.write_text("OTHER=keep\nREDIS_PASSWORD=hunter22\n")
        (tmp_path / "second").hardlink_to(file)
        monkeypatch.setattr(os, "ftruncate", lambda _descriptor, _size: None)
        files.write(file, "OTHER=keep\n", mode=0o600)
        assert file.read_text().split() == ["OTHER=keep"]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_file_in_a_folder_that_may_not_be_written_is_written(self, tmp_path: Path) -> None:
        """It needs no other file beside it."""
        file = tmp_path / ".env"
        file.touch()
        tmp_path.chmod(0o500)
        try:
            assert files.obstacle(str(file)) is None
            files.write(file, "A=1\n", mode=0o600)
            assert file.read_text() == "A=1\n"
            file.chmod(0o400)
            assert files.obstacle(str(file)) == "cannot be written: you may not write it"
        finally:
            tmp_path.chmod(0o700)


class TestPermissions:
    """Who can read what is written, whatever the umask."""

    @pytest.mark.parametrize("value", [0o000, 0o022, 0o077])
    def test_a_file_has_what_was_asked_for_and_new_folders_suit_it(
        self, tmp_path: Path, umask: Callable[[int], None], value: int
    ) -> None:
        """A folder that others may write lets them put another file in its place."""
        umask(value)
        for mode, folders in ((0o600, 0o700), (0o644, 0o755)):
            top = tmp_path / f"{mode:o}"
            files.write(top / "below" / ".env", "A=1\n", mode=mode)
            assert [files.mode_of(each) for each in (top, top / "below", top / "below" / ".env")] == [
                folders,
                folders,
                mode,
            ]

    def test_a_folder_that_is_there_stays_as_it_is(self, tmp_path: Path) -> None:
        """It is the application's."""
        tmp_path.chmod(0o751)
        files.write(tmp_path / ".env", "A=1\n", mode=0o600)
        assert files.mode_of(tmp_path) == 0o751

    def test_a_file_is_closed_before_it_has_the_password(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whether it can be replaced or has to be overwritten."""
        file, modes = tmp_path / ".env", []
        file.touch()
        file.chmod(0o666)
        (tmp_path / "second").hardlink_to(file)
        pwrite = os.pwrite

        def noting(descriptor: int, content: bytes, offset: int) -> int:
            modes.append(files.mode_of(file))
            return pwrite(descriptor, content, offset)

        monkeypatch.setattr(os, "pwrite", noting)
        files.write(file, "A=1\n", mode=0o600)
        assert modes == [0o600]


class TestGit:
    """Whether git has the file; what it does not say is not no."""

    def test_what_is_tracked_is_told_from_what_is_not(self, repository: Path) -> None:
        """By its name and not by a pattern, in a folder that is there or not."""
        assert files.is_tracked_by_git(repository / ".env")
        assert files.is_tracked_by_git(repository / "app" / ".env")
        for name in ("other.env", "*", ".en?", ":/.env", "new/folder/.env"):
            assert not files.is_tracked_by_git(repository / name)
        assert not files.is_tracked_by_git(repository.parent / ".env")

    def test_a_file_that_was_deleted_is_still_tracked(self, repository: Path) -> None:
        """`git commit --all` would take the new one."""
        (repository / ".env").unlink()
        assert files.is_tracked_by_git(repository / ".env")

    @pytest.mark.parametrize(
        "variables",
        [
            {"GIT_DIR": "other/.git"},
            {"GIT_DIR": "other/.git", "GIT_WORK_TREE": "other"},
            {"GIT_INDEX_FILE": "other/.git/index"},
            {"GIT_DIR": "nowhere"},
            {"GIT_CEILING_DIRECTORIES": "repository"},
            {"GIT_ICASE_PATHSPECS": "1"},
        ],
        ids="+".join,
    )
    def test_what_a_hook_passes_on_changes_nothing(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
    ) -> None:
        """Git tells its hooks of their repository, which may be another one."""
        other = repository.parent / "other"
        other.mkdir()
        git(other, "init", "--quiet")
        for name, value in variables.items():
            monkeypatch.setenv(name, value if value == "1" else str(repository.parent / value))
        assert files.is_tracked_by_git(repository / ".env")
        assert not files.is_tracked_by_git(repository / "other.env")

    def test_a_linked_work_tree_a_bare_repository_and_a_submodule_are_known(self, repository: Path) -> None:
        """Each has a `.git` of another kind."""
        git(repository, "commit", "--quiet", "--message=m")
        place = repository.parent / "place"
        git(repository.parent, "clone", "--quiet", "--bare", "repository", "place/.bare")
        (place / ".git").write_text("gitdir: ./.bare\n")
        git(place, "worktree", "add", "--quiet", "linked")
        git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(place / ".bare"), "sub")
        for folder in (place / "linked", repository / "sub"):
            assert files.is_tracked_by_git(folder / ".env")
            assert not files.is_tracked_by_git(folder / "other.env")
        assert not files.is_tracked_by_git(place / ".env")

    def test_a_repository_around_another_is_asked_too(self, repository: Path) -> None:
        """It goes on tracking what it did when a folder of it becomes a repository of its own."""
        git(repository / "app", "init", "--quiet")
        assert files.is_tracked_by_git(repository / "app" / ".env")

    @needs_root
    def test_a_repository_of_another_user_is_refused_with_gits_cure(self, repository: Path) -> None:
        """And trusted once the user said so."""
        for path in (repository, *repository.rglob("*")):
            os.chown(path, SOMEBODY, SOMEBODY)
        with pytest.raises(GitError, match=r"dubious ownership.*git config --global --add safe\.directory"):
            files.is_tracked_by_git(repository / ".env")

    @needs_root
    def test_a_trust_in_the_environment_holds(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As pipelines give it; a version of git that reads it from files alone does not say."""
        os.chown(repository, SOMEBODY, SOMEBODY)
        os.chown(repository / ".git", SOMEBODY, SOMEBODY)
        for name, value in {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": "*"}.items():
            monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
        assert files.is_tracked_by_git(repository / ".env")

    @pytest.mark.parametrize("place", ["folder", "file", "index", "configuration"])
    def test_a_repository_that_git_cannot_read_is_refused(self, repository: Path, place: str) -> None:
        """Also one whose `.git` leads nowhere: a linked work tree in a container, say."""
        match place:
            case "folder":
                shutil.rmtree(repository / ".git")
                (repository / ".git").mkdir()
            case "file":
                shutil.rmtree(repository / ".git")
                (repository / ".git").write_text("gitdir: /nowhere/.git/worktrees/this\n")
            case "index":
                (repository / ".git" / "index").write_bytes(b"no index")
            case _:
                (repository / ".git" / "config").write_text("[core")
        with pytest.raises(GitError):
            files.is_tracked_by_git(repository / ".env")

    def test_without_git_only_a_place_without_repositories_is_told(
        self, repository: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Git may have been there when the project was copied."""
        monkeypatch.setenv("PATH", str(repository))
        assert not files.is_tracked_by_git(repository.parent / ".env")
        with pytest.raises(GitError, match="git is not on PATH"):
            files.is_tracked_by_git(repository / "other.env")

    def test_what_git_ignores_is_not_open_to_it(self, repository: Path) -> None:
        """Nor is what is in no work tree."""
        (repository / ".gitignore").write_text("other.env\n")
        assert files.is_open_to_git(repository / "third.env")
        assert not files.is_open_to_git(repository / "other.env")
        assert not files.is_open_to_git(repository.parent / "third.env")
