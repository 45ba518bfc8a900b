"""Files that only their owner reads, in folders that only their owner writes."""

import os
from pathlib import Path


def write(file: Path, text: str) -> None:
    """Write all of it or nothing. Raises `OSError`."""
    draft = draft_of(file)
    try:
        # One name, and no random one: what a killed run left of it is taken away by the next. Never through a link.
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(descriptor)
        draft.replace(file)
    # A full disk leaves a part of it, and does not say of what.
    except BaseException as error:
        if isinstance(error, OSError):
            error.filename = error.filename or str(file)
        if not draft.is_dir():
            draft.unlink(missing_ok=True)
        raise


def draft_of(file: Path) -> Path:
    """Return where the next version of a file is written."""
    return file.with_name(f"{file.name}.new")
