"""A container of a Docker daemon's."""

from typing import Final

from infra.backend import Backend
from infra.backends.docker import controls

BACKEND: Final = Backend(
    name="docker",
    resources="infra.backends.docker.resources",
    controls=controls.CONTROLS,
    not_assessed=controls.NOT_ASSESSED,
)
