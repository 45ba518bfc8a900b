"""What Pulumi's provider of AWS asks of AWS, for each type of resource that a stack can declare.

No vendor publishes a list of it. These are the calls of the provider's own code (hashicorp/terraform-provider-aws,
internal/service/*: read for the key, the replication group, the user group, the function, the secret and the parameter,
known of the rest), held by a test against two lists of AWS: which actions there are and what they can be limited to
(Service Authorization Reference), and what CloudFormation's handlers of the same types ask for. Nothing here ran
against a real account: the first `up` of a new role may be refused for something, and AWS says which action.
"""

from collections.abc import Mapping
from typing import Final

from operate.permissions.grant import EVERYWHERE, Condition, Grant

# What has no name that we could know before it is there is ours by its tags, which it is created with.
OURS: Final[Condition] = {"StringEquals": {"aws:ResourceTag/managed-by": "pulumi", "aws:ResourceTag/stack": "{stack}"}}
MARKED_OURS: Final[Condition] = {
    "StringEquals": {"aws:RequestTag/managed-by": "pulumi", "aws:RequestTag/stack": "{stack}"}
}

_CACHE: Final = "arn:{partition}:elasticache:{region}:{account}"
_EC2: Final = "arn:{partition}:ec2:{region}:{account}"
_KEYS: Final = ("arn:{partition}:kms:{region}:{account}:key/*",)
# The subnet and parameter groups, and what belongs to a group by its name: its nodes and its snapshots.
CACHE: Final = (
    f"{_CACHE}:replicationgroup:{{name}}",
    *(f"{_CACHE}:{kind}:{{name}}-*" for kind in ("cluster", "parametergroup", "snapshot", "subnetgroup")),
    *(f"{_CACHE}:{kind}:{{name}}" for kind in ("user", "usergroup")),
)
GROUPS: Final = (f"{_EC2}:security-group/*",)
RULES: Final = (f"{_EC2}:security-group-rule/*",)
NETWORKS: Final = (f"{_EC2}:vpc/*",)
INTERFACES: Final = (f"{_EC2}:network-interface/*",)
ALIAS: Final = ("arn:{partition}:kms:{region}:{account}:alias/{name}",)
LOGS: Final = (
    "arn:{partition}:logs:{region}:{account}:log-group:/elasticache/{name}/*",
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{name}-*",
)
ROLE: Final = ("arn:{partition}:iam::{account}:role/{name}-*",)
FUNCTION: Final = ("arn:{partition}:lambda:{region}:{account}:function:{name}-*",)
# Secrets Manager puts a hyphen and six letters behind the name.
SECRET: Final = ("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-*",)
PARAMETERS: Final = ("arn:{partition}:ssm:{region}:{account}:parameter/{name}/*",)


def _through(service: str) -> Condition:
    """Let a key be used by a service in the role's name, and not by the role itself."""
    # Like, for a stack that takes its region from the environment: then it is any.
    return {"StringLike": {"kms:ViaService": f"{service}.{{region}}.amazonaws.com"}}


_RULE_OF_A_GROUP: Final = (
    Grant(on=EVERYWHERE, reads=("ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups")),
    # On the rule that is made, which has no tags yet, and on the group, which has ours.
    Grant(
        on=RULES,
        changes=(
            "ec2:AuthorizeSecurityGroupEgress",
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:ModifySecurityGroupRules",
        ),
    ),
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
    Grant(on=RULES, changes=("ec2:CreateTags",), condition=MARKED_OURS),
    Grant(on=RULES, changes=("ec2:DeleteTags",), condition=OURS),
)

GRANTS: Final[Mapping[str, tuple[Grant, ...]]] = {
    "aws:cloudwatch/logGroup:LogGroup": (
        Grant(on=EVERYWHERE, reads=("logs:DescribeLogGroups",)),
        Grant(
            on=LOGS,
            reads=("logs:ListTagsForResource",),
            changes=(
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:DeleteRetentionPolicy",
                "logs:DisassociateKmsKey",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ),
        ),
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        Grant(
            on=EVERYWHERE,
            reads=("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"),
        ),
        Grant(on=NETWORKS, changes=("ec2:CreateSecurityGroup",)),
        Grant(on=GROUPS, changes=("ec2:CreateSecurityGroup", "ec2:CreateTags"), condition=MARKED_OURS),
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
            on=_KEYS,
            changes=("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"),
            condition=_through("elasticache"),
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
    "aws:iam/role:Role": (
        Grant(
            on=ROLE,
            reads=("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
            changes=(
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:ListInstanceProfilesForRole",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
            ),
        ),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
        Grant(
            on=ROLE,
            reads=("iam:ListAttachedRolePolicies",),
        ),
        # That policy and no other: who may attach any may do anything.
        Grant(
            on=ROLE,
            changes=("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
            condition={
                "ArnEquals": {
                    "iam:PolicyARN": "arn:{partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
                }
            },
        ),
    ),
    # Of the application's own role, which the stack names, and which reads the parameters.
    "aws:iam/rolePolicy:RolePolicy": (
        Grant(
            on=("{reader}",),
            reads=("iam:GetRolePolicy",),
            changes=("iam:DeleteRolePolicy", "iam:PutRolePolicy"),
        ),
    ),
    "aws:kms/key:Key": (
        Grant(on=EVERYWHERE, changes=("kms:CreateKey",), condition=MARKED_OURS),
        # Without the tags: it can take five minutes until KMS goes by them (Developer Guide, "ABAC for AWS KMS"), and
        # all this is asked for right behind the creation.
        Grant(
            on=_KEYS,
            reads=("kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"),
            changes=("kms:EnableKeyRotation",),
        ),
        Grant(on=_KEYS, changes=("kms:TagResource",), condition=MARKED_OURS),
        Grant(
            on=_KEYS,
            changes=(
                "kms:DisableKey",
                "kms:DisableKeyRotation",
                "kms:EnableKey",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ),
            condition=OURS,
        ),
    ),
    "aws:kms/alias:Alias": (
        Grant(on=EVERYWHERE, reads=("kms:ListAliases",)),
        Grant(on=ALIAS, changes=("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias")),
        # AWS asks for both; it is the alias that limits them.
        Grant(on=_KEYS, changes=("kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias")),
    ),
    # The key may be the user's own, which has no tags of ours.
    "aws:kms/grant:Grant": (
        Grant(on=_KEYS, reads=("kms:ListGrants",), changes=("kms:RevokeGrant",)),
        Grant(
            on=_KEYS,
            changes=("kms:CreateGrant",),
            condition={"StringEquals": {"kms:GranteePrincipal": "{reader}"}},
        ),
    ),
    "aws:lambda/function:Function": (
        Grant(
            on=FUNCTION,
            reads=(
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionConfiguration",
                "lambda:ListTags",
                "lambda:ListVersionsByFunction",
            ),
            changes=(
                "lambda:CreateFunction",
                "lambda:DeleteFunction",
                # The verification, in every `up`.
                "lambda:InvokeFunction",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ),
        ),
        Grant(
            on=ROLE,
            changes=("iam:PassRole",),
            condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        ),
        # Lambda looks at the network in the role's name (Developer Guide, "Giving Lambda functions access to resources
        # in an Amazon VPC", "Required IAM permissions").
        Grant(
            on=EVERYWHERE,
            changes=(
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ),
        ),
    ),
    "aws:secretsmanager/secret:Secret": (
        Grant(
            on=SECRET,
            reads=("secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"),
            changes=(
                "secretsmanager:CreateSecret",
                "secretsmanager:DeleteSecret",
                "secretsmanager:TagResource",
                "secretsmanager:UntagResource",
                "secretsmanager:UpdateSecret",
            ),
        ),
        Grant(on=_KEYS, changes=("kms:Decrypt", "kms:GenerateDataKey"), condition=_through("secretsmanager")),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        Grant(
            on=SECRET,
            # A refresh compares the value itself.
            reads=("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
            changes=("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"),
        ),
        Grant(on=_KEYS, reads=("kms:Decrypt",), condition=_through("secretsmanager")),
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": (
        Grant(
            on=SECRET,
            reads=("secretsmanager:GetResourcePolicy",),
            changes=(
                "secretsmanager:DeleteResourcePolicy",
                "secretsmanager:PutResourcePolicy",
                "secretsmanager:ValidateResourcePolicy",
            ),
        ),
    ),
    "aws:ssm/parameter:Parameter": (
        Grant(on=EVERYWHERE, reads=("ssm:DescribeParameters",)),
        Grant(
            on=PARAMETERS,
            reads=("ssm:GetParameter", "ssm:GetParameters", "ssm:ListTagsForResource"),
            changes=(
                "ssm:AddTagsToResource",
                "ssm:DeleteParameter",
                "ssm:PutParameter",
                "ssm:RemoveTagsFromResource",
            ),
        ),
        Grant(
            on=_KEYS, reads=("kms:Decrypt",), changes=("kms:Encrypt", "kms:GenerateDataKey"), condition=_through("ssm")
        ),
    ),
}
