"""Pulumi's provider of AWS, for the types that we declare: inputs to requests, and answers to outputs.

Outputs are what the API says, read after every operation, and a preview compares the inputs with them: an input that
AWS answers otherwise is a change in every preview, as it is with the real provider.
"""

import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from runner.inprocess.providers import Diff, Properties, Provider, ProviderError

if TYPE_CHECKING:
    from tests.standins.aws import Account

Tags = dict[str, str]


class AwsResource:
    """What all types have in common."""

    # Another value of one of these is another resource.
    replaces: ClassVar[frozenset[str]] = frozenset()
    # Whether Pulumi makes up the name where none is given.
    is_named = False

    def __init__(self, account: "Account") -> None:
        self.account = account

    def check(self, olds: Properties, news: Properties) -> tuple[Properties, list[str]]:
        """Make up a name."""
        if self.is_named and "name" not in news:
            return {**news, "name": olds.get("name", f"made-up-{secrets.token_hex(4)}")}, []
        return news, []

    def diff(self, id_: str, olds: Properties, outputs: Properties, news: Properties) -> Diff:
        """Compare the inputs with what the API said last."""
        del id_
        changed = {key for key in news if not same(news[key], outputs.get(key))} | (olds.keys() - news.keys())
        return Diff(changes=bool(changed), replaces=sorted(changed & self.replaces))

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Create it, and read it."""
        id_ = self.make(news)
        return id_, self._read(id_, news)

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        """Look at it."""
        return None if self.describe(id_) is None else self._read(id_, outputs)

    def update(self, id_: str, outputs: Properties, news: Properties) -> Properties:
        """Change what differs."""
        changed = {key for key in news if not same(news[key], outputs.get(key))}
        if "tags" in changed:
            self.tag(id_, outputs, news["tags"])
        self.change(id_, {key: news[key] for key in changed - {"tags"}}, news)
        return self._read(id_, {**outputs, **news})

    def delete(self, id_: str, outputs: Properties) -> None:
        """Delete it."""
        self.remove(id_, outputs)

    def _read(self, id_: str, known: Properties) -> Properties:
        return {**known, **(self.describe(id_) or {})}

    def make(self, news: Properties) -> str:
        """Create it and give its id."""
        raise NotImplementedError

    def describe(self, id_: str) -> Properties | None:
        """Return what the API says of it."""
        raise NotImplementedError

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        """Change some inputs in place."""
        del news
        if changed:
            raise NotImplementedError(f"{type(self).__name__} {id_}: {', '.join(changed)} in place")

    def remove(self, id_: str, outputs: Properties) -> None:
        """Delete it."""
        raise NotImplementedError

    def tag(self, id_: str, outputs: Properties, tags: Tags) -> None:
        """Put tags on it."""
        raise NotImplementedError


def same(one: Any, other: Any) -> bool:
    """Compare values as the provider does: lists are sets, and JSON is what it says."""
    if isinstance(one, list) and isinstance(other, list):
        one_set, other_set = (sorted(json.dumps(each, sort_keys=True) for each in values) for values in (one, other))
        return bool(one_set == other_set)
    if isinstance(one, str) and isinstance(other, str) and one.startswith("{"):
        return bool(json.loads(one) == json.loads(other))
    return bool(one == other)


def pairs(tags: Tags | None) -> list[dict[str, str]]:
    """Return tags as most services want them."""
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


def mapping(tags: list[dict[str, str]]) -> Tags:
    """Return tags as Pulumi has them."""
    return {tag["Key"]: tag["Value"] for tag in tags}


class _Ec2(AwsResource):
    kind = ""

    def _specification(self, news: Properties) -> list[dict[str, Any]]:
        return [{"ResourceType": self.kind, "Tags": pairs(news.get("tags"))}] if news.get("tags") else []

    def tag(self, id_: str, outputs: Properties, tags: Tags) -> None:
        del outputs
        self.account.ec2.create_tags(Resources=[id_], Tags=pairs(tags))


class Vpc(_Ec2):
    """aws:ec2/vpc:Vpc."""

    kind = "vpc"
    replaces = frozenset({"cidrBlock"})

    def make(self, news: Properties) -> str:
        vpc = self.account.ec2.create_vpc(CidrBlock=news["cidrBlock"], TagSpecifications=self._specification(news))
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            self.account.ec2.modify_vpc_attribute(
                VpcId=vpc["Vpc"]["VpcId"], **{f"E{name[1:]}": {"Value": news.get(name, True)}}
            )
        return str(vpc["Vpc"]["VpcId"])

    def describe(self, id_: str) -> Properties | None:
        found = self.account.ec2.describe_vpcs(Filters=[{"Name": "vpc-id", "Values": [id_]}])["Vpcs"]
        return {"cidrBlock": found[0]["CidrBlock"], "tags": mapping(found[0]["Tags"])} if found else None

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.ec2.delete_vpc(VpcId=id_)


class Subnet(_Ec2):
    """aws:ec2/subnet:Subnet."""

    kind = "subnet"
    replaces = frozenset({"cidrBlock", "vpcId", "availabilityZone"})

    def make(self, news: Properties) -> str:
        subnet = self.account.ec2.create_subnet(
            VpcId=news["vpcId"],
            CidrBlock=news["cidrBlock"],
            AvailabilityZone=news["availabilityZone"],
            TagSpecifications=self._specification(news),
        )
        return str(subnet["Subnet"]["SubnetId"])

    def describe(self, id_: str) -> Properties | None:
        found = self.account.ec2.describe_subnets(Filters=[{"Name": "subnet-id", "Values": [id_]}])["Subnets"]
        return (
            {
                "vpcId": found[0]["VpcId"],
                "cidrBlock": found[0]["CidrBlock"],
                "availabilityZone": found[0]["AvailabilityZone"],
                "mapPublicIpOnLaunch": found[0]["MapPublicIpOnLaunch"],
                "tags": mapping(found[0]["Tags"]),
            }
            if found
            else None
        )

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.ec2.delete_subnet(SubnetId=id_)


class SecurityGroup(_Ec2):
    """aws:ec2/securityGroup:SecurityGroup."""

    kind = "security-group"
    is_named = True
    replaces = frozenset({"name", "description", "vpcId"})

    def make(self, news: Properties) -> str:
        made = self.account.ec2.create_security_group(
            GroupName=news["name"],
            Description=news["description"],
            VpcId=news["vpcId"],
            TagSpecifications=self._specification(news),
        )
        id_ = str(made["GroupId"])
        # The provider takes off the rule that AWS begins with (Pulumi's aws.ec2.SecurityGroup, "egress").
        rules = self.account.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [id_]}])
        for rule in rules["SecurityGroupRules"]:
            self.account.ec2.revoke_security_group_egress(
                GroupId=id_, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
            )
        return id_

    def describe(self, id_: str) -> Properties | None:
        filters = [{"Name": "group-id", "Values": [id_]}]
        found = self.account.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        if not found:
            return None
        return {
            "name": found[0]["GroupName"],
            "description": found[0]["Description"],
            "vpcId": found[0]["VpcId"],
            "tags": mapping(found[0].get("Tags", [])),
            "arn": f"arn:aws:ec2:{self.account.region}:{self.account.id}:security-group/{id_}",
        }

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.ec2.delete_security_group(GroupId=id_)


class DefaultSecurityGroup(SecurityGroup):
    """aws:ec2/defaultSecurityGroup:DefaultSecurityGroup: taken over with its rules taken off, and never deleted."""

    is_named = False

    def make(self, news: Properties) -> str:
        filters = [{"Name": "vpc-id", "Values": [news["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
        (group,) = self.account.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        for permissions, revoke in (
            (group["IpPermissions"], self.account.ec2.revoke_security_group_ingress),
            (group["IpPermissionsEgress"], self.account.ec2.revoke_security_group_egress),
        ):
            if permissions:
                revoke(GroupId=group["GroupId"], IpPermissions=permissions)
        self.account.ec2.create_tags(Resources=[group["GroupId"]], Tags=pairs(news.get("tags")))
        return str(group["GroupId"])

    def remove(self, id_: str, outputs: Properties) -> None:
        """Leave it: it goes with its VPC."""


class _Rule(_Ec2):
    kind = "security-group-rule"
    direction = ""
    replaces = frozenset(
        {"securityGroupId", "cidrIpv4", "referencedSecurityGroupId", "ipProtocol", "fromPort", "toPort", "description"}
    )

    def make(self, news: Properties) -> str:
        permission: dict[str, Any] = {
            "IpProtocol": news["ipProtocol"],
            "FromPort": news["fromPort"],
            "ToPort": news["toPort"],
        }
        if "cidrIpv4" in news:
            permission["IpRanges"] = [{"CidrIp": news["cidrIpv4"], "Description": news["description"]}]
        else:
            permission["UserIdGroupPairs"] = [
                {"GroupId": news["referencedSecurityGroupId"], "Description": news["description"]}
            ]
        authorize = getattr(self.account.ec2, f"authorize_security_group_{self.direction}")
        made = authorize(
            GroupId=news["securityGroupId"], IpPermissions=[permission], TagSpecifications=self._specification(news)
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def describe(self, id_: str) -> Properties | None:
        try:
            found = self.account.ec2.describe_security_group_rules(SecurityGroupRuleIds=[id_])["SecurityGroupRules"]
        except ClientError:
            return None
        rule = found[0]
        read = {"cidrIpv4": rule["CidrIpv4"]} if "CidrIpv4" in rule else {}
        if "ReferencedGroupInfo" in rule:
            read = {"referencedSecurityGroupId": rule["ReferencedGroupInfo"]["GroupId"]}
        if rule.get("Description"):  # which moto leaves out where the source is a group
            read["description"] = rule["Description"]
        return {
            **read,
            "securityGroupId": rule["GroupId"],
            "ipProtocol": rule["IpProtocol"],
            "fromPort": rule["FromPort"],
            "toPort": rule["ToPort"],
            "tags": mapping(rule.get("Tags", [])),
        }

    def remove(self, id_: str, outputs: Properties) -> None:
        revoke = getattr(self.account.ec2, f"revoke_security_group_{self.direction}")
        revoke(GroupId=outputs["securityGroupId"], SecurityGroupRuleIds=[id_])


class IngressRule(_Rule):
    """aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule."""

    direction = "ingress"


class EgressRule(_Rule):
    """aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule."""

    direction = "egress"


class Key(AwsResource):
    """aws:kms/key:Key."""

    def make(self, news: Properties) -> str:
        tags = [{"TagKey": key, "TagValue": value} for key, value in news.get("tags", {}).items()]
        made = self.account.kms.create_key(Description=news["description"], Policy=news["policy"], Tags=tags)
        id_ = str(made["KeyMetadata"]["KeyId"])
        if news.get("enableKeyRotation"):
            self.account.kms.enable_key_rotation(KeyId=id_)
        return id_

    def describe(self, id_: str) -> Properties | None:
        key = self.account.kms.describe_key(KeyId=id_)["KeyMetadata"]
        if key["KeyState"] == "PendingDeletion":
            return None
        tags = self.account.kms.list_resource_tags(KeyId=id_)["Tags"]
        return {
            "arn": key["Arn"],
            "keyId": id_,
            "description": key["Description"],
            "enableKeyRotation": self.account.kms.get_key_rotation_status(KeyId=id_)["KeyRotationEnabled"],
            "policy": self.account.kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
            "tags": {tag["TagKey"]: tag["TagValue"] for tag in tags},
        }

    def remove(self, id_: str, outputs: Properties) -> None:
        self.account.kms.schedule_key_deletion(KeyId=id_, PendingWindowInDays=outputs["deletionWindowInDays"])

    def tag(self, id_: str, outputs: Properties, tags: Tags) -> None:
        del outputs
        self.account.kms.tag_resource(
            KeyId=id_, Tags=[{"TagKey": key, "TagValue": value} for key, value in tags.items()]
        )


class Alias(AwsResource):
    """aws:kms/alias:Alias."""

    replaces = frozenset({"name"})

    def make(self, news: Properties) -> str:
        self.account.kms.create_alias(AliasName=news["name"], TargetKeyId=news["targetKeyId"])
        return str(news["name"])

    def describe(self, id_: str) -> Properties | None:
        for alias in self.account.kms.list_aliases()["Aliases"]:
            if alias["AliasName"] == id_:
                return {"name": id_, "targetKeyId": alias["TargetKeyId"], "arn": alias["AliasArn"]}
        return None

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.kms.delete_alias(AliasName=id_)


class LogGroup(AwsResource):
    """aws:cloudwatch/logGroup:LogGroup."""

    replaces = frozenset({"name"})

    def make(self, news: Properties) -> str:
        key = {"kmsKeyId": news["kmsKeyId"]} if news.get("kmsKeyId") else {}
        self.account.logs.create_log_group(logGroupName=news["name"], tags=news.get("tags", {}), **key)
        self.account.logs.put_retention_policy(logGroupName=news["name"], retentionInDays=news["retentionInDays"])
        return str(news["name"])

    def describe(self, id_: str) -> Properties | None:
        for group in self.account.logs.describe_log_groups(logGroupNamePrefix=id_)["logGroups"]:
            if group["logGroupName"] == id_:
                return {
                    "name": id_,
                    "arn": group["arn"].removesuffix(":*"),
                    "retentionInDays": group.get("retentionInDays", 0),
                    "kmsKeyId": group.get("kmsKeyId", ""),
                    "tags": self.account.logs.list_tags_log_group(logGroupName=id_)["tags"],
                }
        return None

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.logs.delete_log_group(logGroupName=id_)

    def tag(self, id_: str, outputs: Properties, tags: Tags) -> None:
        del outputs
        self.account.logs.tag_log_group(logGroupName=id_, tags=tags)


class _ElastiCache(AwsResource):
    kind = ""

    def _tags(self, name: str) -> Tags:
        arn = self.account.cache.arn(self.kind, name)
        return mapping(self.account.elasticache.list_tags_for_resource(ResourceName=arn)["TagList"])

    def tag(self, id_: str, outputs: Properties, tags: Tags) -> None:
        del id_
        self.account.elasticache.add_tags_to_resource(ResourceName=outputs["arn"], Tags=pairs(tags))


class SubnetGroup(_ElastiCache):
    """aws:elasticache/subnetGroup:SubnetGroup."""

    kind = "subnetgroup"
    is_named = True
    replaces = frozenset({"name"})

    def make(self, news: Properties) -> str:
        self.account.elasticache.create_cache_subnet_group(
            CacheSubnetGroupName=news["name"],
            CacheSubnetGroupDescription=news["description"],
            SubnetIds=news["subnetIds"],
            Tags=pairs(news.get("tags")),
        )
        return str(news["name"])

    def describe(self, id_: str) -> Properties | None:
        try:
            found = self.account.elasticache.describe_cache_subnet_groups(CacheSubnetGroupName=id_)
        except ClientError:
            return None
        group = found["CacheSubnetGroups"][0]
        return {
            "name": id_,
            "description": group["CacheSubnetGroupDescription"],
            "subnetIds": [subnet["SubnetIdentifier"] for subnet in group["Subnets"]],
            "vpcId": group["VpcId"],
            "arn": self.account.cache.arn(self.kind, id_),
            "tags": self._tags(id_),
        }

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        del changed
        self.account.elasticache.modify_cache_subnet_group(CacheSubnetGroupName=id_, SubnetIds=news["subnetIds"])

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.elasticache.delete_cache_subnet_group(CacheSubnetGroupName=id_)


class ParameterGroup(_ElastiCache):
    """aws:elasticache/parameterGroup:ParameterGroup."""

    kind = "parametergroup"
    is_named = True
    replaces = frozenset({"name", "family", "description"})

    def make(self, news: Properties) -> str:
        self.account.elasticache.create_cache_parameter_group(
            CacheParameterGroupName=news["name"],
            CacheParameterGroupFamily=news["family"],
            Description=news["description"],
            Tags=pairs(news.get("tags")),
        )
        if news["parameters"]:
            self.change(news["name"], news, news)
        return str(news["name"])

    def describe(self, id_: str) -> Properties | None:
        client = self.account.elasticache
        try:
            group = client.describe_cache_parameter_groups(CacheParameterGroupName=id_)["CacheParameterGroups"][0]
        except ClientError:
            return None
        parameters = client.describe_cache_parameters(CacheParameterGroupName=id_, Source="user")["Parameters"]
        return {
            "name": id_,
            "family": group["CacheParameterGroupFamily"],
            "description": group["Description"],
            "parameters": [{"name": each["ParameterName"], "value": each["ParameterValue"]} for each in parameters],
            "arn": group["ARN"],
            "tags": self._tags(id_),
        }

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        """Set those of now, and reset those that are no more (parameter_group.go)."""
        del changed
        client = self.account.elasticache
        before = client.describe_cache_parameters(CacheParameterGroupName=id_, Source="user")["Parameters"]
        wanted = [{"ParameterName": each["name"], "ParameterValue": each["value"]} for each in news["parameters"]]
        names = {each["ParameterName"] for each in wanted}
        gone = [each for each in before if each["ParameterName"] not in names]
        if gone:
            client.reset_cache_parameter_group(
                CacheParameterGroupName=id_,
                ParameterNameValues=[
                    {name: each[name] for name in ("ParameterName", "ParameterValue")} for each in gone
                ],
            )
        if wanted:
            client.modify_cache_parameter_group(CacheParameterGroupName=id_, ParameterNameValues=wanted)

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.elasticache.delete_cache_parameter_group(CacheParameterGroupName=id_)


class User(_ElastiCache):
    """aws:elasticache/user:User."""

    kind = "user"
    replaces = frozenset({"userId", "userName"})

    def make(self, news: Properties) -> str:
        mode = news["authenticationMode"]
        self.account.elasticache.create_user(
            UserId=news["userId"],
            UserName=news["userName"],
            Engine=news["engine"],
            AccessString=news["accessString"],
            AuthenticationMode={"Type": mode["type"], "Passwords": mode["passwords"]},
            Tags=pairs(news.get("tags")),
        )
        return str(news["userId"])

    def describe(self, id_: str) -> Properties | None:
        try:
            user = self.account.elasticache.describe_users(UserId=id_)["Users"][0]
        except ClientError:
            return None
        return {
            "userId": id_,
            "userName": user["UserName"],
            "engine": user["Engine"],
            "accessString": user["AccessString"],
            "arn": user["ARN"],
            "tags": self._tags(id_),
        }

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        request: dict[str, Any] = {}
        if "accessString" in changed:
            request["AccessString"] = news["accessString"]
        if "authenticationMode" in changed:
            mode = news["authenticationMode"]
            request["AuthenticationMode"] = {"Type": mode["type"], "Passwords": mode["passwords"]}
        if request:
            self.account.elasticache.modify_user(UserId=id_, **request)

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.elasticache.delete_user(UserId=id_)


class UserGroup(_ElastiCache):
    """aws:elasticache/userGroup:UserGroup."""

    kind = "usergroup"
    replaces = frozenset({"userGroupId"})

    def make(self, news: Properties) -> str:
        self.account.elasticache.create_user_group(
            UserGroupId=news["userGroupId"],
            Engine=news["engine"],
            UserIds=news["userIds"],
            Tags=pairs(news.get("tags")),
        )
        return str(news["userGroupId"])

    def describe(self, id_: str) -> Properties | None:
        try:
            group = self.account.elasticache.describe_user_groups(UserGroupId=id_)["UserGroups"][0]
        except ClientError:
            return None
        return {
            "userGroupId": id_,
            "engine": group["Engine"],
            "userIds": group["UserIds"],
            "arn": group["ARN"],
            "tags": self._tags(id_),
        }

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.elasticache.delete_user_group(UserGroupId=id_)


class ReplicationGroup(_ElastiCache):
    """aws:elasticache/replicationGroup:ReplicationGroup (terraform-provider-aws, replication_group.go)."""

    kind = "replicationgroup"
    replaces = frozenset(
        {"replicationGroupId", "kmsKeyId", "atRestEncryptionEnabled", "port", "subnetGroupName", "networkType"}
    )
    requests: ClassVar[dict[str, str]] = {
        "description": "ReplicationGroupDescription",
        "engine": "Engine",
        "engineVersion": "EngineVersion",
        "autoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
        "nodeType": "CacheNodeType",
        "automaticFailoverEnabled": "AutomaticFailoverEnabled",
        "multiAzEnabled": "MultiAZEnabled",
        "parameterGroupName": "CacheParameterGroupName",
        "securityGroupIds": "SecurityGroupIds",
        "transitEncryptionMode": "TransitEncryptionMode",
        "snapshotRetentionLimit": "SnapshotRetentionLimit",
        "snapshotWindow": "SnapshotWindow",
        "maintenanceWindow": "PreferredMaintenanceWindow",
        "logDeliveryConfigurations": "LogDeliveryConfigurations",
    }
    creation: ClassVar[dict[str, str]] = {
        **requests,
        "numCacheClusters": "NumCacheClusters",
        "port": "Port",
        "subnetGroupName": "CacheSubnetGroupName",
        "transitEncryptionEnabled": "TransitEncryptionEnabled",
        "atRestEncryptionEnabled": "AtRestEncryptionEnabled",
        "kmsKeyId": "KmsKeyId",
        "userGroupIds": "UserGroupIds",
        "authToken": "AuthToken",
    }

    def diff(self, id_: str, olds: Properties, outputs: Properties, news: Properties) -> Diff:
        """A downgrade replaces, too (engine_version.go)."""
        found = super().diff(id_, olds, outputs, news)
        if (outputs["engine"], news["engine"]) == ("valkey", "redis") or (
            float(news["engineVersion"]) < float(outputs["engineVersion"])
        ):
            return Diff(changes=True, replaces=[*found.replaces, "engineVersion"])
        return found

    def make(self, news: Properties) -> str:
        request = {name: news[key] for key, name in self.creation.items() if key in news}
        request["LogDeliveryConfigurations"] = log_deliveries(news)
        self.account.elasticache.create_replication_group(
            ReplicationGroupId=news["replicationGroupId"],
            Tags=pairs(news.get("tags")),
            **request,
        )
        return str(news["replicationGroupId"])

    def describe(self, id_: str) -> Properties | None:
        client = self.account.elasticache
        try:
            group = client.describe_replication_groups(ReplicationGroupId=id_)["ReplicationGroups"][0]
        except ClientError:
            return None
        member = group["NodeGroups"][0]["NodeGroupMembers"][0]["CacheClusterId"]
        cluster = client.describe_cache_clusters(CacheClusterId=member, ShowCacheNodeInfo=True)["CacheClusters"][0]
        node_group = group["NodeGroups"][0]
        # What waits counts for the provider as what is (replication_group.go, since v6.58.0:
        # applyReplicationGroupPendingModifications).
        pending = cluster.get("PendingModifiedValues", {})
        version = pending.get("EngineVersion", cluster["EngineVersion"])
        return {
            "replicationGroupId": id_,
            "description": group["Description"],
            "engine": group["Engine"],
            "engineVersion": ".".join(version.split(".")[:2]),
            "engineVersionActual": version,
            "autoMinorVersionUpgrade": group["AutoMinorVersionUpgrade"],
            "nodeType": pending.get("CacheNodeType", group["CacheNodeType"]),
            "numCacheClusters": len(group["MemberClusters"]),
            "memberClusters": group["MemberClusters"],
            "automaticFailoverEnabled": group["AutomaticFailover"] == "enabled",
            "multiAzEnabled": group["MultiAZ"] == "enabled",
            "parameterGroupName": cluster["CacheParameterGroup"]["CacheParameterGroupName"],
            "port": node_group["PrimaryEndpoint"]["Port"],
            "subnetGroupName": cluster["CacheSubnetGroupName"],
            "securityGroupIds": [each["SecurityGroupId"] for each in cluster["SecurityGroups"]],
            "transitEncryptionEnabled": group["TransitEncryptionEnabled"],
            "transitEncryptionMode": group["TransitEncryptionMode"],
            "atRestEncryptionEnabled": group["AtRestEncryptionEnabled"],
            "kmsKeyId": group["KmsKeyId"],
            "userGroupIds": group["UserGroupIds"],
            "snapshotRetentionLimit": group["SnapshotRetentionLimit"],
            "snapshotWindow": group["SnapshotWindow"],
            "maintenanceWindow": cluster["PreferredMaintenanceWindow"],
            "logDeliveryConfigurations": read_log_deliveries(group),
            "primaryEndpointAddress": node_group["PrimaryEndpoint"]["Address"],
            "readerEndpointAddress": node_group["ReaderEndpoint"]["Address"],
            "arn": group["ARN"],
            "tags": self._tags(id_),
        }

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        """In the provider's order: more replicas, everything else, fewer replicas."""
        client = self.account.elasticache
        before = len(
            client.describe_replication_groups(ReplicationGroupId=id_)["ReplicationGroups"][0]["MemberClusters"]
        )
        replicas = {
            "ReplicationGroupId": id_,
            "NewReplicaCount": news["numCacheClusters"] - 1,
            "ApplyImmediately": True,
        }
        if news["numCacheClusters"] > before:
            client.increase_replica_count(**replicas)
        request = {name: news[key] for key, name in self.requests.items() if key in changed}
        if "EngineVersion" in request:
            request["Engine"] = news["engine"]
        if "LogDeliveryConfigurations" in request:
            request["LogDeliveryConfigurations"] = log_deliveries(news)
        if request:
            client.modify_replication_group(
                ReplicationGroupId=id_, ApplyImmediately=news.get("applyImmediately", False), **request
            )
        if news["numCacheClusters"] < before:
            client.decrease_replica_count(**replicas)

    def remove(self, id_: str, outputs: Properties) -> None:
        snapshot = outputs.get("finalSnapshotIdentifier")
        self.account.elasticache.delete_replication_group(
            ReplicationGroupId=id_, **({"FinalSnapshotIdentifier": snapshot} if snapshot else {})
        )


def log_deliveries(news: Properties) -> list[dict[str, Any]]:
    """Return the deliveries of logs as the API takes them."""
    return [
        {
            "LogType": each["logType"],
            "LogFormat": each["logFormat"],
            "DestinationType": each["destinationType"],
            "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": each["destination"]}},
        }
        for each in news.get("logDeliveryConfigurations", [])
    ]


def get_replication_group(account: "Account", arguments: Properties) -> Properties:
    """Answer aws:elasticache/getReplicationGroup (replication_group_data_source.go): what is, not what waits."""
    try:
        found = account.elasticache.describe_replication_groups(ReplicationGroupId=arguments["replicationGroupId"])
    except ClientError:
        # tfresource.SingularDataSourceFindError
        raise ProviderError("1 error occurred:\n\t* no matching ElastiCache Replication Group found") from None
    (group,) = found["ReplicationGroups"]
    return {
        "id": group["ReplicationGroupId"],
        "replicationGroupId": group["ReplicationGroupId"],
        "memberClusters": group["MemberClusters"],
        "nodeType": group["CacheNodeType"],
        "logDeliveryConfigurations": read_log_deliveries(group),
    }


def read_log_deliveries(group: Properties) -> list[Properties]:
    """Return the deliveries of logs as the provider has them (log_delivery_configuration.go)."""
    return [
        {
            "destination": each["DestinationDetails"]["CloudWatchLogsDetails"]["LogGroup"],
            "destinationType": each["DestinationType"],
            "logFormat": each["LogFormat"],
            "logType": each["LogType"],
        }
        for each in group["LogDeliveryConfigurations"]
    ]


def get_cluster(account: "Account", arguments: Properties) -> Properties:
    """Answer aws:elasticache/getCluster (cluster_data_source.go)."""
    (cluster,) = account.elasticache.describe_cache_clusters(CacheClusterId=arguments["clusterId"])["CacheClusters"]
    return {
        "id": cluster["CacheClusterId"],
        "clusterId": cluster["CacheClusterId"],
        "engine": cluster["Engine"],
        "engineVersion": cluster["EngineVersion"],
        "nodeType": cluster["CacheNodeType"],
    }


FUNCTIONS: dict[str, Callable[["Account", Properties], Properties]] = {
    "aws:elasticache/getCluster:getCluster": get_cluster,
    "aws:elasticache/getReplicationGroup:getReplicationGroup": get_replication_group,
}

PROVIDERS: dict[str, Callable[["Account"], Provider]] = {
    "aws:ec2/vpc:Vpc": Vpc,
    "aws:ec2/subnet:Subnet": Subnet,
    "aws:ec2/securityGroup:SecurityGroup": SecurityGroup,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": DefaultSecurityGroup,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": IngressRule,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": EgressRule,
    "aws:kms/key:Key": Key,
    "aws:kms/alias:Alias": Alias,
    "aws:cloudwatch/logGroup:LogGroup": LogGroup,
    "aws:elasticache/subnetGroup:SubnetGroup": SubnetGroup,
    "aws:elasticache/parameterGroup:ParameterGroup": ParameterGroup,
    "aws:elasticache/user:User": User,
    "aws:elasticache/userGroup:UserGroup": UserGroup,
    "aws:elasticache/replicationGroup:ReplicationGroup": ReplicationGroup,
}
