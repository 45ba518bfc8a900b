"""What the figures were measured on: without that, they say nothing."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.project import ROOT
from benchmarks.servers import server_binary


def lines() -> list[str]:
    """Name the machine, the day and the versions, each as one point of a list."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("pulumi", "redis"))
    named = [
        f"{_processor()}, {os.cpu_count()} cores, {_memory_gib()} GiB; {platform.system()} {platform.release()}",
        f"CPython {platform.python_version()}; packages {versions}",
        _first_line(str(server_binary()), "--version"),
    ]
    if shutil.which("redis-cli"):
        named.append(_first_line("redis-cli", "--version"))
    if shutil.which("pulumi"):
        named.append(f"Pulumi CLI {_first_line('pulumi', 'version')}")
    commit = _first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty=, with changes not yet committed")
    named.append(f"commit {commit}; {datetime.now(UTC):%Y-%m-%d}")
    return named


def _first_line(*command: str) -> str:
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0]


def _processor() -> str:
    """Return the processor's name where the system tells it, else its kind."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.machine()


def _memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3)
