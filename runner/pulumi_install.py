"""Install the official Pulumi CLI into the project, or give up in good time and remember it.

`PulumiCommand.install` of the SDK fetches a script and runs it. Without name resolution it fails in a tenth
of a second; behind a firewall that drops packets it never returns, and a timeout of its first fetch would not
bound the script's own. So it runs in a child, in a process group of its own that is ended at a deadline.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
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
    # Never written to: its end tells the child that this process is gone.
    reading, writing = os.pipe()
    child = subprocess.Popen(
        # -P: else this file's folder comes first on the path and its modules hide others of the same name.
        [sys.executable, "-P", __file__, str(folder), version, str(patience.answer)],
        stdin=reading,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        printed, _ = child.communicate(timeout=patience.total)
    except subprocess.TimeoutExpired:
        return f"not finished within {patience.total:g} s"
    finally:
        _end_group(child)
        os.close(reading)
        os.close(writing)
    last = _last_line(printed) or "it printed nothing"
    match child.returncode:
        case 0:
            return "" if last == version else f"version {last} was installed instead of {version}"
        case 1:
            return last
        case code if code == -signal.SIGALRM:
            return f"{last}: no answer within {patience.answer:g} s"
        case _:
            return f"the installer ended early: {last}"


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
    if child.stdout:
        child.stdout.close()


def _install_as_child(folder: str, version: str, answer_seconds: str) -> None:
    """Install, and print the version or why it failed; the exit code tells which."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    urlopen = urllib.request.urlopen

    def impatient_urlopen(url: str | urllib.request.Request, *arguments: Any, **options: Any) -> Any:
        address = url if isinstance(url, str) else url.full_url
        host = urlsplit(address).hostname or ""
        print(host, flush=True)
        # SIGALRM ends this process, whatever it waits for: a name server knows no timeout of ours.
        signal.setitimer(signal.ITIMER_REAL, float(answer_seconds))
        try:
            return urlopen(url, *arguments, **options)
        except OSError as failure:
            raise OSError(f"{host}: {getattr(failure, 'reason', failure)}") from None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    setattr(urllib.request, "urlopen", impatient_urlopen)  # noqa: B010 - an assignment is refused by the type checker
    try:
        # Here and not above: this takes a second, and the parent does without.
        from pulumi.automation import PulumiCommand
        from semver import VersionInfo

        command = PulumiCommand.install(root=folder, version=VersionInfo.parse(version))
    except Exception as failure:  # noqa: BLE001 - whatever it is, the parent reports it
        printed = getattr(failure, "output", None)
        sys.exit(_last_line(printed) if printed else " ".join(str(failure).split()))
    print(command.version)


def _end_with_parent() -> None:
    """End this process group once the parent is gone, however it ended."""
    # Not by sys.stdin, whose buffer would be locked at this process's own end.
    os.read(sys.stdin.fileno(), 1)
    os.killpg(0, signal.SIGKILL)


def _last_line(printed: bytes) -> str:
    """Return the last line of what a process printed, without its colours."""
    lines = printed.decode(errors="replace").strip().splitlines()
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", lines[-1]).split()) if lines else ""


if __name__ == "__main__":
    _install_as_child(*sys.argv[1:])
