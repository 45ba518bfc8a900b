"""AWS Systems Manager Parameter Store: an encrypted parameter for each variable, under the stack's own path."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pulumi

from infra.aws.controls import own_key
from infra.aws.grants import KEYS, through
from infra.control import Control, attribute_is
from infra.governance import Governance
from infra.naming import name_of
from infra.outputs import Output
from infra.permission import EVERYWHERE, Grant, Permissions
from infra.settings import Settings
from infra.sinks import Delivered, Delivery
from infra.tags import tags_of

# Needed by `declare` alone: GOVERNANCE is read where the SDK is not installed, too.
if TYPE_CHECKING:
    import pulumi_aws as aws

    from infra.aws.account import Account

READ: Final = ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath")


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
    """Declare the parameters, and who may read them. Raises `pulumi.RunError` for a role of another account."""
    import pulumi_aws as aws

    from infra.aws import account

    stack_name = name_of(settings.name_prefix, stack)
    path = f"/{stack_name}"
    key_arn = settings.secret_kms_key_arn or delivery.kms_key_arn
    # A parameter has one character at least (API reference, PutParameter, Value). So a stack that delivers no Redis has
    # no parameters at all: who reads the path finds no REDIS_HOST, which to the application is unset.
    variables = delivery.variables if settings.attached else ()
    parameters = [
        aws.ssm.Parameter(
            f"{stack_name}-{variable}",
            name=f"{path}/{variable}",
            description=f"{variable} of the hospitality application, stack {stack}",
            type="SecureString",
            value=pulumi.Output.secret(delivery.values[variable]),
            key_id=key_arn,
            # A chain of certificates can be longer than the 4 KB that cost nothing.
            tier="Intelligent-Tiering",
            tags=tags_of(settings, stack),
        )
        for variable in variables
    ]
    if key_arn is not None:
        _warn_of_another_key(parameters, key_arn, stack=stack)
    resources: list[pulumi.Resource] = [*parameters]
    if settings.secret_reader_role_arn:
        resources.append(_let_read(settings.secret_reader_role_arn, path, key_arn, here=account.find(None)))
    return Delivered(resources=resources, outputs={"ssmPath": path})


def _warn_of_another_key(parameters: Sequence[aws.ssm.Parameter], key_arn: pulumi.Input[str], *, stack: str) -> None:
    """Return which parameters have the account's own key after their value changed.

    The provider sends a new value without the parameter's key (terraform-provider-aws, resourceParameterUpdate), and
    AWS takes the account's default then (API reference, PutParameter, KeyId). The next `up` sends the key.
    """

    def warn(known: tuple[str, Sequence[tuple[str, str]]]) -> None:
        own, found = known
        others = [name for name, key in found if key not in ("", own)]
        if others:
            pulumi.log.warn(
                f"{', '.join(others)} {'has' if len(others) == 1 else 'have'} the account's default key and not the "
                "stack's, since AWS's provider sends a new value without its key; whoever may read the parameter still "
                f"can, and the next `up` puts it right: make up STACK={stack}"
            )

    keys = [pulumi.Output.all(parameter.name, parameter.key_id).apply(tuple) for parameter in parameters]
    pulumi.Output.all(key_arn, pulumi.Output.all(*keys)).apply(lambda known: warn((known[0], known[1])))


def _let_read(role_arn: str, path: str, key_arn: pulumi.Input[str] | None, *, here: Account) -> pulumi.Resource:
    """Let a role read the path, and decrypt it where its key is a customer's.

    By a policy of the role's: a parameter can have one of its own only in the tier that costs, and shared so it is
    read by its ARN alone (Systems Manager User Guide, "Working with shared parameters").
    """
    import pulumi_aws as aws

    if role_arn.split(":")[4] != here.id:
        raise pulumi.RunError(
            f"cache:secretReaderRoleArn is a role of another account than {here.id}, and parameters can be read in "
            "their own alone: use a role of it, or the sink aws-secrets-manager"
        )
    parameters = f"arn:{here.partition}:ssm:{here.region}:{here.id}:parameter{path}"

    def policy(key: str | None) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": list(_statements(parameters, key, here))})

    name = path.removeprefix("/")
    document = policy(None) if key_arn is None else pulumi.Output.from_input(key_arn).apply(policy)
    return aws.iam.RolePolicy(
        f"{name}-reader", name=f"{name}-reader", role=role_arn.rpartition("/")[2], policy=document
    )


def _statements(parameters: str, key_arn: str | None, here: Account) -> list[Mapping[str, object]]:
    reads: Mapping[str, object] = {
        "Sid": "TheApplicationReads",
        "Effect": "Allow",
        "Action": list(READ),
        "Resource": [parameters, f"{parameters}/*"],
    }
    if key_arn is None:
        return [reads]
    # Parameter Store decrypts in the reader's name, with the parameter's ARN as context (Systems Manager User Guide,
    # "AWS KMS encryption for AWS Systems Manager Parameter Store SecureString parameters").
    decrypts: Mapping[str, object] = {
        "Sid": "TheApplicationDecrypts",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": key_arn,
        "Condition": {
            "StringEquals": {"kms:ViaService": f"ssm.{here.region}.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": f"{parameters}/*"},
        },
    }
    return [reads, decrypts]


PARAMETER: Final = "aws_ssm_parameter"
DECLARATION: Final = "infra/sinks/aws_ssm.py"
PARAMETERS: Final = ("arn:{partition}:ssm:{region}:{account}:parameter/{name}/*",)


CONTROLS: Final = (
    Control(
        name="parameter-encrypted",
        title="a parameter is encrypted",
        types=(PARAMETER,),
        check=attribute_is("type", "SecureString", called="the type"),
        cure=f'set type="SecureString" in {DECLARATION}',
        rules={"checkov": ("CKV2_AWS_34",)},
    ),
    Control(
        name="parameter-customer-key",
        title="a parameter is encrypted with a key of the customer's own",
        types=(PARAMETER,),
        check=own_key("key_id"),
        cure="pulumi config set cache:secretKmsKeyArn ARN --stack STACK",
        rules={"checkov": ("CKV_AWS_337",)},
    ),
)

PERMISSIONS: Final[Permissions] = {
    # Of the application's own role, which the stack names, and which reads the parameters.
    "aws:iam/rolePolicy:RolePolicy": (
        Grant(
            on=("{reader}",),
            reads=("iam:GetRolePolicy",),
            changes=("iam:DeleteRolePolicy", "iam:PutRolePolicy"),
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
            on=KEYS, reads=("kms:Decrypt",), changes=("kms:Encrypt", "kms:GenerateDataKey"), condition=through("ssm")
        ),
    ),
}

OUTPUTS: Final[Sequence[Output]] = (Output("ssmPath", "the path of the parameters"),)
GOVERNANCE: Final = Governance(controls=CONTROLS, permissions=PERMISSIONS)
