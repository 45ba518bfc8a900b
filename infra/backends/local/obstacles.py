"""Why a server's folder, or a file in it, cannot be used: of the wrong kind, another user's, or open to others."""

import os
import pwd
import shlex
import stat
from pathlib import Path
from typing import Final

DATA: Final = "data"


def of_folder(folder: Path) -> str | None:
    """Return what keeps a folder from being made or used, with the cure; None where nothing does."""
    if not os.path.lexists(folder):
        nearest = next(path for path in folder.parents if _is_there(path))
        if not nearest.is_dir():
            return f"{folder} cannot be made: {nearest} is a file; set cache:folder to another"
        is_writable = os.access(nearest, os.W_OK | os.X_OK)
        return None if is_writable else f"{folder} cannot be made: you may not write in {nearest}; {_cure(nearest)}"
    if not folder.is_dir():
        return f"{folder} is no folder; set cache:folder to another"
    found = folder.stat()
    if found.st_uid != os.geteuid():
        return f"{folder} belongs to another user ({_user(found.st_uid)}): run as that user, or {_cure(folder)}"
    # Who may write in it may put a link in the place of a file.
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"{folder} can be written by other users; if all in it is yours: chmod go-w {shlex.quote(str(folder))}"
    is_usable = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    return None if is_usable else f"{folder} cannot be read and written by you; {_cure(folder)}"


def of_file(path: Path) -> str | None:
    """Return what keeps a file of the server, or the folder of its data, from being used; None where nothing does."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    is_data = path.name == DATA
    if not (stat.S_ISDIR if is_data else stat.S_ISREG)(found.st_mode):
        quoted = shlex.quote(str(path))
        return f"{path} is no {'folder' if is_data else 'regular file'}; move it away: mv {quoted} {quoted}.old"
    if found.st_uid != os.geteuid():
        return f"{path} belongs to another user ({_user(found.st_uid)}); {_cure(path.parent)}"
    is_usable = os.access(path, os.R_OK | os.W_OK | (os.X_OK if is_data else 0))
    return None if is_usable else f"{path} cannot be read and written by you; {_cure(path.parent)}"


def _cure(path: Path) -> str:
    quoted = shlex.quote(str(path))
    return f"make it yours (after a run as root: sudo chown -R $(id -u) {quoted} && chmod -R u+rwX {quoted})"


def _is_there(path: Path) -> bool:
    """Whether there is such a file or folder; not, where its name is too long for one."""
    try:
        return path.exists()
    except OSError:
        return False


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
