"""The files that sinks write into and others own as well: found, guarded, and written whole or not at all."""

import os
import subprocess
from pathlib import Path
from typing import Final

# State holds names relative to the project, so that a project can be moved with its state.
PROJECT: Final = Path(__file__).resolve().parents[2]


class FileError(Exception):
    """A file cannot be used; the message is one line, with the cure."""


def find(name: str) -> Path:
    """Find a file by its name, relative to the project. A link is followed: it stays, and its target is written."""
    return (PROJECT / Path(name).expanduser()).resolve()


def obstacle(name: str) -> str | None:
    """Say why the file cannot be read and written, if so."""
    try:
        file = find(name)
        # A device would be replaced by a file, and a pipe never ends.
        if file.exists() and not file.is_file():
            return "is a folder" if file.is_dir() else "is no regular file"
        read(file)
    except UnicodeDecodeError:
        return "is not text in UTF-8"
    # Of pathlib's, a loop of links and the home of a user that there is not are RuntimeErrors, and a NUL in a name is a
    # ValueError.
    except (OSError, RuntimeError, ValueError) as error:
        return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"
    nearest = _nearest_folder(file)
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"cannot be written: you may not write in {nearest}"
    return None


def read(file: Path) -> str | None:
    """Give the text with its line ends as they are; None where there is no file."""
    try:
        return file.read_bytes().decode()
    except FileNotFoundError:
        return None


def read_or_refuse(name: str) -> str | None:
    """Give the text of a file by its name; None where there is no file. Raises `FileError` where it cannot be used."""
    if (problem := obstacle(name)) is not None:
        raise FileError(f"{name} {problem}; mend it, or remove it")
    return read(find(name))


def write(file: Path, text: str, *, mode: int) -> None:
    """Write all of it or nothing, with these permissions; folders are made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # One name, and no random one: what a killed run left of it is taken away by the next.
    draft = _draft(file)
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        draft.replace(file)
    # A full disk leaves a part of it.
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def remove(file: Path) -> None:
    """Remove it, and what a killed run left of its next version; nothing happens where there is none."""
    _draft(file).unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def is_tracked_by_git(file: Path) -> bool:
    """Say whether git tracks it, as far as git is there to say."""
    return _git(file, "ls-files", "--error-unmatch") == 0


def is_open_to_git(file: Path) -> bool:
    """Say whether `git add --all` would take it, as far as git is there to say: in a work tree, and not ignored."""
    return _git(file, "check-ignore", "--quiet") == 1


def _git(file: Path, *command: str) -> int | None:
    """Ask git about the file, which need not be there; its exit code, or None where there is no git."""
    try:
        answer = subprocess.run(
            ["git", *command, "--", file],
            cwd=_nearest_folder(file),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return None
    return answer.returncode


def _nearest_folder(file: Path) -> Path:
    """Give the folder that it is in, or the first above it that is there."""
    return next(path for path in file.parents if path.exists())


def _draft(file: Path) -> Path:
    return file.with_name(f".{file.name}.new")
