"""AWS ElastiCache."""

from typing import Final

from infra.backend import Backend, never
from infra.backends.elasticache import controls, costs, offline, permissions
from infra.backends.elasticache.settings import ElastiCacheSettings
from infra.costs import Region
from infra.outputs import Output

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
    outputs=(
        Output("replicationGroupId", "the replication group"),
        Output("readerEndpoint", "the host name that spreads reads over the replicas"),
        Output("nodeType", "the node type"),
        Output("engineVersion", "the version that AWS runs"),
        Output("securityGroupId", "the security group of the cache"),
        Output("verifierSecurityGroupId", "the security group of the Lambda verifier"),
        Output("subnetIds", "the subnets of the cache"),
        Output("kmsKeyArn", "the key that encrypts the cache and its logs"),
        Output("userGroupId", "the RBAC user group"),
        Output("logGroups", "the CloudWatch log group of each kind of log"),
        Output(
            "finalSnapshot", "the name of the last snapshot, which AWS takes before it deletes the group; prod alone"
        ),
    ),
    permissions=permissions.PERMISSIONS,
)
