"""Backups of a cache: what is known of one, where those of this machine are kept, and what a backend does with them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from infra.sizing import TierName
from runner import private_file

# How many of a stack's backups are kept, the newest of them. The vendors' own are kept by days (docs/backup.md).
KEPT: Final[Mapping[TierName, int]] = {"dev": 3, "staging": 7, "prod": 15}

_IDENTIFIER: Final = re.compile(r"\d{8}T\d{6}Z(?:-\d+)?", re.ASCII)


class BackupError(Exception):
    """A backup cannot be taken, read or restored; the message is one line, with the cure."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is known of a backup.

    `keys` and `bytes` are of the file, `taken_at` is in UTC (ISO 8601). `engine` is `redis` or `valkey`. Of a file that
    this project did not make nobody knows the stack and the tier: both are empty.
    """

    engine: str
    version: str
    keys: int
    bytes: int
    sha256: str
    taken_at: str
    stack: str = ""
    tier: str = ""
    backend: str = ""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A backup on this machine. `name` is what `make restore FROM=` takes."""

    name: str
    file: Path
    manifest: Manifest


@dataclass(frozen=True, kw_only=True)
class RunningCache:
    """The cache of a stack that is up, by what its `up` put out; secrets are among the outputs."""

    stack: str
    tier: str
    # What the stack's file sets, in full keys.
    config: Mapping[str, Any]
    outputs: Mapping[str, Any] = field(repr=False)


# What PEXPIRETIME says of a key that there is not.
NO_KEY: Final = -2


@dataclass(frozen=True)
class Sampled:
    """What a key has: its value, and when it expires, in milliseconds of the clock; -1 for never."""

    value: object
    expires_at: int
    # Seconds since anybody used it; None where the server does not tell (with an LFU policy it counts uses).
    idle_seconds: int | None


class Backups(Protocol):
    """What a backend whose cache can be backed up offers, in backup.py of its folder."""

    def beside(self) -> Mapping[str, str | None]:
        """Return the settings with which a second stack stands beside one; None for a key to be left out."""

    def sample(self, cache: RunningCache, keys: Collection[str] = (), *, size: int = 0) -> Mapping[str, Sampled]:
        """Read these keys, or some of the cache's, `size` at most. Raises `BackupError`."""

    def take(self, cache: RunningCache, target: Path) -> Manifest:
        """Copy what is in the cache into a file on this machine, and check the copy. Raises `BackupError`."""

    def inspect(self, cache: RunningCache, source: Path) -> Manifest:
        """Check that a file can be restored into the cache; nothing is changed. Raises `BackupError`."""

    def restore(self, cache: RunningCache, source: Path) -> None:
        """Put a file that was inspected in the place of what is in the cache; the next `up` proves it.

        Cut off at any moment, the cache has what it had before or what is in the file, and never a part of it. Raises
        `BackupError`.
        """

    def settle(self, cache: RunningCache) -> None:
        """Clear away what a restore needed until the cache was up again. Raises `BackupError`."""


class BackupFolder:
    """The backups of one stack in a folder that only its owner may read: a folder for each, whole or not at all."""

    FILE: Final = "dump.rdb"
    MANIFEST: Final = "manifest.json"

    def __init__(self, folder: Path, stack: str) -> None:
        """Take the folder of all backups; nothing is made or changed yet."""
        self._folder = folder / stack

    def add(self, now: str, fill: Callable[[Path], Manifest], *, keep: int) -> Stored:
        """Have a file filled, keep it by the time `now` (UTC, like 20261128T204500Z), and remove the oldest.

        Raises `BackupError`, and whatever `fill` raises.
        """
        try:
            self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._sweep()
            draft = self._folder / f".{now}.new"
            draft.mkdir(mode=0o700)
            try:
                manifest = fill(draft / self.FILE)
                private_file.write(draft / self.MANIFEST, json.dumps(asdict(manifest), indent=2))
                final = draft.rename(self._free(now))
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise
            _flush(self._folder)
        except OSError as error:
            raise BackupError(
                f"{error.filename or self._folder} cannot be written: {error.strerror}; mend it, and run this again"
            ) from None
        for old in self.all()[:-keep]:
            shutil.rmtree(old.file.parent)
        return Stored(name=final.name, file=final / self.FILE, manifest=manifest)

    def all(self) -> Sequence[Stored]:
        """Return the backups, the oldest first; a folder whose manifest cannot be read is none."""
        if not self._folder.is_dir():
            return []
        folders = sorted(path for path in self._folder.iterdir() if _IDENTIFIER.fullmatch(path.name))
        return [
            Stored(name=folder.name, file=folder / self.FILE, manifest=manifest)
            for folder in folders
            if (manifest := _manifest(folder / self.MANIFEST)) is not None
        ]

    def remove(self) -> None:
        """Remove all of them."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def find(self, name: str) -> Stored:
        """Return a backup by its name. Raises `BackupError` where there is none, and names those that there are."""
        known = self.all()
        for stored in known:
            if stored.name == name:
                return stored
        names = ", ".join(stored.name for stored in reversed(known)) or "none"
        raise BackupError(f"there is no backup {name!a}; of this stack there are: {names}")

    def _free(self, now: str) -> Path:
        path, number = self._folder / now, 1
        while path.exists():
            number += 1
            path = self._folder / f"{now}-{number}"
        return path

    def _sweep(self) -> None:
        """Remove what runs that were killed left."""
        for draft in self._folder.glob(".*.new"):
            shutil.rmtree(draft, ignore_errors=True)


def _manifest(file: Path) -> Manifest | None:
    try:
        return Manifest(**json.loads(file.read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
