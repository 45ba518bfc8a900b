"""A container of a Docker daemon's."""

from collections.abc import Mapping
from typing import Any, Final

from infra import server_users
from infra.backend import Backend
from infra.backends.docker import controls
from infra.backends.docker.backup import BACKUPS
from infra.backends.docker.settings import DockerSettings
from infra.outputs import Output


def is_on_this_machine(config: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """Whether the daemon is this machine's own: reached by its socket, which no setting sends elsewhere."""
    host = str(config.get("cache:dockerHost") or environment.get("DOCKER_HOST") or "unix://")
    return host.startswith(("unix://", "npipe://"))


BACKEND: Final = Backend(
    name="docker",
    resources="infra.backends.docker.resources",
    settings=DockerSettings,
    is_on_this_machine=is_on_this_machine,
    needs=("a Docker daemon that answers: docker info",),
    backups=BACKUPS,
    outputs=(
        Output("containerName", "the container's name"),
        Output("volumeName", "the volume's name"),
        Output("image", "the image, as `cache:image` names it"),
        server_users.OUTPUT,
    ),
    controls=controls.CONTROLS,
    not_assessed=controls.NOT_ASSESSED,
)
