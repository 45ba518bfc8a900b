"""What Google refuses beyond the types of its API: a table, each row with its source.

`breaks` is what turns a request that Google takes into one that it refuses, None for a field that is left out; a test
sends each.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.standins.gcp import Cloud

Message = Mapping[str, Any]

CREATE = "redis.projects.locations.instances.create"
PATCH = "redis.projects.locations.instances.patch"
UPGRADE = "redis.projects.locations.instances.upgrade"
CONNECT = "servicenetworking.services.connections.create"
DISCONNECT = "servicenetworking.services.connections.deleteConnection"
RESERVE = "compute.globalAddresses.insert"

API = "Memorystore for Redis REST reference, "
GUIDE = "Memorystore for Redis documentation, "
PROVIDER = "terraform-provider-google issue "
MODULE = "terraform-google-memorystore issue "

VERSIONS = ("REDIS_3_2", "REDIS_4_0", "REDIS_5_0", "REDIS_6_X", "REDIS_7_0", "REDIS_7_2")
# "Supported Redis configurations": the parameters, and the policies of maxmemory-policy.
PARAMETERS = {
    *("activedefrag", "lfu-decay-time", "lfu-log-factor", "maxmemory-gb", "maxmemory-policy"),
    *("notify-keyspace-events", "stream-node-max-bytes", "stream-node-max-entries"),
}
POLICIES = {
    *("noeviction", "allkeys-lfu", "allkeys-lru", "allkeys-random"),
    *("volatile-lfu", "volatile-lru", "volatile-random", "volatile-ttl"),
}
# What the provider names in an update mask (resourceRedisInstanceUpdate); everything else it replaces the instance for.
MUTABLE = {
    *("authEnabled", "displayName", "redisConfigs", "persistenceConfig", "maintenancePolicy", "maintenanceVersion"),
    *("memorySizeGb", "replicaCount", "readReplicasMode", "secondaryIpRange", "labels"),
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it reaches Google."""

    parameters: Message
    body: Message


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One thing that Google refuses."""

    method: str
    words: str
    source: str
    refuses: Callable[[Request, "Cloud"], bool]
    breaks: Message = field(default_factory=dict)


def of(method: str) -> list[Refusal]:
    """Return the rows of a method."""
    return [row for row in REFUSALS if row.method == method]


def _basic(request: Request) -> bool:
    return request.body.get("tier") == "BASIC"


def _windows(request: Request) -> list[Any]:
    windows: list[Any] = request.body.get("maintenancePolicy", {}).get("weeklyMaintenanceWindow", [])
    return windows


def _configs(request: Request) -> Message:
    configs: Message = request.body.get("redisConfigs", {})
    return configs


def _part(name: str, kind: str) -> str:
    return re.split(f"(?:^|/){kind}/", name)[-1].partition("/")[0]


def _network_is_foreign(request: Request, cloud: "Cloud") -> bool:
    network = str(request.body.get("authorizedNetwork", ""))
    host = _part(network, "projects")
    return network not in cloud.networks or (host != cloud.id and host not in cloud.hosts)


def _label_is_wrong(request: Request, _: "Cloud") -> bool:
    labels = request.body.get("labels", {})
    return any(
        not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) or not re.fullmatch(r"[a-z0-9_-]{0,63}", value)
        for key, value in labels.items()
    )


def _upgrade_goes_back(request: Request, cloud: "Cloud") -> bool:
    standing = cloud.instances[request.parameters["name"]]["redisVersion"]
    return VERSIONS.index(request.body["redisVersion"]) < VERSIONS.index(standing)


def _connection_differs(request: Request, cloud: "Cloud") -> bool:
    standing = cloud.connections.get(cloud.by_id(request.body["network"]))
    return standing is not None and standing["reservedPeeringRanges"] != request.body.get("reservedPeeringRanges")


def _range_is_unknown(request: Request, cloud: "Cloud") -> bool:
    return any(name not in cloud.addresses for name in request.body.get("reservedPeeringRanges", []))


def _range_is_none_of_the_connection(request: Request, cloud: "Cloud") -> bool:
    wanted = request.body.get("reservedIpRange")
    connection = cloud.connections.get(request.body.get("authorizedNetwork", ""), {"reservedPeeringRanges": []})
    return wanted is not None and wanted not in connection["reservedPeeringRanges"]


REFUSALS = (
    Refusal(
        method=CREATE,
        words="instance_id must be 1 to 40 lower-case letters, numbers and hyphens; a letter first, no hyphen last",
        source=API + "instances.create, instanceId",
        refuses=lambda request, _: (
            not re.fullmatch(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", request.parameters["instanceId"])
        ),
        breaks={"instanceId": "hospitality-redis-" + "x" * 23},
    ),
    Refusal(
        method=CREATE,
        words="ALREADY_EXISTS: the instance exists",
        source=API + "instances.create, instanceId: unique within the project and location",
        refuses=lambda request, cloud: (
            f"{request.parameters['parent']}/instances/{request.parameters['instanceId']}" in cloud.instances
        ),
        breaks={"instanceId": "taken"},
    ),
    Refusal(
        method=CREATE,
        words="the location is none of Google's regions; instances are regional",
        source=API + "Instance, name",
        refuses=lambda request, _: (
            not re.fullmatch(r"[a-z]+(-[a-z]+)+\d+", _part(request.parameters["parent"], "locations"))
        ),
        breaks={"parent": "projects/my-project/locations/us-central1-a"},
    ),
    Refusal(
        method=CREATE,
        words="memory_size_gb must be from 1 to 300",
        source=GUIDE + '"Redis tier capabilities"',
        refuses=lambda request, _: not 1 <= request.body["memorySizeGb"] <= 300,
        breaks={"memorySizeGb": 301},
    ),
    Refusal(
        method=CREATE,
        words="the version is not supported",
        source=API + "Instance, redisVersion",
        refuses=lambda request, _: request.body.get("redisVersion", VERSIONS[-1]) not in VERSIONS,
        breaks={"redisVersion": "REDIS_7_4"},
    ),
    Refusal(
        method=CREATE,
        words="the parameter is not supported",
        source=API + "Instance, redisConfigs",
        refuses=lambda request, _: bool(_configs(request).keys() - PARAMETERS),
        breaks={"redisConfigs": {"appendonly": "yes"}},
    ),
    Refusal(
        method=CREATE,
        words="the value of maxmemory-policy is not supported",
        source=GUIDE + '"Supported Redis configurations", "Maxmemory policies"',
        refuses=lambda request, _: _configs(request).get("maxmemory-policy", "noeviction") not in POLICIES,
        breaks={"redisConfigs": {"maxmemory-policy": "lru"}},
    ),
    Refusal(
        method=CREATE,
        words="replica count is 0 for the tier BASIC",
        source=API + f"Instance, replicaCount; {MODULE}97",
        refuses=lambda request, _: _basic(request) and request.body.get("replicaCount", 0) != 0,
        breaks={"tier": "BASIC", "replicaCount": 1},
    ),
    Refusal(
        method=CREATE,
        words="read replicas are not valid for the tier BASIC",
        source=API + f"Instance, readReplicasMode; {MODULE}97",
        refuses=lambda request, _: _basic(request) and request.body.get("readReplicasMode") == "READ_REPLICAS_ENABLED",
        breaks={"tier": "BASIC", "readReplicasMode": "READ_REPLICAS_ENABLED"},
    ),
    Refusal(
        method=CREATE,
        words='Setting replica count requires read-replicas-mode to be "READ_REPLICAS_ENABLED"',
        source=PROVIDER + "14734",
        refuses=lambda request, _: (
            not _basic(request)
            and "replicaCount" in request.body
            and request.body.get("readReplicasMode") != "READ_REPLICAS_ENABLED"
        ),
        breaks={"replicaCount": 1, "readReplicasMode": "READ_REPLICAS_DISABLED"},
    ),
    Refusal(
        method=CREATE,
        words="alternative_location_id is only applicable to the tier STANDARD_HA",
        source=API + f"Instance, alternativeLocationId; {PROVIDER}11559",
        refuses=lambda request, _: _basic(request) and "alternativeLocationId" in request.body,
        breaks={"tier": "BASIC", "alternativeLocationId": "us-central1-b"},
    ),
    Refusal(
        method=CREATE,
        words="authorized_network must exist in the same project as redis instance, or in the host of its shared VPC",
        source=f"{MODULE}30, 107 and 163",
        refuses=_network_is_foreign,
        breaks={"authorizedNetwork": "projects/somebody-else/global/networks/main"},
    ),
    Refusal(
        method=CREATE,
        words="Google private service access is not enabled. Enable privateServiceAccess and try again.",
        source=GUIDE + '"Networking", "Private services access"',
        refuses=lambda request, cloud: (
            request.body.get("connectMode") == "PRIVATE_SERVICE_ACCESS"
            and request.body.get("authorizedNetwork") not in cloud.connections
        ),
        breaks={"authorizedNetwork": "projects/my-project/global/networks/alone"},
    ),
    Refusal(
        method=CREATE,
        words="a network of another project takes PRIVATE_SERVICE_ACCESS",
        source=GUIDE + '"Networking", "Choosing a connection mode"',
        refuses=lambda request, cloud: (
            request.body.get("connectMode") != "PRIVATE_SERVICE_ACCESS"
            and _part(request.body["authorizedNetwork"], "projects") != cloud.id
        ),
        breaks={"connectMode": "DIRECT_PEERING", "authorizedNetwork": "projects/host-project/global/networks/shared"},
    ),
    Refusal(
        method=CREATE,
        words="reserved_ip_range must be the name of an allocated range of the private service access connection",
        source=API + "Instance, reservedIpRange",
        refuses=_range_is_none_of_the_connection,
        breaks={"reservedIpRange": "10.0.0.0/29"},
    ),
    Refusal(
        method=CREATE,
        words="the key must be in the same region as the instance",
        source=GUIDE + '"About customer-managed encryption keys (CMEK)"',
        refuses=lambda request, _: (
            "customerManagedKey" in request.body
            and _part(request.body["customerManagedKey"], "locations")
            != _part(request.parameters["parent"], "locations")
        ),
        breaks={"customerManagedKey": "projects/my-project/locations/europe-west1/keyRings/r/cryptoKeys/k"},
    ),
    Refusal(
        method=CREATE,
        words="at most one weekly window is supported",
        source=API + "MaintenancePolicy, weeklyMaintenanceWindow",
        refuses=lambda request, _: len(_windows(request)) > 1,
        breaks={
            "maintenancePolicy": {
                "weeklyMaintenanceWindow": [{"day": "SUNDAY", "startTime": {}}, {"day": "MONDAY", "startTime": {}}]
            }
        },
    ),
    Refusal(
        method=CREATE,
        words="a start time's hours must be from 0 to 23, its minutes from 0 to 59",
        source=API + "TimeOfDay",
        refuses=lambda request, _: any(
            not (0 <= each["startTime"].get("hours", 0) <= 23 and 0 <= each["startTime"].get("minutes", 0) <= 59)
            for each in _windows(request)
        ),
        breaks={"maintenancePolicy": {"weeklyMaintenanceWindow": [{"day": "SUNDAY", "startTime": {"hours": 24}}]}},
    ),
    Refusal(
        method=CREATE,
        words="a label's key or value is not valid",
        source='Resource Manager documentation, "Requirements for labels"',
        refuses=_label_is_wrong,
        breaks={"labels": {"managed-by": "Pulumi"}},
    ),
    Refusal(
        method=PATCH,
        words="the update mask names what cannot be changed",
        source="terraform-provider-google, resourceRedisInstanceUpdate and the fields with ForceNew",
        refuses=lambda request, _: bool(set(str(request.parameters["updateMask"]).split(",")) - MUTABLE),
        breaks={"updateMask": "tier"},
    ),
    Refusal(
        method=PATCH,
        words="Read Replicas mode must be enabled on the instance in order to update replica count",
        source="mozilla/terraform-modules pull request 323",
        refuses=lambda request, cloud: (
            "replicaCount" in str(request.parameters["updateMask"])
            and cloud.instances[request.parameters["name"]].get("readReplicasMode") != "READ_REPLICAS_ENABLED"
        ),
        breaks={"updateMask": "replicaCount", "replicaCount": 0},
    ),
    Refusal(
        method=UPGRADE,
        words="an instance cannot be downgraded",
        source=API + 'instances.upgrade: "to the newer Redis version"',
        refuses=_upgrade_goes_back,
        breaks={"redisVersion": "REDIS_6_X"},
    ),
    Refusal(
        method=CONNECT,
        words="Cannot modify allocated ranges in CreateConnection. Please use UpdateConnection.",
        source=PROVIDER + "3294",
        refuses=_connection_differs,
        breaks={"network": "projects/1/global/networks/main", "reservedPeeringRanges": ["other"]},
    ),
    Refusal(
        method=CONNECT,
        words="the allocated range does not exist",
        source="Service Networking API reference, Connection, reservedPeeringRanges",
        refuses=_range_is_unknown,
        breaks={"reservedPeeringRanges": ["nowhere"]},
    ),
    Refusal(
        method=DISCONNECT,
        words="Failed to delete connection; Producer services (e.g. CloudSQL, Cloud Memstore, etc.) are still using "
        "this connection.",
        source=PROVIDER + "19908; Service Networking API reference, DeleteConnectionRequest",
        refuses=lambda request, cloud: any(
            instance["authorizedNetwork"] == cloud.by_id(request.body["consumerNetwork"])
            for instance in cloud.instances.values()
        ),
        breaks={"consumerNetwork": "projects/1/global/networks/main"},
    ),
    Refusal(
        method=RESERVE,
        words="ALREADY_EXISTS: the address exists",
        source="Compute Engine API reference, Address, name",
        refuses=lambda request, cloud: request.body["name"] in cloud.addresses,
        breaks={"name": "everything"},
    ),
    Refusal(
        method=RESERVE,
        words="an address for VPC_PEERING is INTERNAL, and has a network and a prefix length",
        source="Compute Engine API reference, Address, network and prefixLength",
        refuses=lambda request, _: (
            request.body.get("purpose") == "VPC_PEERING"
            and (
                request.body.get("addressType") != "INTERNAL" or not {"network", "prefixLength"} <= request.body.keys()
            )
        ),
        breaks={"addressType": "EXTERNAL"},
    ),
)
