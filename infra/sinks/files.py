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
        read(file)
    except IsADirectoryError:
        return "is a folder"
    except UnicodeDecodeError:
        return "is not text in UTF-8"
    # A loop of links, and the home of a user that there is not, are RuntimeErrors of pathlib's.
    except (OSError, RuntimeError) as error:
        return f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"
    nearest = next(path for path in file.parents if path.exists())
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
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    draft.replace(file)


def remove(file: Path) -> None:
    """Remove it, and what a killed run left of its next version; nothing happens where there is none."""
    _draft(file).unlink(missing_ok=True)
    file.unlink(missing_ok=True)


def is_tracked_by_git(file: Path) -> bool:
    """Say whether git tracks it, as far as git is there to say."""
    try:
        answer = subprocess.run(
            ["git", "ls-files", "--error-unmatch", "--", file.name],
            cwd=file.parent,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return answer.returncode == 0


def _draft(file: Path) -> Path:
    return file.with_name(f".{file.name}.new")
