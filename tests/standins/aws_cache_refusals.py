"""What AWS refuses and moto takes of a cache and what is around it."""

import fnmatch
import functools
import importlib.util
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session  # type: ignore[import-untyped]

from infra import windows
from tests.standins.aws_refusals import Refusal, Request

if TYPE_CHECKING:
    from tests.standins.aws import Account

API = "ElastiCache API reference, "
GUIDE = "ElastiCache User Guide, "
PROVIDER = "terraform-provider-aws, internal/service/elasticache/"
CREATE = "CreateReplicationGroup"
MODIFY = "ModifyReplicationGroup"
KNOWN_PARAMETERS = {"maxmemory-policy", "reserved-memory-percent", "timeout", "notify-keyspace-events"}


@functools.cache
def _extension(name: str) -> Any:
    # Found and not imported: cfn-lint takes two seconds to load, and a file of it is all that is wanted.
    package = importlib.util.find_spec("cfnlint")
    assert package is not None, "cfn-lint is not installed"
    assert package.origin is not None
    folder = Path(package.origin).parent / "data" / "schemas" / "extensions" / "aws_elasticache_cachecluster"
    return json.loads((folder / f"{name}.json").read_text())


def node_types(region: str) -> list[str]:
    """Name the node types of a region, as cfn-lint's copy of AWS's own list has them."""
    names: list[str] = _extension("cachenodetype_enum")[region]["enum"]
    return names


def versions(engine: str) -> list[str]:
    """Name the versions of an engine, as cfn-lint's copy of AWS's own list has them."""
    for rule in _extension("engine_version")["allOf"]:
        if rule["if"]["properties"]["Engine"].get("const") == engine:
            found: list[str] = rule["then"]["properties"]["EngineVersion"]["enum"]
            return found
    raise KeyError(engine)


@functools.cache
def runtimes() -> list[str]:
    """Name the runtimes of Lambda, as botocore's model of its API has them."""
    model = botocore.session.Session().get_service_model("lambda")
    names: list[str] = model.shape_for("Runtime").enum
    return names


def _is_no_window(read: Callable[[str], range], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return True
    return False


def _family(engine: str, version: str) -> str:
    return f"{engine}{version.partition('.')[0]}"


def _group_family(request: Request, account: "Account", engine: str, version: str) -> bool:
    group = account.cache.parameter_groups.get(request.get("CacheParameterGroupName", ""))
    return group is not None and group["CacheParameterGroupFamily"] != _family(engine, version)


def _engine_after(request: Request, account: "Account") -> tuple[str, str]:
    group = account.cache.group(request["ReplicationGroupId"])
    return request.get("Engine", group.engine), request.get("EngineVersion", group.engine_version)


def _number(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _is_downgrade(request: Request, account: "Account") -> bool:
    group = account.cache.group(request["ReplicationGroupId"])
    return _number(_engine_after(request, account)[1]) < _number(group.engine_version)


def _users_missing_default(request: Request, account: "Account") -> bool:
    users = account.cache.moto.users
    return not any(users[user].name == "default" for user in request.get("UserIds", []) if user in users)


def _vpc_of_subnet_group(name: str, account: "Account") -> str | None:
    group = account.cache.moto.cache_subnet_groups.get(name)
    return group.vpc_id if group else None


def _foreign_security_group(request: Request, account: "Account") -> bool:
    wanted = request.get("SecurityGroupIds", [])
    found = account.ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": list(wanted)}])[
        "SecurityGroups"
    ]
    vpc = _vpc_of_subnet_group(request["CacheSubnetGroupName"], account)
    return len(found) < len(wanted) or any(group["VpcId"] != vpc for group in found)


def _uses(shelf: str, value: str, account: "Account") -> bool:
    groups = account.cache.moto.replication_groups.values()
    return any(value in used if isinstance(used := getattr(group, shelf), list) else value == used for group in groups)


def _logs_may_not_use_the_key(request: Request, account: "Account") -> bool:
    if "kmsKeyId" not in request:
        return False
    policy = json.loads(account.kms.get_key_policy(KeyId=request["kmsKeyId"], PolicyName="default")["Policy"])
    service = f"logs.{account.cache.region}.amazonaws.com"
    group = f"arn:aws:logs:{account.cache.region}:{account.cache.account_id}:log-group:{request['logGroupName']}"
    return not any(
        any(fnmatch.fnmatchcase(group, pattern) for pattern in _log_groups(statement))
        for statement in policy["Statement"]
        if statement["Principal"] == {"Service": service}
    )


def _log_groups(statement: Mapping[str, Any]) -> list[str]:
    """Return the patterns of the log groups that a statement of a key's policy is for."""
    condition = statement.get("Condition", {}).get("ArnLike", {})
    found = condition.get("kms:EncryptionContext:aws:logs:arn", ["*"])
    return [found] if isinstance(found, str) else found


def _no_network_interface(request: Request, account: "Account") -> bool:
    if not request.get("VpcConfig", {}).get("SubnetIds"):
        return False
    attached = account.iam.list_attached_role_policies(RoleName=request["Role"].rpartition("/")[2])["AttachedPolicies"]
    return all(policy["PolicyName"] != "AWSLambdaVPCAccessExecutionRole" for policy in attached)


def _used_by_a_function(group: str, account: "Account") -> bool:
    functions = account.functions.list_functions()["Functions"]
    return any(group in function.get("VpcConfig", {}).get("SecurityGroupIds", []) for function in functions)


REFUSALS = (
    # Replication groups: creation.
    Refusal(
        operation=CREATE,
        code="InvalidParameterValue",
        words="The replication group id is not valid",
        source=f"{API}CreateReplicationGroup, ReplicationGroupId",
        refuses=lambda request, _: (
            len(request["ReplicationGroupId"]) > 40
            or not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*", request["ReplicationGroupId"])
        ),
        breaks={"ReplicationGroupId": "hospitality--redis"},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterValue",
        words="The node type is not one of this region",
        source="cfn-lint, cachenodetype_enum.json",
        refuses=lambda request, account: request["CacheNodeType"] not in node_types(account.cache.region),
        breaks={"CacheNodeType": "cache.r7g.tiny"},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="Valkey wants to be told whether to encrypt in transit",
        source="cfn-lint, transitencryptionenabled_valkey.json (E3704)",
        refuses=lambda request, _: request["Engine"] == "valkey" and "TransitEncryptionEnabled" not in request,
        breaks={"Engine": "valkey", "EngineVersion": "8.0", "TransitEncryptionEnabled": None, "UserGroupIds": None},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="The engine has no such version",
        source="cfn-lint, engine_version.json",
        refuses=lambda request, _: request["EngineVersion"] not in versions(request["Engine"]),
        breaks={"EngineVersion": "7.3"},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="Automatic failover needs two nodes or more",
        source=f"{API}CreateReplicationGroup, AutomaticFailoverEnabled",
        refuses=lambda request, _: request.get("AutomaticFailoverEnabled", False) and request["NumCacheClusters"] < 2,
        breaks={"NumCacheClusters": 1},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="Multi-AZ needs automatic failover",
        source=f"{PROVIDER}replication_group.go, replicationGroupValidateMultiAZAutomaticFailover",
        refuses=lambda request, _: request.get("MultiAZEnabled", False) and not request["AutomaticFailoverEnabled"],
        breaks={"AutomaticFailoverEnabled": False},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="Multi-AZ needs subnets in two zones or more",
        source=f"{GUIDE}Minimizing downtime by using Multi-AZ",
        refuses=lambda request, account: (
            request.get("MultiAZEnabled", False)
            and len(account.cache.zones_of_subnets(request["CacheSubnetGroupName"])) < 2
        ),
        breaks={"CacheSubnetGroupName": "one-zone"},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterValue",
        words="There are one to six nodes in a group without cluster mode",
        source="cfn-lint, AWS::ElastiCache::ReplicationGroup, NumCacheClusters",
        refuses=lambda request, _: not 1 <= request["NumCacheClusters"] <= 6,
        breaks={"NumCacheClusters": 7},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="A token and a user group exclude each other",
        source=f"{PROVIDER}replication_group.go, user_group_ids, ConflictsWith",
        refuses=lambda request, _: "AuthToken" in request and bool(request.get("UserGroupIds")),
        breaks={"AuthToken": "0123456789abcdef"},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="User groups need encryption in transit",
        source=f"{GUIDE}Role-Based Access Control (RBAC)",
        refuses=lambda request, _: bool(request.get("UserGroupIds")) and not request.get("TransitEncryptionEnabled"),
        breaks={"TransitEncryptionEnabled": False},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterValue",
        words="A group takes one user group",
        source=f"{API}CreateReplicationGroup, UserGroupIds; Pulumi's aws.elasticache.ReplicationGroup",
        refuses=lambda request, _: len(request.get("UserGroupIds", [])) > 1,
        breaks={"UserGroupIds": ["users", "others"]},
    ),
    Refusal(
        operation=CREATE,
        code="UserGroupNotFound",
        words="There is no such user group",
        source=f"{API}CreateReplicationGroup, Errors",
        refuses=lambda request, account: any(
            group not in account.cache.user_groups for group in request.get("UserGroupIds", [])
        ),
        breaks={"UserGroupIds": ["nobody"]},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="Redis OSS takes user groups of the engine redis alone",
        source=f"{GUIDE}Role-Based Access Control (RBAC)",
        refuses=lambda request, account: (
            request["Engine"] == "redis"
            and any(
                account.cache.user_groups[group]["Engine"] == "valkey"
                for group in request.get("UserGroupIds", [])
                if group in account.cache.user_groups
            )
        ),
        breaks={"UserGroupIds": ["valkey-users"]},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterValue",
        words="Snapshots are kept for 35 days at most",
        source=f"{PROVIDER}replication_group.go, snapshot_retention_limit",
        refuses=lambda request, _: request.get("SnapshotRetentionLimit", 0) > 35,
        breaks={"SnapshotRetentionLimit": 36},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterValue",
        words="The snapshot window is not one of an hour or more",
        source=f"{API}CreateReplicationGroup, SnapshotWindow",
        refuses=lambda request, _: _is_no_window(windows.daily, request.get("SnapshotWindow", "00:00-01:00")),
        breaks={"SnapshotWindow": "01:00-01:30"},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterValue",
        words="The maintenance window is not one of an hour or more",
        source=f"{API}CreateReplicationGroup, PreferredMaintenanceWindow",
        refuses=lambda request, _: _is_no_window(
            windows.weekly, request.get("PreferredMaintenanceWindow", "sun:00:00-sun:01:00")
        ),
        breaks={"PreferredMaintenanceWindow": "sun:03:00-sun:03:30"},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="A key needs encryption at rest",
        source=f"{API}CreateReplicationGroup, KmsKeyId",
        refuses=lambda request, _: "KmsKeyId" in request and not request.get("AtRestEncryptionEnabled"),
        breaks={"AtRestEncryptionEnabled": False},
    ),
    Refusal(
        operation=CREATE,
        code="CacheParameterGroupNotFound",
        words="There is no such parameter group",
        source=f"{API}CreateReplicationGroup, Errors",
        refuses=lambda request, account: request["CacheParameterGroupName"] not in account.cache.parameter_groups,
        breaks={"CacheParameterGroupName": "nothing"},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="The parameter group is of another family",
        source="cloudposse/terraform-aws-elasticache-redis issues 178 and 201",
        refuses=lambda request, account: _group_family(request, account, request["Engine"], request["EngineVersion"]),
        breaks={"CacheParameterGroupName": "valkey8"},
    ),
    Refusal(
        operation=CREATE,
        code="CacheSubnetGroupNotFoundFault",
        words="There is no such subnet group",
        source=f"{API}CreateReplicationGroup, Errors",
        refuses=lambda request, account: request["CacheSubnetGroupName"] not in account.cache.moto.cache_subnet_groups,
        breaks={"CacheSubnetGroupName": "nothing", "MultiAZEnabled": False},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterValue",
        words="A security group is not one of the subnets' VPC",
        source=f"{GUIDE}Amazon VPCs and ElastiCache security",
        refuses=_foreign_security_group,
        breaks={"SecurityGroupIds": ["sg-00000000000000000"]},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="The mode of encryption in transit needs the encryption",
        source=f"{API}CreateReplicationGroup, TransitEncryptionMode",
        refuses=lambda request, _: "TransitEncryptionMode" in request and not request.get("TransitEncryptionEnabled"),
        breaks={"TransitEncryptionMode": "required", "TransitEncryptionEnabled": False, "UserGroupIds": None},
    ),
    Refusal(
        operation=CREATE,
        code="InvalidParameterCombination",
        words="A log goes to one account",
        source=f"{API}LogDeliveryConfigurationRequest; terraform-aws-modules/terraform-aws-elasticache issue 16",
        refuses=lambda request, _: (
            len({each["LogType"] for each in request.get("LogDeliveryConfigurations", [])})
            < len(request.get("LogDeliveryConfigurations", []))
        ),
        breaks={
            "LogDeliveryConfigurations": [
                {
                    "LogType": "slow-log",
                    "LogFormat": "json",
                    "DestinationType": "cloudwatch-logs",
                    "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": name}},
                }
                for name in ("one", "two")
            ]
        },
    ),
    # Replication groups: changes and the end.
    Refusal(
        operation=MODIFY,
        code="InvalidParameterCombination",
        words="An engine is never downgraded",
        source=f"{PROVIDER}engine_version.go, engineVersionForceNewOnDowngrade",
        refuses=_is_downgrade,
        breaks={"EngineVersion": "7.0"},
    ),
    Refusal(
        operation=MODIFY,
        code="InvalidParameterValue",
        words="To modify the log delivery configuration, set the apply-immediately parameter to true.",
        source=f"terraform-provider-aws issue 49842; {GUIDE}Log delivery",
        refuses=lambda request, _: "LogDeliveryConfigurations" in request and not request.get("ApplyImmediately"),
        breaks={"ApplyImmediately": False, "LogDeliveryConfigurations": []},
    ),
    Refusal(
        operation=MODIFY,
        code="InvalidParameterCombination",
        words="Another engine needs its version in the same request",
        source=f"{PROVIDER}replication_group.go, resourceReplicationGroupUpdate; issue 41181",
        refuses=lambda request, _: "Engine" in request and "EngineVersion" not in request,
        breaks={"Engine": "valkey"},
    ),
    Refusal(
        operation=MODIFY,
        code="InvalidParameterCombination",
        words="The parameter group is of another family",
        source="cloudposse/terraform-aws-elasticache-redis issues 178 and 201",
        refuses=lambda request, account: _group_family(request, account, *_engine_after(request, account)),
        breaks={"CacheParameterGroupName": "valkey8"},
    ),
    Refusal(
        operation=MODIFY,
        code="InvalidParameterValue",
        words="The node type is not one of this region",
        source="cfn-lint, cachenodetype_enum.json",
        refuses=lambda request, account: (
            "CacheNodeType" in request and request["CacheNodeType"] not in node_types(account.cache.region)
        ),
        breaks={"CacheNodeType": "cache.r7g.tiny"},
    ),
    Refusal(
        operation=MODIFY,
        code="InvalidParameterCombination",
        words="Encryption in transit goes by preferred to required, a step at a time",
        source=f"{GUIDE}Enabling in-transit encryption on an existing cluster; terraform-provider-aws issue 33906",
        refuses=lambda request, account: (
            request.get("TransitEncryptionMode") == "required"
            and not account.cache.group(request["ReplicationGroupId"]).transit_encryption_mode
        ),
        breaks={"ReplicationGroupId": "plain", "TransitEncryptionMode": "required"},
    ),
    Refusal(
        operation="DecreaseReplicaCount",
        code="InvalidReplicationGroupState",
        words="Automatic failover needs a replica",
        source=f"{API}DecreaseReplicaCount, NewReplicaCount",
        refuses=lambda request, account: (
            request["NewReplicaCount"] < 1
            and account.cache.group(request["ReplicationGroupId"]).automatic_failover == "enabled"
        ),
    ),
    Refusal(
        operation="DeleteReplicationGroup",
        code="SnapshotAlreadyExistsFault",
        words="There is a snapshot of that name",
        source=f"{API}DeleteReplicationGroup, Errors; cloudposse/terraform-aws-elasticache-redis issue 120",
        refuses=lambda request, account: request.get("FinalSnapshotIdentifier") in account.cache.moto.snapshots,
    ),
    # What replication groups use.
    Refusal(
        operation="CreateCacheParameterGroup",
        code="InvalidParameterValue",
        words="There is no such family",
        source=f"{API}CreateCacheParameterGroup, CacheParameterGroupFamily",
        refuses=lambda request, _: (
            request["CacheParameterGroupFamily"] not in {"redis6.x", "redis7", "valkey7", "valkey8"}
        ),
        breaks={"CacheParameterGroupFamily": "redis8"},
    ),
    Refusal(
        operation="CreateCacheParameterGroup",
        code="CacheParameterGroupAlreadyExists",
        words="There is a parameter group of that name",
        source=f"{API}CreateCacheParameterGroup, Errors",
        refuses=lambda request, account: request["CacheParameterGroupName"] in account.cache.parameter_groups,
        breaks={"CacheParameterGroupName": "redis7"},
    ),
    Refusal(
        operation="ModifyCacheParameterGroup",
        code="InvalidParameterValue",
        words="There is no such parameter, or it may not be set",
        source=f"{GUIDE}Engine specific parameters; cloudposse/terraform-aws-elasticache-redis issue 212",
        refuses=lambda request, _: any(
            each["ParameterName"] not in KNOWN_PARAMETERS for each in request["ParameterNameValues"]
        ),
        breaks={"ParameterNameValues": [{"ParameterName": "maxmemory", "ParameterValue": "1"}]},
    ),
    Refusal(
        operation="DeleteCacheParameterGroup",
        code="InvalidCacheParameterGroupState",
        words="The parameter group is in use",
        source=f"{API}DeleteCacheParameterGroup, Errors; pulumi-aws issue 427",
        refuses=lambda request, account: _uses(
            "cache_parameter_group_name", request["CacheParameterGroupName"], account
        ),
    ),
    Refusal(
        operation="DeleteCacheSubnetGroup",
        code="CacheSubnetGroupInUse",
        words="The subnet group is in use",
        source=f"{API}DeleteCacheSubnetGroup, Errors",
        refuses=lambda request, account: _uses("cache_subnet_group_name", request["CacheSubnetGroupName"], account),
    ),
    Refusal(
        operation="CreateUser",
        code="InvalidParameterValue",
        words="A password has 16 to 128 characters",
        source=f"{GUIDE}Role-Based Access Control (RBAC); {PROVIDER}user.go, passwords",
        refuses=lambda request, _: any(
            not 16 <= len(password) <= 128 for password in request.get("AuthenticationMode", {}).get("Passwords", [])
        ),
        breaks={"AuthenticationMode": {"Type": "password", "Passwords": ["too-short"]}},
    ),
    Refusal(
        operation="CreateUser",
        code="InvalidParameterValue",
        words="A password is no part of an access string, and neither is reset",
        source=f"{GUIDE}Role-Based Access Control (RBAC)",
        refuses=lambda request, _: any(
            rule.startswith((">", "<", "#", "!")) or rule in {"nopass", "reset"}
            for rule in request["AccessString"].split()
        ),
        breaks={"AccessString": "on ~* +@all >0123456789abcdef"},
    ),
    Refusal(
        operation="CreateUser",
        code="InvalidParameterValue",
        words="The user id is not valid",
        source="cfn-lint, AWS::ElastiCache::User, UserId",
        refuses=lambda request, _: (
            len(request["UserId"]) > 40 or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", request["UserId"])
        ),
        breaks={"UserId": "Hospitality"},
    ),
    Refusal(
        operation="DeleteUser",
        code="DefaultUserAssociatedToUserGroup",
        words="The default user of a group stays with it",
        source=f"{API}DeleteUser, Errors",
        refuses=lambda request, account: any(
            request["UserId"] in group["UserIds"] for group in account.cache.user_groups.values()
        ),
    ),
    Refusal(
        operation="CreateUserGroup",
        code="UserNotFound",
        words="There is no such user",
        source=f"{API}CreateUserGroup, Errors",
        refuses=lambda request, account: any(
            user not in account.cache.moto.users for user in request.get("UserIds", [])
        ),
        breaks={"UserIds": ["default-user", "nobody"]},
    ),
    Refusal(
        operation="CreateUserGroup",
        code="DefaultUserRequired",
        words="A group needs a user named default",
        source=f"{API}CreateUserGroup, Errors; terraform-provider-aws issue 25593",
        refuses=_users_missing_default,
        breaks={"UserIds": ["reader"]},
    ),
    Refusal(
        operation="CreateUserGroup",
        code="InvalidParameterCombination",
        words="Every user of a group of Valkey has a password",
        source=f"{GUIDE}Role-Based Access Control (RBAC); terraform-provider-aws issue 34784",
        refuses=lambda request, account: (
            request["Engine"].lower() == "valkey"
            and any(
                account.cache.moto.users[user].no_password_required
                for user in request.get("UserIds", [])
                if user in account.cache.moto.users
            )
        ),
        breaks={"Engine": "valkey", "UserIds": ["default"]},
    ),
    Refusal(
        operation="DeleteUserGroup",
        code="InvalidUserGroupState",
        words="The user group is in use",
        source=f"{API}DeleteUserGroup, Errors",
        refuses=lambda request, account: _uses("user_group_ids", request["UserGroupId"], account),
    ),
    # Around the cache.
    Refusal(
        operation="DeleteSecurityGroup",
        code="DependencyViolation",
        words="The security group is in use",
        source="EC2 API reference, DeleteSecurityGroup; cloudposse/terraform-aws-elasticache-redis issues 116 and 121",
        refuses=lambda request, account: (
            _uses("security_group_ids", request["GroupId"], account) or _used_by_a_function(request["GroupId"], account)
        ),
    ),
    Refusal(
        operation="CreateSecurityGroup",
        code="InvalidParameterValue",
        words="The description has a character that it may not have, or more than 255",
        source="EC2 API reference, CreateSecurityGroup, GroupDescription",
        refuses=lambda request, _: (
            not re.fullmatch(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}", request["Description"])
        ),
        breaks={"Description": "the hotel's cache"},
    ),
    Refusal(
        operation="AuthorizeSecurityGroupIngress",
        code="InvalidParameterValue",
        words="The network has bits set behind its mask",
        source="EC2 API reference, IpRange, CidrIp",
        refuses=lambda request, _: any(
            ipaddress.ip_interface(each["CidrIp"]).network.with_prefixlen != each["CidrIp"]
            for permission in request["IpPermissions"]
            for each in permission.get("IpRanges", [])
        ),
        breaks={
            "IpPermissions": [
                {"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "IpRanges": [{"CidrIp": "10.0.0.1/16"}]}
            ]
        },
    ),
    Refusal(
        operation="CreateLogGroup",
        code="InvalidParameterException",
        words="The key does not exist or is not allowed to be used by CloudWatch Logs",
        source="CloudWatch Logs User Guide, Encrypt log data using AWS KMS",
        refuses=_logs_may_not_use_the_key,
        breaks={"kmsKeyId": "a-key-without-logs"},
    ),
    # The verifier's function.
    Refusal(
        operation="CreateFunction",
        code="InvalidParameterValueException",
        words="There is no such runtime",
        source="botocore, Lambda's service model, Runtime",
        refuses=lambda request, _: request["Runtime"] not in runtimes(),
        breaks={"Runtime": "python3.99"},
    ),
    Refusal(
        operation="CreateFunction",
        code="InvalidParameterValueException",
        words="The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
        source="Lambda Developer Guide, Giving Lambda functions access to resources in an Amazon VPC",
        refuses=_no_network_interface,
        breaks={"Role": "arn:aws:iam::123456789012:role/without-a-policy"},
    ),
)
