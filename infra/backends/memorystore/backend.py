"""Google Memorystore for Redis."""

from typing import Final

from infra.backend import Backend
from infra.backends.memorystore import controls, permissions

BACKEND: Final = Backend(
    name="memorystore",
    resources="infra.backends.memorystore.resources",
    controls=controls.CONTROLS,
    not_assessed=controls.NOT_ASSESSED,
    permissions=permissions.PERMISSIONS,
)
