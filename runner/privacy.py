"""What other users of the machine can do with what a run leaves: nothing.

The system's Python reads this file too, before anything is installed: no newer syntax than 3.8's, no packages.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

WRITABLE_BY_OTHERS = 0o022
OPEN_TO_OTHERS = 0o077


def keep_others_from_writing() -> None:
    """Make nothing from now on that another user can write; what a run starts inherits it.

    `umask 000` would let anybody put a program into .venv.
    """
    os.umask(os.umask(WRITABLE_BY_OTHERS) | WRITABLE_BY_OTHERS)


def keep_others_out(folder: Path) -> None:
    """Make a folder that its owner alone can enter, and nothing from now on that another user can write.

    So what is in the folder needs no care of its own: state, tools that are run, logs, reports, drafts. A link to a
    folder is the user's choice, and the folder stays as it is. Raises OSError.
    """
    keep_others_from_writing()
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if stat.S_ISDIR(found.st_mode) and found.st_mode & OPEN_TO_OTHERS and os.geteuid() in {0, found.st_uid}:
        folder.chmod(stat.S_IMODE(found.st_mode) & ~OPEN_TO_OTHERS)
