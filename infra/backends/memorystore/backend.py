"""Google Memorystore for Redis."""

from typing import Final

from infra.backend import Backend, never
from infra.backends.memorystore import controls, permissions

BACKEND: Final = Backend(
    name="memorystore",
    resources="infra.backends.memorystore.resources",
    is_on_this_machine=never,
    example_key="gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K",
    needs=(
        "credentials of Google Cloud, for the project of the stack's file (docs/permissions.md)",
        "a network, and its private service access: cache:network, cache:privateServiceAccess",
    ),
    controls=controls.CONTROLS,
    not_assessed=controls.NOT_ASSESSED,
    permissions=permissions.PERMISSIONS,
)
