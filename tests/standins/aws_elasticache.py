"""What moto's ElastiCache lacks: parameter groups, user groups, and what is done with groups after their creation.

It stands on moto's own objects, is asked through the same boto3 client, and what it answers is held against the
shapes of botocore's service model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from botocore.model import OperationModel  # type: ignore[import-untyped]
from botocore.validate import ParamValidator  # type: ignore[import-untyped]
from moto.elasticache.models import ElastiCacheBackend, elasticache_backends

Request = Mapping[str, Any]

PATCH = {"7.0": "7.0.7", "7.1": "7.1.0", "7.2": "7.2.6", "8.0": "8.0.1", "8.1": "8.1.0", "8.2": "8.2.0"}
# ElastiCache User Guide, "Valkey and Redis OSS parameters".
DEFAULTS = {"maxmemory-policy": "volatile-lru"}
# What a modification without ApplyImmediately leaves for the maintenance window (API reference,
# ModifyReplicationGroup); parameters and security groups change at once.
WAITING = {"CacheNodeType": "cache_node_type", "EngineVersion": "engine_version", "Engine": "engine"}
MODIFIED = {
    **WAITING,
    "ReplicationGroupDescription": "description",
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "SnapshotRetentionLimit": "snapshot_retention_limit",
    "SnapshotWindow": "snapshot_window",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "CacheParameterGroupName": "cache_parameter_group_name",
    "SecurityGroupIds": "security_group_ids",
    "TransitEncryptionMode": "transit_encryption_mode",
    "LogDeliveryConfigurations": "log_delivery_configurations",
}


def fault(operation: str, code: str, words: str) -> ClientError:
    """Make the error that boto3 would raise."""
    return ClientError({"Error": {"Code": code, "Message": words}}, operation)


@dataclass
class ElastiCache:
    """One region of one account."""

    account_id: str
    region: str
    parameter_groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    user_groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    pending: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    # Where the groups' nodes really are: a server that a test has started.
    address: tuple[str, int] | None = None
    # Called with all passwords of the user once they are others: for that server to follow.
    user_changed: Callable[[list[str]], object] = lambda _: None

    @property
    def moto(self) -> ElastiCacheBackend:
        """The part that moto has."""
        backend: ElastiCacheBackend = elasticache_backends[self.account_id][self.region]
        return backend

    def answer(self, operation: OperationModel, request: Request) -> dict[str, Any] | None:
        """Answer an operation that moto lacks; None leaves it to moto."""
        handler: Callable[[Request], dict[str, Any]] | None = getattr(self, f"_{operation.name}", None)
        if handler is None:
            return None
        response = handler(request)
        if operation.output_shape is not None:
            report = ParamValidator().validate(response, operation.output_shape)
            assert not report.has_errors(), f"{operation.name}: {report.generate_report()}"
        return response

    @property
    def groups(self) -> dict[str, Any]:
        """The replication groups, whose attributes moto types as what a request may lack."""
        return dict(self.moto.replication_groups)

    def group(self, id_: str) -> Any:
        """Return a replication group."""
        return self.moto.replication_groups[id_]

    def set_nodes(self, id_: str, count: int) -> None:
        """Return a group so many nodes."""
        self.group(id_).member_clusters = [f"{id_}-{number:0>3}" for number in range(1, count + 1)]

    def run_maintenance(self) -> None:
        """Let the maintenance window come: what waits is done."""
        for id_, changes in self.pending.items():
            _apply(self.group(id_), changes)
        self.pending.clear()

    def arn(self, kind: str, name: str) -> str:
        """Make an ARN."""
        return f"arn:aws:elasticache:{self.region}:{self.account_id}:{kind}:{name}"

    # Parameter groups.

    def _CreateCacheParameterGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802 - named as the operation
        name = request["CacheParameterGroupName"]
        self.parameter_groups[name] = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": request["CacheParameterGroupFamily"],
            "Description": request["Description"],
            "ARN": self.arn("parametergroup", name),
            "parameters": {},
        }
        self.tags[self.arn("parametergroup", name)] = list(request.get("Tags", []))
        return {"CacheParameterGroup": self._parameter_group(name)}

    def _ModifyCacheParameterGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802
        group = self.parameter_groups[request["CacheParameterGroupName"]]
        for each in request["ParameterNameValues"]:
            group["parameters"][each["ParameterName"]] = each["ParameterValue"]
        return {"CacheParameterGroupName": request["CacheParameterGroupName"]}

    def _DescribeCacheParameterGroups(self, request: Request) -> dict[str, Any]:  # noqa: N802
        name = request.get("CacheParameterGroupName")
        if name is not None and name not in self.parameter_groups:
            raise fault("DescribeCacheParameterGroups", "CacheParameterGroupNotFound", f"{name} not found")
        return {
            "CacheParameterGroups": [
                self._parameter_group(each) for each in self.parameter_groups if name in (None, each)
            ]
        }

    def _ResetCacheParameterGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802
        group = self.parameter_groups[request["CacheParameterGroupName"]]
        for each in request["ParameterNameValues"]:
            group["parameters"].pop(each["ParameterName"], None)
        return {"CacheParameterGroupName": request["CacheParameterGroupName"]}

    def _DescribeCacheParameters(self, request: Request) -> dict[str, Any]:  # noqa: N802
        parameters = DEFAULTS | self.parameter_groups[request["CacheParameterGroupName"]]["parameters"]
        described = [
            {
                "ParameterName": name,
                "ParameterValue": value,
                # Whether AWS counts its default as a user's own, once a user has set it, nobody says; here it does not.
                "Source": "system" if DEFAULTS.get(name) == value else "user",
            }
            for name, value in parameters.items()
        ]
        return {"Parameters": [each for each in described if request.get("Source") in (None, each["Source"])]}

    def _DeleteCacheParameterGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802
        del self.parameter_groups[request["CacheParameterGroupName"]]
        return {}

    def _parameter_group(self, name: str) -> dict[str, Any]:
        return {key: value for key, value in self.parameter_groups[name].items() if key != "parameters"}

    # Subnet groups: moto makes and describes them.

    def _ModifyCacheSubnetGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802
        old = self.moto.cache_subnet_groups.pop(request["CacheSubnetGroupName"])
        self.moto.create_cache_subnet_group(
            request["CacheSubnetGroupName"],
            request.get("CacheSubnetGroupDescription", old.cache_subnet_group_description),
            list(request.get("SubnetIds", old.subnet_ids)),
            old.tags,
        )
        return {"CacheSubnetGroup": {"CacheSubnetGroupName": request["CacheSubnetGroupName"]}}

    def _DeleteCacheSubnetGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802
        del self.moto.cache_subnet_groups[request["CacheSubnetGroupName"]]
        return {}

    # Users and their groups: moto makes and describes users.

    def _ModifyUser(self, request: Request) -> dict[str, Any]:  # noqa: N802
        user = self.moto.users[request["UserId"]]
        user.access_string = request.get("AccessString", user.access_string)
        user.passwords = list(request.get("AuthenticationMode", {}).get("Passwords", user.passwords))
        self.user_changed(user.passwords)
        return {"UserId": user.id, "Status": "active"}

    def _DeleteUser(self, request: Request) -> dict[str, Any]:  # noqa: N802
        del self.moto.users[request["UserId"]]
        return {"UserId": request["UserId"], "Status": "deleting"}

    def _CreateUserGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802
        id_ = request["UserGroupId"]
        self.user_groups[id_] = {
            "UserGroupId": id_,
            "Engine": request["Engine"].lower(),
            "UserIds": list(request["UserIds"]),
            "Status": "active",
            "ARN": self.arn("usergroup", id_),
        }
        self.tags[self.arn("usergroup", id_)] = list(request.get("Tags", []))
        return self.user_groups[id_]

    def _DescribeUserGroups(self, request: Request) -> dict[str, Any]:  # noqa: N802
        id_ = request.get("UserGroupId")
        if id_ is not None and id_ not in self.user_groups:
            raise fault("DescribeUserGroups", "UserGroupNotFound", f"User Group {id_} not found.")
        return {"UserGroups": [group for name, group in self.user_groups.items() if id_ in (None, name)]}

    def _DeleteUserGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802
        return self.user_groups.pop(request["UserGroupId"]) | {"Status": "deleting"}

    # Replication groups: moto makes them.

    def _DescribeReplicationGroups(self, request: Request) -> dict[str, Any]:  # noqa: N802
        id_ = request.get("ReplicationGroupId")
        if id_ is not None and id_ not in self.moto.replication_groups:
            raise fault("DescribeReplicationGroups", "ReplicationGroupNotFoundFault", f"{id_} not found.")
        return {
            "ReplicationGroups": [self._described(group) for name, group in self.groups.items() if id_ in (None, name)]
        }

    def _described(self, group: Any) -> dict[str, Any]:
        domain = f"{group.replication_group_id}.xxxxxx.{self.region[:3]}1.cache.amazonaws.com"
        host, port = self.address or (f"master.{domain}", int(group.port))
        return {
            "ReplicationGroupId": group.replication_group_id,
            "Description": group.description,
            "Status": "available",
            "MemberClusters": list(group.member_clusters),
            "NodeGroups": [
                {
                    "NodeGroupId": "0001",
                    "PrimaryEndpoint": {"Address": host, "Port": port},
                    "ReaderEndpoint": {"Address": f"replica.{domain}", "Port": port},
                    "NodeGroupMembers": [
                        {"CacheClusterId": member, "PreferredAvailabilityZone": zone}
                        for member, zone in zip(group.member_clusters, self._zones(group), strict=False)
                    ],
                }
            ],
            "AutomaticFailover": group.automatic_failover,
            "MultiAZ": group.multi_az,
            "SnapshotRetentionLimit": int(group.snapshot_retention_limit),
            "SnapshotWindow": group.snapshot_window,
            "ClusterEnabled": group.cluster_enabled,
            "ClusterMode": group.cluster_mode,
            "CacheNodeType": group.cache_node_type,
            "AuthTokenEnabled": group.auth_token_enabled,
            "TransitEncryptionEnabled": group.transit_encryption_enabled,
            "TransitEncryptionMode": group.transit_encryption_mode or "",
            "AtRestEncryptionEnabled": group.at_rest_encryption_enabled,
            # Whatever was asked for by id is answered by ARN (pulumi-aws issue 3848).
            "KmsKeyId": self._key_arn(group.kms_key_id),
            "UserGroupIds": list(group.user_group_ids),
            "LogDeliveryConfigurations": [
                {
                    "LogType": each["LogType"],
                    "DestinationType": each["DestinationType"],
                    "DestinationDetails": each["DestinationDetails"],
                    "LogFormat": each["LogFormat"],
                    "Status": "active",
                }
                for each in group.log_delivery_configurations
            ],
            "AutoMinorVersionUpgrade": _truth(group.auto_minor_version_upgrade),
            "Engine": group.engine,
            "ARN": group.arn,
        }

    def _DescribeCacheClusters(self, request: Request) -> dict[str, Any]:  # noqa: N802
        id_ = request.get("CacheClusterId")
        clusters = [
            {
                "CacheClusterId": member,
                "ReplicationGroupId": group.replication_group_id,
                "CacheNodeType": group.cache_node_type,
                "Engine": group.engine,
                "EngineVersion": PATCH[group.engine_version],
                "PendingModifiedValues": self._pending(group),
                "PreferredAvailabilityZone": zone,
                "PreferredMaintenanceWindow": group.preferred_maintenance_window,
                "CacheParameterGroup": {"CacheParameterGroupName": group.cache_parameter_group_name},
                "CacheSubnetGroupName": group.cache_subnet_group_name,
                "SecurityGroups": [
                    {"SecurityGroupId": security_group, "Status": "active"}
                    for security_group in group.security_group_ids
                ],
                "ARN": self.arn("cluster", member),
            }
            for group in self.groups.values()
            for member, zone in zip(group.member_clusters, self._zones(group), strict=False)
            if id_ in (None, member)
        ]
        if id_ is not None and not clusters:
            raise fault("DescribeCacheClusters", "CacheClusterNotFound", f"{id_} not found.")
        return {"CacheClusters": clusters}

    def _pending(self, group: Any) -> dict[str, str]:
        """Return what waits, as DescribeCacheClusters has it: DescribeReplicationGroups has neither of the two."""
        waiting = self.pending.get(group.replication_group_id, {})
        found: dict[str, str] = {key: waiting[key] for key in ("CacheNodeType", "EngineVersion") if key in waiting}
        if "EngineVersion" in found:
            found["EngineVersion"] = PATCH[found["EngineVersion"]]
        return found

    def _ModifyReplicationGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802
        group = self.group(request["ReplicationGroupId"])
        changes = {key: value for key, value in request.items() if key in MODIFIED}
        if request.get("ApplyImmediately"):
            # "... and any pending modifications" (API reference, ModifyReplicationGroup, ApplyImmediately).
            changes = self.pending.pop(group.replication_group_id, {}) | changes
        else:
            waiting = {key: changes.pop(key) for key in WAITING if key in changes}
            self.pending.setdefault(group.replication_group_id, {}).update(waiting)
        _apply(group, changes)
        if "AutomaticFailoverEnabled" in request:
            group.automatic_failover = "enabled" if request["AutomaticFailoverEnabled"] else "disabled"
        if "MultiAZEnabled" in request:
            group.multi_az = "enabled" if request["MultiAZEnabled"] else "disabled"
        return {"ReplicationGroup": self._described(group)}

    def _IncreaseReplicaCount(self, request: Request) -> dict[str, Any]:  # noqa: N802
        return self._set_replicas(request)

    def _DecreaseReplicaCount(self, request: Request) -> dict[str, Any]:  # noqa: N802
        return self._set_replicas(request)

    def _set_replicas(self, request: Request) -> dict[str, Any]:
        self.set_nodes(request["ReplicationGroupId"], request["NewReplicaCount"] + 1)
        return {"ReplicationGroup": self._described(self.group(request["ReplicationGroupId"]))}

    def _DeleteReplicationGroup(self, request: Request) -> dict[str, Any]:  # noqa: N802
        group = self.group(request["ReplicationGroupId"])
        described = self._described(group) | {"Status": "deleting"}
        if "FinalSnapshotIdentifier" in request:
            self.moto.create_snapshot(
                snapshot_name=request["FinalSnapshotIdentifier"],
                replication_group_id=group.replication_group_id,
                cache_cluster_id=None,
                kms_key_id=group.kms_key_id,
                tags=[],
            )
        del self.moto.replication_groups[group.replication_group_id]
        self.pending.pop(group.replication_group_id, None)
        return {"ReplicationGroup": described}

    def zones_of_subnets(self, subnet_group: str) -> list[str]:
        """Name the zones of a subnet group's subnets."""
        subnets = self.moto.cache_subnet_groups[subnet_group].subnets
        return sorted({subnet["subnet_availability_zone"] for subnet in subnets})

    def _zones(self, group: Any) -> list[str]:
        zones = self.zones_of_subnets(group.cache_subnet_group_name)
        return [zones[place % len(zones)] for place in range(len(group.member_clusters))]

    def _key_arn(self, key: str | None) -> str:
        if key is None or key.startswith("arn:"):
            return key or ""
        return f"arn:aws:kms:{self.region}:{self.account_id}:key/{key}"

    # Tags, of whatever moto does not know.

    def _ListTagsForResource(self, request: Request) -> dict[str, Any]:  # noqa: N802
        return {"TagList": self._tag_list(request["ResourceName"])}

    def _AddTagsToResource(self, request: Request) -> dict[str, Any]:  # noqa: N802
        tags = self._tag_list(request["ResourceName"])
        added = {each["Key"]: each for each in [*tags, *request["Tags"]]}
        tags[:] = added.values()
        return {"TagList": tags}

    def _tag_list(self, arn: str) -> list[dict[str, str]]:
        if arn in self.tags:
            return self.tags[arn]
        kind, name = arn.split(":")[5:]
        shelves: dict[str, dict[str, Any]] = {
            "subnetgroup": self.moto.cache_subnet_groups,
            "replicationgroup": self.moto.replication_groups,
            "user": self.moto.users,
        }
        tags: list[dict[str, str]] = shelves[kind][name].tags
        return tags


def _apply(group: Any, changes: Mapping[str, Any]) -> None:
    for key, value in changes.items():
        setattr(group, MODIFIED[key], value)


def _truth(value: Any) -> bool:
    return str(value).lower() == "true"
