"""What Pulumi's provider asks of AWS for the resources of ElastiCache: infra/aws/grants.py says where it comes from."""

from typing import Final

from infra.aws import log_group
from infra.aws.grants import (
    CREATED_OURS,
    KEYS,
    OURS,
    PULUMIS_SUFFIX,
    TAGGED_OURS,
    on_no_others_key,
    through,
)
from infra.backends.elasticache.versions import VERSIONS
from infra.permission import EVERYWHERE, Grant, Permissions

_CACHE: Final = "arn:{partition}:elasticache:{region}:{account}"
_EC2: Final = "arn:{partition}:ec2:{region}:{account}"
# No pattern fits a name of a stack whose name begins with this one's (tests/operate/permissions/test_reach.py).
CACHE: Final = (
    *(f"{_CACHE}:{kind}:{{name}}" for kind in ("replicationgroup", "user", "usergroup")),
    # Its nodes, by AWS: -001 and so on.
    f"{_CACHE}:cluster:{{name}}-0??",
    *(f"{_CACHE}:parametergroup:{{name}}-{engine}?{PULUMIS_SUFFIX}" for engine in VERSIONS),
    f"{_CACHE}:subnetgroup:{{name}}{PULUMIS_SUFFIX}",
    # The last one, by replacement_guard.py.
    f"{_CACHE}:snapshot:{{name}}-final-????????",
)
GROUPS: Final = (f"{_EC2}:security-group/*",)
RULES: Final = (f"{_EC2}:security-group-rule/*",)
NETWORKS: Final = (f"{_EC2}:vpc/*",)
INTERFACES: Final = (f"{_EC2}:network-interface/*",)
ALIAS: Final = ("arn:{partition}:kms:{region}:{account}:alias/{name}",)

_RULE_OF_A_GROUP: Final = (
    Grant(on=EVERYWHERE, reads=("ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups")),
    # On the rule that is made, which has no tags yet, and on the group, which has ours.
    Grant(on=RULES, changes=("ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress")),
    Grant(
        on=GROUPS,
        changes=(
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:ModifySecurityGroupRules",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:RevokeSecurityGroupIngress",
        ),
        condition=OURS,
    ),
    Grant(on=RULES, changes=("ec2:CreateTags",), condition=TAGGED_OURS),
    Grant(on=RULES, changes=("ec2:CreateTags", "ec2:DeleteTags", "ec2:ModifySecurityGroupRules"), condition=OURS),
)

PERMISSIONS: Final[Permissions] = {
    **log_group.PERMISSIONS,
    "aws:ec2/securityGroup:SecurityGroup": (
        Grant(
            on=EVERYWHERE,
            reads=("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"),
        ),
        Grant(on=NETWORKS, changes=("ec2:CreateSecurityGroup",)),
        Grant(on=GROUPS, changes=("ec2:CreateSecurityGroup",), condition=CREATED_OURS),
        Grant(on=GROUPS, changes=("ec2:CreateTags",), condition=TAGGED_OURS),
        Grant(
            on=GROUPS,
            changes=(
                "ec2:CreateTags",
                "ec2:DeleteSecurityGroup",
                "ec2:DeleteTags",
                # The rule that lets everything out, which AWS gives every new group, is taken away.
                "ec2:RevokeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress",
            ),
            condition=OURS,
        ),
        # What a function leaves behind keeps its group from being deleted. It has no tags of ours, and no group is a
        # condition: the cache's subnets are the nearest that AWS can limit it to (Service Authorization Reference,
        # Amazon EC2, network-interface).
        Grant(
            on=INTERFACES,
            changes=("ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"),
            condition={"ArnLike": {"ec2:Subnet": f"{_EC2}:subnet/{{subnet}}"}},
        ),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _RULE_OF_A_GROUP,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _RULE_OF_A_GROUP,
    "aws:elasticache/parameterGroup:ParameterGroup": (
        Grant(
            on=CACHE,
            reads=(
                "elasticache:DescribeCacheParameterGroups",
                "elasticache:DescribeCacheParameters",
                "elasticache:ListTagsForResource",
            ),
            changes=(
                "elasticache:AddTagsToResource",
                "elasticache:CreateCacheParameterGroup",
                "elasticache:DeleteCacheParameterGroup",
                "elasticache:ModifyCacheParameterGroup",
                "elasticache:RemoveTagsFromResource",
                "elasticache:ResetCacheParameterGroup",
            ),
        ),
    ),
    "aws:elasticache/subnetGroup:SubnetGroup": (
        Grant(
            on=CACHE,
            reads=("elasticache:DescribeCacheSubnetGroups", "elasticache:ListTagsForResource"),
            changes=(
                "elasticache:AddTagsToResource",
                "elasticache:CreateCacheSubnetGroup",
                "elasticache:DeleteCacheSubnetGroup",
                "elasticache:ModifyCacheSubnetGroup",
                "elasticache:RemoveTagsFromResource",
            ),
        ),
        # The program itself asks which network the subnets are in, and ElastiCache asks in the role's name.
        Grant(on=EVERYWHERE, reads=("ec2:DescribeSubnets", "ec2:DescribeVpcs")),
    ),
    "aws:elasticache/user:User": (
        Grant(
            on=CACHE,
            reads=("elasticache:DescribeUsers", "elasticache:ListTagsForResource"),
            changes=(
                "elasticache:AddTagsToResource",
                "elasticache:CreateUser",
                "elasticache:DeleteUser",
                "elasticache:ModifyUser",
                "elasticache:RemoveTagsFromResource",
            ),
        ),
    ),
    "aws:elasticache/userGroup:UserGroup": (
        Grant(
            on=CACHE,
            reads=("elasticache:DescribeUserGroups", "elasticache:ListTagsForResource"),
            changes=(
                "elasticache:AddTagsToResource",
                "elasticache:CreateUserGroup",
                "elasticache:DeleteUserGroup",
                # Of the cache that the group is for, which AWS changes with it.
                "elasticache:ModifyReplicationGroup",
                "elasticache:ModifyUserGroup",
                "elasticache:RemoveTagsFromResource",
            ),
        ),
    ),
    "aws:elasticache/replicationGroup:ReplicationGroup": (
        Grant(
            on=CACHE,
            reads=(
                "elasticache:DescribeCacheClusters",
                "elasticache:DescribeReplicationGroups",
                "elasticache:ListTagsForResource",
            ),
            changes=(
                "elasticache:AddTagsToResource",
                "elasticache:CreateReplicationGroup",
                "elasticache:CreateSnapshot",
                "elasticache:DecreaseReplicaCount",
                "elasticache:DeleteReplicationGroup",
                "elasticache:IncreaseReplicaCount",
                "elasticache:ModifyReplicationGroup",
                "elasticache:RemoveTagsFromResource",
            ),
        ),
        Grant(
            on=EVERYWHERE,
            # How a log is sent to CloudWatch: actions of its delivery, which know no resource.
            changes=(
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ),
        ),
        Grant(
            on=KEYS,
            changes=("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
            condition=through("elasticache"),
        ),
        # AWS makes it with an account's first cache (ElastiCache User Guide, "Using service-linked roles").
        Grant(
            on=(
                "arn:{partition}:iam::{account}:role/aws-service-role/elasticache.amazonaws.com/AWSServiceRoleForElastiCache",
            ),
            changes=("iam:CreateServiceLinkedRole",),
            condition={"StringEquals": {"iam:AWSServiceName": "elasticache.amazonaws.com"}},
        ),
    ),
    "aws:kms/key:Key": (
        Grant(on=EVERYWHERE, changes=("kms:CreateKey",), condition=CREATED_OURS),
        # What is asked for right behind the creation.
        *on_no_others_key(
            reads=("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"),
            changes=("kms:EnableKeyRotation",),
        ),
        Grant(on=KEYS, changes=("kms:TagResource",), condition=TAGGED_OURS),
        Grant(
            on=KEYS,
            changes=(
                "kms:DisableKey",
                "kms:DisableKeyRotation",
                "kms:EnableKey",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ),
            condition=OURS,
        ),
    ),
    "aws:kms/alias:Alias": (
        Grant(on=EVERYWHERE, reads=("kms:ListAliases",)),
        Grant(on=ALIAS, changes=("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias")),
        # AWS asks for both.
        *on_no_others_key(changes=("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias")),
    ),
}
