"""The processes that hold a lock file and work in a folder: how a server is told from everybody else's processes.

A number in a file proves nothing: by now it may be another process's, or be of another container. What a process has
open and where it works is known to the system alone.
"""

import os
import signal
import subprocess
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")

# What Linux adds to the name of a file or folder that was removed while a process has it (proc(5)).
_REMOVED: Final = " (deleted)"


def find(lock: Path, folders: Sequence[Path]) -> set[int]:
    """Return the numbers of all processes that have `lock` open and work in one of `folders`.

    Both may have been removed since. Other users' processes are seen by root alone; those of a container are seen from
    its host.
    """
    if not (PROC / "self" / "fd").exists():
        return _by_lsof(["--", str(lock)]) & _by_lsof(["-a", "-d", "cwd", "--", *map(str, folders)])
    numbers = (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
    return {number for number in numbers if number != os.getpid() and _is_at(number, lock, folders)}


def send(number: int, which: signal.Signals, lock: Path, folders: Sequence[Path]) -> None:
    """Send a signal to a process, if it is still one that `find` would find. Nothing happens where it has ended.

    Raises `PermissionError` where it is another user's.
    """
    handle = _handle(number)
    try:
        # Asked once more: with a handle, the number cannot pass to another process meanwhile.
        if number not in find(lock, folders):
            return
        if handle is None:
            os.kill(number, which)
        else:
            signal.pidfd_send_signal(handle, which)
    except ProcessLookupError:
        return
    finally:
        if handle is not None:
            os.close(handle)


def _handle(number: int) -> int | None:
    """Return a descriptor of a process; None where it has ended, and on macOS and Linux before 5.3, which have none."""
    try:
        return os.pidfd_open(number)
    except (AttributeError, OSError):
        return None


def _is_at(number: int, lock: Path, folders: Sequence[Path]) -> bool:
    process = PROC / str(number)
    try:
        if not _leads_to(process / "cwd", folders, process):
            return False
        return any(_leads_to(entry, [lock], process) for entry in (process / "fd").iterdir())
    # It has ended, or is another user's.
    except OSError:
        return False


def _leads_to(link: Path, places: Collection[Path], process: Path) -> bool:
    name = str(link.readlink())
    if name.endswith(_REMOVED):
        # The name of a removed file is one in the process's own file system, which a container's is not.
        same_files = (process / "ns" / "mnt").readlink() == (PROC / "self" / "ns" / "mnt").readlink()
        return same_files and Path(name.removesuffix(_REMOVED)) in places
    with suppress(OSError):
        found = link.stat()
        for place in places:
            with suppress(OSError):
                if os.path.samestat(found, place.stat()):
                    return True
    return False


def _by_lsof(arguments: Sequence[str]) -> set[int]:
    """Ask `lsof`, which macOS has and which needs no right of root for one's own processes."""
    try:
        answer = subprocess.run(
            ["lsof", "-w", "-F", "p", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            stdin=subprocess.DEVNULL,
        ).stdout
    except OSError:
        return set()
    return {int(line[1:]) for line in answer.splitlines() if line.startswith("p") and line[1:].isdigit()}
