"""A file written whole or not at all, which only its owner may read unless it is to be like another."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TextIO


def write(file: Path, text: str, *, like: os.stat_result | None = None) -> None:
    """Write the file, and make its folder. Raises `OSError`.

    The permissions are those of `like`, and so is the owner where root runs.
    """
    draft = draft_of(file)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One name, and no random one: what a killed run left of it is taken away by the next. Never through a link.
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            if like is not None:
                if os.geteuid() == 0:
                    os.fchown(descriptor, like.st_uid, like.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(like.st_mode))
            os.fsync(descriptor)
        draft.replace(file)
    # A full disk leaves a part of it, and does not say of what.
    except BaseException as error:
        if isinstance(error, OSError):
            error.filename = error.filename or str(file)
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise


def open_to_add(file: Path) -> TextIO:
    """Open the file to read it and to add to it, never through a link. Raises `OSError`."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    return os.fdopen(descriptor, "a+", encoding="utf-8", errors="replace")


def draft_of(file: Path) -> Path:
    """Return where the next version of a file is written."""
    return file.with_name(f"{file.name}.new")
