"""AWS ElastiCache."""

from typing import Final

from infra.backend import Backend
from infra.backends.elasticache import controls, permissions

BACKEND: Final = Backend(
    name="elasticache",
    resources="infra.backends.elasticache.resources",
    controls=controls.CONTROLS,
    not_assessed=controls.NOT_ASSESSED,
    exemptions=controls.EXEMPTIONS,
    permissions=permissions.PERMISSIONS,
)
