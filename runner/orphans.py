"""What a killed Pulumi CLI leaves running: the hosts of its language and plugins, each in a process group of its own.

They wait for ever for an engine that is gone. They are told from those of a run that lives by their parent, and from
another project's by the state that their environment names.
"""

import os
import re
import signal
import subprocess
from contextlib import suppress
from typing import Final, NamedTuple

HOST: Final = re.compile(r"pulumi-(language|resource)-")


class Process(NamedTuple):
    """A process: its parent, its group, and its command with its environment behind it."""

    parent: int
    group: int
    text: str


def end(backend_url: str) -> None:
    """End the hosts that runs over the state at `backend_url` left behind."""
    processes = _processes()
    for process in processes.values():
        parent = processes.get(process.parent)
        is_ours = f"PULUMI_BACKEND_URL={backend_url} " in f"{process.text} "
        has_engine = parent is not None and "pulumi" in parent.text.partition(" ")[0]
        if is_ours and not has_engine and HOST.search(_command(process)):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.group, signal.SIGKILL)


def _command(process: Process) -> str:
    """Return the words before the environment."""
    return re.split(r" \w+=", process.text, maxsplit=1)[0]


def _processes() -> dict[int, Process]:
    listing = subprocess.run(
        ["ps", "axeww", "-o", "pid=,ppid=,pgid=,command="],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    ).stdout
    found = {}
    for line in listing.splitlines():
        pid, parent, group, text = [*line.split(None, 3), "", "", "", ""][:4]
        if pid.isdigit() and parent.isdigit() and group.isdigit():
            found[int(pid)] = Process(int(parent), int(group), text)
    return found
