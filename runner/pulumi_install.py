"""Install the official Pulumi CLI into the project, or give up in good time and remember it.

`PulumiCommand.install` of the SDK fetches a script and runs it. Without name resolution it fails in a tenth
of a second; behind a firewall that drops packets it never returns, and a timeout of its first fetch would not
bound the script's own. So it runs in a child, in a process group of its own that is ended at a deadline.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

REMEMBERED_FOR = timedelta(days=1)
"""How long a failure is remembered, so that each run on a machine without a way out does not wait again."""

# What an installer gets to remove its own temporary files.
_TERMINATION_SECONDS = 2.0
_MEMORY = "gave-up"


@dataclass(frozen=True)
class Patience:
    """How many seconds the download's server may take to answer at all, and the whole installation to end."""

    answer: float = 10.0
    total: float = 120.0


@dataclass(frozen=True)
class GaveUp:
    """An installation that failed: why in words, and when."""

    reason: str
    at: datetime


def install(
    root: Path,
    version: str,
    *,
    force: bool = False,
    announce: Callable[[str], None] = lambda _message: None,
    patience: Patience = Patience(),
) -> Path | GaveUp:
    """Return the CLI at `<root>/<version>/bin/pulumi`, installed now if need be, or why there is none.

    A failure is kept in `<root>/gave-up` and returned for a day without another try, unless `force`.
    `announce` gets one line when something is really downloaded. Nothing half-installed is left, also by an
    interrupt.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _exclusive(root):
        executable = root / version / "bin" / "pulumi"
        if executable.exists():
            return executable
        if not force and (earlier := _recall(root, version)):
            return earlier
        announce(f"installing the official Pulumi CLI {version} into {root.parent.name}/{root.name} …")
        with tempfile.TemporaryDirectory(prefix="installing-", dir=root) as folder:
            partial = Path(folder) / version
            reason = _run_child(partial, version, patience)
            if reason:
                return _remember(root, version, reason)
            # There may be a folder without a CLI in it.
            shutil.rmtree(root / version, ignore_errors=True)
            partial.rename(root / version)
        (root / _MEMORY).unlink(missing_ok=True)
        return executable


@contextmanager
def _exclusive(root: Path) -> Iterator[None]:
    """Let one process install at a time, and remove what a killed one left."""
    with (root / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for leftover in root.glob("installing-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _recall(root: Path, version: str) -> GaveUp | None:
    """Return the failure that is remembered for this version, if it is not too old."""
    try:
        memory = json.loads((root / _MEMORY).read_text(encoding="utf-8"))
        gave_up = GaveUp(memory["reason"], datetime.fromisoformat(memory["at"]))
        fresh = memory["version"] == version and datetime.now(UTC) - gave_up.at < REMEMBERED_FOR
    except (OSError, ValueError, KeyError, TypeError):
        # A memory that cannot be read only costs another try.
        return None
    return gave_up if fresh else None


def _remember(root: Path, version: str, reason: str) -> GaveUp:
    gave_up = GaveUp(reason, datetime.now(UTC))
    memory = {"version": version, "at": gave_up.at.isoformat(), "reason": reason}
    (root / _MEMORY).write_text(json.dumps(memory) + "\n", encoding="utf-8")
    return gave_up


def _run_child(folder: Path, version: str, patience: Patience) -> str:
    """Install into `folder` in a child of its own process group; return why it failed, or nothing."""
    child = subprocess.Popen(
        # -P: else this file's folder comes first on the path and its modules hide others of the same name.
        [sys.executable, "-P", __file__, str(folder), version],
        # Never written to: its end tells the child that this process is gone.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        return _follow(child, version, patience)
    finally:
        _end_group(child)


class _Clock:
    """What is left of somebody's patience."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._end = time.monotonic() + patience.total
        self._answer_by = math.inf

    def asked(self) -> None:
        self._answer_by = time.monotonic() + self._patience.answer

    def answered(self) -> None:
        self._answer_by = math.inf

    def seconds_left(self) -> float:
        return max(0.0, min(self._end, self._answer_by) - time.monotonic())

    def overrun(self) -> str:
        """Return which deadline has passed, in words, or nothing."""
        now = time.monotonic()
        if now >= self._answer_by:
            return f"no answer within {self._patience.answer:g} s"
        return f"not finished within {self._patience.total:g} s" if now >= self._end else ""


def _follow(child: subprocess.Popen[bytes], version: str, patience: Patience) -> str:
    """Read the child's reports until it ends or a deadline passes; return why it failed, or nothing."""
    assert child.stdout is not None  # noqa: S101 - for the type checker
    clock = _Clock(patience)
    asked = ""
    last = "it printed nothing"
    for line in _lines(child.stdout.fileno(), clock):
        event, _, detail = line.partition(" ")
        if event == "asking":
            clock.asked()
            asked = f"{detail}: " if detail else ""
        elif event == "answered":
            clock.answered()
            asked = ""
        elif event == "failed":
            return f"{asked}{detail}"
        elif event == "installed":
            return "" if detail == version else f"version {detail} was installed instead of {version}"
        else:
            last = line
    overrun = clock.overrun()
    return f"{asked}{overrun}" if overrun else f"the installer ended early: {last}"


def _lines(descriptor: int, clock: _Clock) -> Iterator[str]:
    """Yield the lines that come from a pipe until its end, or until no time is left."""
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while selector.select(clock.seconds_left()):
            received = os.read(descriptor, 65536)
            if not received:
                return
            *lines, rest = (rest + received).split(b"\n")
            yield from (line.decode(errors="replace").strip() for line in lines)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """End the child with everything that it started, first politely."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
        except (ProcessLookupError, PermissionError):
            # Nobody is left; macOS says that with EPERM while the ended leader is not yet waited for.
            break
        with suppress(subprocess.TimeoutExpired):
            child.wait(_TERMINATION_SECONDS)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe:
            pipe.close()


def _install_as_child(folder: str, version: str) -> None:
    """Install, and report on standard output: asking HOST, answered, then installed VERSION or failed REASON."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    urlopen = urllib.request.urlopen

    def reporting_urlopen(url: str | urllib.request.Request, *arguments: Any, **options: Any) -> Any:
        address = url if isinstance(url, str) else url.full_url
        _report(f"asking {urlsplit(address).hostname or ''}")
        answer = urlopen(url, *arguments, **options)
        _report("answered")
        return answer

    setattr(urllib.request, "urlopen", reporting_urlopen)  # noqa: B010 - an assignment is refused by the type checker
    try:
        # Here and not above: this takes a second, and the parent does without.
        from pulumi.automation import PulumiCommand
        from semver import VersionInfo

        command = PulumiCommand.install(root=folder, version=VersionInfo.parse(version))
    except Exception as failure:  # noqa: BLE001 - whatever it is, the parent says it in words
        _report(f"failed {_explained(failure)}")
    else:
        _report(f"installed {command.version}")


def _end_with_parent() -> None:
    """End this process group once the parent is gone, however it ended."""
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


def _report(event: str) -> None:
    print(event, flush=True)


def _explained(failure: Exception) -> str:
    """Return one line on a failure: the script's last line, the network's reason, or the exception's text."""
    text = str(getattr(failure, "reason", failure))
    if isinstance(failure, subprocess.CalledProcessError) and failure.output:
        text = failure.output.decode(errors="replace").strip().splitlines()[-1]
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())


if __name__ == "__main__":
    _install_as_child(*sys.argv[1:])
