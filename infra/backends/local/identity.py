"""Which `.local` a server belongs to: a number that is made once for each, and that a moved project keeps.

    .local/identity    the number, the project's folder when it was last used, and the numbers that it must not be
                       taken for

A project that was moved keeps its number. One that was copied, `.local` included, gets another, and knows the number
of the original for somebody else's: both would else take one server outside of `.local` for theirs. A copy is told
from a moved project by the original, which still is where it was.
"""

import json
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from runner import private_file

FOLDER: Final = ".local"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The identity of one `.local`."""

    number: str
    # The folder of the project, absolute.
    project: str
    # The numbers of the projects that this one was copied from.
    copied_from: tuple[str, ...] = ()


def ensure(project: Path) -> Identity:
    """Return the identity of a project, and write it down where that is not done yet. Raises `OSError`."""
    known = find(project)
    found = known or Identity(number=uuid.uuid4().hex, project=str(project))
    if found != _read(project):
        file = _file(project)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        private_file.write(file, json.dumps(asdict(found)) + "\n")
    return found


def find(project: Path) -> Identity | None:
    """Return the identity of a project, and write nothing; None where it has none, or none that can be read."""
    written = _read(project)
    if written is None or written.project == str(project):
        return written
    if is_in_use(written.number, Path(written.project), other_than=project):
        return Identity(
            number=uuid.uuid4().hex, project=str(project), copied_from=(*written.copied_from, written.number)
        )
    return replace(written, project=str(project))


def is_in_use(number: str, project: Path, *, other_than: Path) -> bool:
    """Whether a project, which is not `other_than`, has a number for its own."""
    found = _read(project)
    if found is None or found.number != number:
        return False
    with suppress(OSError):
        # One folder may have two names: a link, or a mount.
        return not _file(project).samefile(_file(other_than))
    return True


def _file(project: Path) -> Path:
    return project / FOLDER / "identity"


def _read(project: Path) -> Identity | None:
    try:
        content = json.loads(_file(project).read_bytes())
        return Identity(
            number=str(content["number"]),
            project=str(content["project"]),
            copied_from=tuple(str(number) for number in content["copied_from"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
