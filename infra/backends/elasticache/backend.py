"""AWS ElastiCache."""

from typing import Final

from infra.backend import Backend, never
from infra.backends.elasticache import controls, costs, offline, permissions
from infra.backends.elasticache.settings import ElastiCacheSettings
from infra.costs import Region

BACKEND: Final = Backend(
    name="elasticache",
    resources="infra.backends.elasticache.resources",
    settings=ElastiCacheSettings,
    estimate=costs.estimate,
    not_counted="traffic between zones, what CloudWatch keeps of the logs, requests to KMS and Secrets Manager, "
    "renewed versions of the key, runs of the verifier, taxes, discounts",
    region=Region("aws:region", ("AWS_REGION", "AWS_DEFAULT_REGION"), priced="us-east-1"),
    offers=costs.offers,
    guide_estimates=tuple(costs.guide_estimates()),
    is_on_this_machine=never,
    functions=offline.FUNCTIONS,
    made_up={"cache:accountId": offline.ACCOUNT},
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
