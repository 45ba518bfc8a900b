"""The files that sinks write into and others own as well: found, guarded, and written whole or not at all."""

import errno
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Final

# State holds names relative to the project, so that a project can be moved with its state.
PROJECT: Final = Path(__file__).resolve().parents[2]

OWNER_ALONE: Final = 0o600
OTHERS: Final = 0o007


class FileError(Exception):
    """A file cannot be used; the message is one line, with the cure."""


class GitError(Exception):
    """Git does not say what it knows of a file; the message is one line of its own words."""


def find(name: str) -> Path:
    """Find a file by its name, relative to the project. A link is followed: it stays, and its target is written."""
    return (PROJECT / Path(name).expanduser()).resolve()


def obstacle(name: str) -> str | None:
    """Return why the file cannot be read and written; None where it can."""
    try:
        file = find(name)
        # A device would be replaced by a file, and a pipe never ends.
        if file.exists() and not file.is_file():
            return "is a folder" if file.is_dir() else "is no regular file"
        if read(file) is not None:
            return _obstacle_to_writing(file)
    except UnicodeDecodeError:
        return "is not text in UTF-8"
    # Of pathlib's, a loop of links and the home of a user that there is not are RuntimeErrors, and a NUL in a name is a
    # ValueError.
    except (OSError, RuntimeError, ValueError) as error:
        return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"
    nearest = _nearest_folder(file)
    return None if _is_writable(nearest) else f"cannot be written: you may not write in {nearest}"


def read(file: Path) -> str | None:
    """Return the text with its line ends as they are; None where there is no file."""
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        return None


def read_or_refuse(name: str) -> str | None:
    """Return the text of a file by its name; None where there is no file. Raises `FileError` where it is unusable."""
    if (problem := obstacle(name)) is not None:
        raise FileError(f"{name} {problem}; mend it, or remove it")
    return read(find(name))


def mode_of(file: Path) -> int | None:
    """Return the permissions of a file, as in `chmod`; None where there is no file."""
    try:
        return stat.S_IMODE(file.stat().st_mode)
    except FileNotFoundError:
        return None


def write(file: Path, text: str, *, mode: int) -> None:
    """Write all of it or nothing, with these permissions; owner and group stay, and missing folders are made.

    Raises `FileError`.
    """
    try:
        _make_folder(file.parent, mode=0o755 if mode & OTHERS else 0o700)
        if not _replace(file, text.encode(), mode=mode):
            _overwrite(file, text.encode(), mode=mode)
    except OSError as error:
        raise FileError(f"{file} cannot be written: {error.strerror}; mend it, and run this again") from None


def remove(file: Path) -> None:
    """Remove it, and what a killed run left of its next version; nothing happens where there is none.

    Raises `FileError`.
    """
    try:
        _draft(file).unlink(missing_ok=True)
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            # A mounted file stays, and says nothing any more.
            if error.errno != errno.EBUSY:
                raise
            _overwrite(file, b"", mode=stat.S_IMODE(file.stat().st_mode))
    except OSError as error:
        raise FileError(f"{file} cannot be removed: {error.strerror}; mend it, and run this again") from None


def is_tracked_by_git(file: Path) -> bool:
    """Whether a git repository that the file is in tracks it. Raises `GitError` where git does not say."""
    return any(_is_tracked_in(folder, file) for folder in file.parents if os.path.lexists(folder / ".git"))


def is_open_to_git(file: Path) -> bool:
    """Whether `git add --all` would take it: in a work tree, and not ignored. Raises `GitError` if there is no git."""
    return _git(_nearest_folder(file), "check-ignore", "--quiet", "--", file).returncode == 1


def _obstacle_to_writing(file: Path) -> str | None:
    """Return why a file that is there cannot be written; None where it can."""
    is_ours = file.stat().st_uid == os.geteuid()
    # The first is for a mounted file: nobody may write it, whatever its permissions.
    if os.statvfs(file).f_flag & os.ST_RDONLY:
        return "cannot be written: it is mounted read-only"
    if os.access(file, os.W_OK) or (is_ours and _is_writable(file.parent)):
        return None
    return "cannot be written: you may not write it" + ("" if is_ours else ", and it belongs to another user")


def _make_folder(folder: Path, *, mode: int) -> None:
    """Make a folder and those above it, all with these permissions: `Path.mkdir` leaves the upper ones to the umask."""
    if not folder.is_dir():
        _make_folder(folder.parent, mode=mode)
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)


def _replace(file: Path, content: bytes, *, mode: int) -> bool:
    """Put another file in its place; return False, with nothing changed, where its owner or the like would be lost."""
    # One name, and no random one: what a killed run left of it is taken away by the next.
    draft = _draft(file)
    try:
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        # Who may not write in the folder may still write the file.
        if file.exists():
            return False
        raise
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if file.exists() and not _is_replaceable(file, by=os.fstat(descriptor)):
                return False
            stream.write(content)
            stream.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        try:
            draft.replace(file)
        except OSError:
            # A mounted file cannot be replaced (EBUSY), nor another user's in a sticky folder (EPERM).
            return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _is_replaceable(file: Path, *, by: os.stat_result) -> bool:
    """Whether another file can take its place with the same owner and group, no second name and no access list lost."""
    found = file.stat()
    # Another system's access lists are not seen here; every name of security.* is the kernel's own to give.
    names = os.listxattr(file) if sys.platform == "linux" else []
    listed = any(not name.startswith("security.") for name in names)
    return (found.st_uid, found.st_gid, found.st_nlink) == (by.st_uid, by.st_gid, 1) and not listed


def _overwrite(file: Path, content: bytes, *, mode: int) -> None:
    """Write into the file itself, which keeps its owner, its group and its mount; after a failure it is as before."""
    # Its name was followed already: a link there now is another user's doing.
    descriptor = os.open(file, os.O_RDWR | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "r+b", buffering=0) as stream:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
            os.fchmod(descriptor, mode)
        before = stream.readall()
        try:
            _fill(descriptor, content, size=len(before))
        except BaseException:
            _fill(descriptor, before, size=0)
            raise


def _fill(descriptor: int, content: bytes, *, size: int) -> None:
    """Write the content over `size` bytes."""
    # A run that is killed before the end is cut off leaves blank lines, and nothing of the longer text.
    padded = content.ljust(size, b"\n")
    written = 0
    while written < len(padded):
        written += os.pwrite(descriptor, padded[written:], written)
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)


def _is_tracked_in(folder: Path, file: Path) -> bool:
    """Whether the repository of a folder that has a `.git` tracks the file. Raises `GitError`."""
    # A bare repository tracks nothing on the disk; its linked work trees have a `.git` of their own.
    if _git(folder, "rev-parse", "--is-bare-repository").stdout.strip() == b"true":
        return False
    listed = _git(folder, "--literal-pathspecs", "ls-files", "-z", "--", file)
    if listed.returncode:
        message = " ".join(listed.stderr.decode(errors="replace").split())
        raise GitError(message.removeprefix("fatal: ") or f"git ended with code {listed.returncode}")
    return listed.stdout != b""


def _git(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder. Raises `GitError` where there is none to run."""
    # A hook, or a command in a linked work tree, names another repository, index or work tree in GIT_*. The settings
    # stay: a pipeline may trust its folder by GIT_CONFIG_COUNT (safe.directory).
    environment = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("GIT_CONFIG_") or not name.startswith("GIT_")
    }
    try:
        return subprocess.run(
            ["git", *command],
            cwd=folder,
            env={**environment, "LC_ALL": "C"},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except OSError as error:
        raise GitError("git is not on PATH" if shutil.which("git") is None else f"git: {error.strerror}") from None


def _nearest_folder(file: Path) -> Path:
    """Return the folder that it is in, or the first above it that is there."""
    return next(path for path in file.parents if path.exists())


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _draft(file: Path) -> Path:
    return file.with_name(f".{file.name}.new")
