"""Backup and restore of a server on this machine: its data folder and its binary are at hand."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from infra.backends.local import binary, ownership
from infra.backends.local.binary import BinaryError
from infra.backends.local.server import ServerError
from infra.backup import BackupError, RunningCache
from infra.rdb_backup import RdbBackups, run_command


class ServerFolder:
    """The data folder of the server that a stack's outputs name."""

    def __init__(self, cache: RunningCache) -> None:
        """Find the server. Raises `BackupError` where its folder or its binary is gone."""
        self._server = ownership.server_in(str(cache.outputs["serverFolder"]))
        owner = self._server.owner()
        if owner is None:
            raise BackupError(
                f"{self._server.folder} has no server of stack {cache.stack}: make up STACK={cache.stack}"
            )
        try:
            self._binary = binary.resolve(owner.binary).path
        except BinaryError as error:
            raise BackupError(str(error)) from None

    def run(self, script: str, *, given: IO[bytes] | None = None, taken: IO[bytes] | None = None) -> str:
        """Run a script in the folder. Raises `BackupError`."""
        with _checker(self._binary) as tools:
            return run_command(
                ["/bin/sh", "-c", script],
                given=given,
                taken=taken,
                cwd=self._server.data,
                env={"PATH": f"{tools}{os.pathsep}{os.defpath}"},
            )

    def stop(self) -> None:
        """End the server. Raises `BackupError`."""
        try:
            self._server.stop()
        except ServerError as error:
            raise BackupError(str(error)) from None

    def start(self) -> None:
        """Start the server again at once: its port is free meanwhile, for anybody to take. Raises `BackupError`."""
        try:
            self._server.start(self._binary)
        except ServerError as error:
            raise BackupError(str(error)) from None


@contextmanager
def _checker(server: Path) -> Iterator[str]:
    """Return a folder in which the server stands as `redis-check-rdb`: that is what it is by this name (server.c)."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "redis-check-rdb").symlink_to(server)
        yield folder


BACKUPS: Final = RdbBackups(ServerFolder, lambda: {"cache:port": None, "cache:folder": None})
