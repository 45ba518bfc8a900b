"""AWS Secrets Manager: one secret whose JSON has the variables as its keys."""

import json
from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.naming import PREFIX
from infra.settings import Settings
from infra.settings.delivery import SHORTEST_RECOVERY_DAYS
from infra.sinks import Delivered, Delivery
from infra.tags import tags_of

# The name of a deleted secret is taken for as long as AWS keeps it. A dev stack comes and goes, under one name.
DEV_RECOVERY_DAYS: Final = 0


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
    """Declare the secret, its value, and who may read it."""
    name = f"{PREFIX}{stack}"
    key_arn = settings.secret_kms_key_arn or delivery.kms_key_arn
    secret = aws.secretsmanager.Secret(
        name,
        name=name,
        description=f"How the hospitality application reaches its cache, stack {stack}",
        kms_key_id=key_arn,
        recovery_window_in_days=_recovery_days(settings),
        tags=tags_of(stack, settings.tier),
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
