"""AWS Secrets Manager: one secret whose JSON has the variables as its keys.

Rule ids: the sources of checkov 3.3.30 and of Prowler; the Security Hub, AWS Config and cdk-nag references.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi

from infra.aws.controls import own_key
from infra.aws.grants import KEYS, on_no_others_key, through
from infra.control import Control, NotAssessed
from infra.governance import Governance
from infra.naming import name_of
from infra.outputs import Output
from infra.permission import Grant, Permissions
from infra.plan import Plan, Resource
from infra.settings import Settings
from infra.settings.delivery import SHORTEST_RECOVERY_DAYS
from infra.sinks import Delivered, Delivery
from infra.tags import tags_of

# Needed by `declare` alone: GOVERNANCE is read where the SDK is not installed, too.
if TYPE_CHECKING:
    import pulumi_aws as aws

# The name of a deleted secret is taken for as long as AWS keeps it. A dev stack comes and goes, under one name.
DEV_RECOVERY_DAYS: Final = 0


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
    """Declare the secret, its value, and who may read it."""
    import pulumi_aws as aws

    name = name_of(settings.name_prefix, stack)
    key_arn = settings.secret_kms_key_arn or delivery.kms_key_arn
    secret = aws.secretsmanager.Secret(
        name,
        name=name,
        description=f"How the hospitality application reaches its cache, stack {stack}",
        kms_key_id=key_arn,
        recovery_window_in_days=_recovery_days(settings),
        tags=tags_of(settings, stack),
    )
    document: pulumi.Output[str] = pulumi.Output.secret(delivery.values.apply(_document))
    # Another value is another version: the provider makes it first, which moves the label AWSCURRENT to it and
    # AWSPREVIOUS to the one before (terraform-provider-aws, internal/service/secretsmanager/secret_version.go).
    version = aws.secretsmanager.SecretVersion(name, secret_id=secret.id, secret_string=document)
    resources: list[pulumi.Resource] = [secret, version]
    if settings.secret_reader_role_arn:
        resources += _let_read(settings.secret_reader_role_arn, secret, key_arn, name=name)
    return Delivered(resources=resources, outputs={"secretArn": secret.arn, "secretName": secret.name})


def _let_read(
    role_arn: str, secret: aws.secretsmanager.Secret, key_arn: pulumi.Input[str] | None, *, name: str
) -> list[pulumi.Resource]:
    """Let a role read the secret, and decrypt it where its key is a customer's."""
    import pulumi_aws as aws

    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TheApplicationReads",
                "Effect": "Allow",
                "Principal": {"AWS": role_arn},
                "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
                # In a secret's own policy: this secret.
                "Resource": "*",
            }
        ],
    }
    granted: list[pulumi.Resource] = [
        aws.secretsmanager.SecretPolicy(
            name, secret_arn=secret.arn, policy=json.dumps(policy), block_public_policy=True
        )
    ]
    if key_arn is not None:
        # Secrets Manager decrypts in the reader's name, with the secret's ARN as context (its User Guide, "Secret
        # encryption and decryption in AWS Secrets Manager"). A grant and not a statement in the key's policy: it is
        # for this one secret, and it serves a key that is the user's and whose policy is not ours to write.
        granted.append(
            aws.kms.Grant(
                name,
                key_id=key_arn,
                grantee_principal=role_arn,
                operations=["Decrypt"],
                constraints=[aws.kms.GrantConstraintArgs(encryption_context_subset={"SecretARN": secret.arn})],
            )
        )
    return granted


def _document(values: Mapping[str, str]) -> str:
    return json.dumps(values, sort_keys=True)


def _recovery_days(settings: Settings) -> int:
    if settings.secret_recovery_days is not None:
        return settings.secret_recovery_days
    return DEV_RECOVERY_DAYS if settings.tier == "dev" else SHORTEST_RECOVERY_DAYS


SECRETS: Final = "aws_secretsmanager_secret"
DECLARATION: Final = "infra/sinks/aws_secrets_manager.py"
# Secrets Manager puts a hyphen and six letters behind the name (User Guide, "Limiting access to specific secrets").
SECRET_ARN: Final = ("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-??????",)

BY_HAND: Final = (
    "a rotation changes the cache's users too, proves both passwords and leaves both valid until the application was "
    "restarted, which a function that AWS calls cannot know: make rotate and make rotate-finish, at least every 90 days"
)


def _rotates(secret: Resource, plan: Plan) -> str | None:
    rotations = plan.of_type("aws_secretsmanager_secret_rotation")
    own = any(secret in plan.referred(rotation, "secret_id") for rotation in rotations)
    return None if own else "no rotation by AWS is declared"


def _named_readers(policy: Resource, _: Plan) -> str | None:
    if policy.known("block_public_policy") is not True:
        return "block_public_policy is not true"
    text = policy.known("policy")
    if text is None:
        return "the policy is not known yet"
    return next((problem for each in json.loads(text)["Statement"] if (problem := _broad(each))), None)


def _broad(statement: dict[str, Any]) -> str | None:
    if statement["Effect"] != "Allow":
        return None
    named = statement.get("Principal", "*")
    principals = named if isinstance(named, str) else named.get("AWS", [])
    if "*" in principals:
        return "anybody is a principal"
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    wild = [action for action in actions if "*" in action]
    return f"{', '.join(wild)} is more than to read" if wild else None


def _decrypts_one_secret(grant: Resource, _: Plan) -> str | None:
    operations = grant.known("operations")
    if operations != ["Decrypt"]:
        return f"it is for {', '.join(operations or ['operations that are not known'])}"
    contexts = [block.get("encryption_context_subset") for block in grant.blocks("constraints")]
    return None if contexts and all(contexts) else "it is for everything that the key encrypts"


CONTROLS: Final = (
    Control(
        name="secret-customer-key",
        title="the secret is encrypted with a key of the customer's own",
        types=(SECRETS,),
        check=own_key("kms_key_id"),
        cure="pulumi config set cache:secretKmsKeyArn ARN --stack STACK",
        rules={
            "checkov": ("CKV_AWS_149",),
            "AWS Config": ("secretsmanager-using-cmk",),
            "Prowler": ("secretsmanager_using_cmk",),
            "Trivy": ("AWS-0098",),
            "cdk-nag": ("NIST.800.53.R5-SecretsManagerUsingKMSKey", "HIPAA.Security-SecretsManagerUsingKMSKey"),
        },
    ),
    Control(
        name="secret-readers-named",
        title="the secret's policy names who may read it, and lets them do nothing else",
        types=("aws_secretsmanager_secret_policy",),
        check=_named_readers,
        cure=f"name a role in {DECLARATION}, and set block_public_policy=True",
        rules={"Prowler": ("secretsmanager_not_publicly_accessible", "secretsmanager_has_restrictive_resource_policy")},
    ),
    Control(
        name="secret-grant-narrow",
        title="who reads the secret decrypts it alone, and nothing else of its key",
        types=("aws_kms_grant",),
        check=_decrypts_one_secret,
        cure=f"give the grant the operation Decrypt and the secret's ARN as context in {DECLARATION}",
    ),
    Control(
        name="secret-rotated-by-aws",
        title="AWS rotates the secret by itself",
        types=(SECRETS,),
        check=_rotates,
        cure="",
        declined=BY_HAND,
        rules={
            "checkov": ("CKV2_AWS_57",),
            "Security Hub": ("SecretsManager.1",),
            "AWS Config": ("secretsmanager-rotation-enabled-check",),
            "Prowler": ("secretsmanager_automatic_rotation_enabled",),
            "cdk-nag": ("AwsSolutions-SMG4",),
        },
    ),
)

NOT_ASSESSED: Final = (
    NotAssessed(
        title="a rotation by AWS is every 90 days, and succeeds",
        types=(SECRETS,),
        status="n/a",
        reason="there is none by AWS, which secret-rotated-by-aws says",
        rules={
            "checkov": ("CKV_AWS_304",),
            "Security Hub": ("SecretsManager.2",),
            "AWS Config": ("secretsmanager-scheduled-rotation-success-check",),
            "Prowler": (
                "secretsmanager_scheduled_rotation_success_check",
                "secretsmanager_secret_rotated_successfully",
            ),
        },
    ),
    NotAssessed(
        title="the secret changed in the last 90 days",
        types=(SECRETS,),
        status="manual",
        reason="only the account knows when it did; make rotate changes it",
        rules={
            "Security Hub": ("SecretsManager.4",),
            "AWS Config": ("secretsmanager-secret-periodic-rotation",),
            "Prowler": ("secretsmanager_secret_rotated_periodically",),
        },
    ),
    NotAssessed(
        title="somebody read the secret in the last 90 days",
        types=(SECRETS,),
        status="manual",
        reason="only the account knows who reads it",
        rules={
            "Security Hub": ("SecretsManager.3",),
            "AWS Config": ("secretsmanager-secret-unused",),
            "Prowler": ("secretsmanager_secret_unused",),
        },
    ),
)

PERMISSIONS: Final[Permissions] = {
    "aws:kms/grant:Grant": (
        *on_no_others_key(reads=("kms:ListGrants",), changes=("kms:RevokeGrant",)),
        *on_no_others_key(changes=("kms:CreateGrant",), only={"kms:GranteePrincipal": "{reader}"}),
    ),
    "aws:secretsmanager/secret:Secret": (
        Grant(
            on=SECRET_ARN,
            reads=("secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"),
            changes=(
                "secretsmanager:CreateSecret",
                "secretsmanager:DeleteSecret",
                "secretsmanager:TagResource",
                "secretsmanager:UntagResource",
                "secretsmanager:UpdateSecret",
            ),
        ),
        Grant(on=KEYS, changes=("kms:Decrypt", "kms:GenerateDataKey"), condition=through("secretsmanager")),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": (
        Grant(
            on=SECRET_ARN,
            # A refresh compares the value itself.
            reads=("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
            changes=("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"),
        ),
        Grant(on=KEYS, reads=("kms:Decrypt",), condition=through("secretsmanager")),
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": (
        Grant(
            on=SECRET_ARN,
            reads=("secretsmanager:GetResourcePolicy",),
            changes=(
                "secretsmanager:DeleteResourcePolicy",
                "secretsmanager:PutResourcePolicy",
                "secretsmanager:ValidateResourcePolicy",
            ),
        ),
    ),
}

OUTPUTS: Final[Sequence[Output]] = (Output("secretArn", "the secret's ARN"), Output("secretName", "the secret's name"))
GOVERNANCE: Final = Governance(controls=CONTROLS, not_assessed=NOT_ASSESSED, permissions=PERMISSIONS)
