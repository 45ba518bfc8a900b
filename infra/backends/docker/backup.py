"""Backup and restore of a container: its volume is reached through Docker, on this machine or on another one."""

import socket
from typing import IO, Final

from infra.backends.docker.errors import DATA, USER, docker_command
from infra.backup import RunningCache
from infra.rdb_backup import RdbBackups, run_command

# Longer than the container's own grace, after which Docker kills it.
STOP_SECONDS: Final = 60


class ContainerVolume:
    """The volume of the container that a stack's outputs name."""

    def __init__(self, cache: RunningCache) -> None:
        """Take the names; Docker is asked later."""
        self._container = str(cache.outputs["containerName"])
        self._image = str(cache.outputs["image"])
        self._docker_host: str | None = cache.config.get("cache:dockerHost")

    def run(self, script: str, *, given: IO[bytes] | None = None, taken: IO[bytes] | None = None) -> str:
        """Run a script on the volume, in the container or in one of its own for the moment. Raises `BackupError`."""
        if self._docker("inspect", "--format", "{{.State.Running}}", self._container).strip() == "true":
            place = ["exec", "--interactive", "--workdir", DATA, self._container, "sh", "-c", script]
        else:
            alone = ("--network", "none", "--user", USER, "--volumes-from", self._container, "--workdir", DATA)
            place = ["run", "--rm", "--interactive", *alone, "--entrypoint", "sh", self._image, "-c", script]
        return self._docker(*place, given=given, taken=taken)

    def stop(self) -> None:
        """Stop the container; Docker starts it by itself no more. Raises `BackupError`."""
        self._docker("stop", "--time", str(STOP_SECONDS), self._container)

    def start(self) -> None:
        """Start the container again: an `up` that finds it stopped would make another. Raises `BackupError`."""
        self._docker("start", self._container)

    def _docker(self, *arguments: str, given: IO[bytes] | None = None, taken: IO[bytes] | None = None) -> str:
        return run_command(docker_command(self._docker_host, *arguments), given=given, taken=taken)


def _beside() -> dict[str, str | None]:
    """Return a port that is free on this machine."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return {"cache:port": str(probe.getsockname()[1])}


BACKUPS: Final = RdbBackups(ContainerVolume, _beside)
