"""Google Memorystore for Redis."""

from typing import Final

from infra.backend import Backend, never
from infra.backends.memorystore import controls, costs, permissions
from infra.backends.memorystore.settings import MemorystoreSettings
from infra.costs import Region
from infra.outputs import Output

BACKEND: Final = Backend(
    name="memorystore",
    resources="infra.backends.memorystore.resources",
    settings=MemorystoreSettings,
    estimate=costs.estimate,
    guide_estimates=tuple(costs.guide_estimates()),
    not_counted="traffic between zones, versions of secrets (0.06 each a month, of which Google gives six), taxes, "
    "discounts",
    region=Region("gcp:region", ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"), priced="us-central1"),
    is_on_this_machine=never,
    example_key="gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K",
    needs=(
        "credentials of Google Cloud, for the project of the stack's file (docs/permissions.md)",
        "a network, and its private service access: cache:network, cache:privateServiceAccess",
    ),
    controls=controls.CONTROLS,
    not_assessed=controls.NOT_ASSESSED,
    outputs=(
        Output("instanceId", "the instance"),
        Output("instanceTier", "Google's service tier: `BASIC`, or `STANDARD_HA` with a replica"),
        Output("memorySizeGb", "the instance's size in GB"),
        Output("redisVersion", "the version of Redis, as Google names it"),
        Output("network", "the network of the private service access"),
        Output("authoritiesExpire", "when each certificate of the instance's TLS authorities expires"),
        Output("snapshotPeriod", "the time between two snapshots, where they are on"),
    ),
    permissions=permissions.PERMISSIONS,
)
