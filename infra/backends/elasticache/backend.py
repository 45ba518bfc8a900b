"""AWS ElastiCache."""

from typing import Final

from infra.backend import Backend, never
from infra.backends.elasticache import controls, permissions

BACKEND: Final = Backend(
    name="elasticache",
    resources="infra.backends.elasticache.resources",
    is_on_this_machine=never,
    example_key="awskms://alias/pulumi-state?region=us-east-1",
    needs=(
        "credentials of AWS, for the account and the region of the stack's file (docs/permissions.md)",
        "a network: cache:networkStack, or cache:vpcId, cache:subnetIds and who may connect (examples/network)",
    ),
    controls=controls.CONTROLS,
    not_assessed=controls.NOT_ASSESSED,
    exemptions=controls.EXEMPTIONS,
    permissions=permissions.PERMISSIONS,
)
