"""The stand-in for AWS refuses of secrets what AWS refuses."""

import json
from typing import Any

import pytest

from tests.standins import aws, aws_secret_refusals

ROLE = "arn:aws:iam::123456789012:role/application"


def requests(account: aws.Account) -> dict[str, tuple[Any, str, dict[str, Any]]]:
    """Furnish an account, and give a request of each operation that AWS takes: the client, its method, the request."""
    account.iam.create_role(RoleName="application", AssumeRolePolicyDocument="{}")
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    secret = account.secrets.create_secret(Name="taken", SecretString="first")
    account.secrets.put_secret_value(SecretId="taken", SecretString="second")
    account.secrets.create_secret(Name="deleted", SecretString="first")
    account.secrets.delete_secret(SecretId="deleted", RecoveryWindowInDays=7)
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "*", "Resource": "*"}]}
    return {
        "CreateSecret": (account.secrets, "create_secret", {"Name": "new", "KmsKeyId": key}),
        "PutResourcePolicy": (
            account.secrets,
            "put_resource_policy",
            {"SecretId": "taken", "ResourcePolicy": json.dumps(policy), "BlockPublicPolicy": True},
        ),
        "UpdateSecretVersionStage": (
            account.secrets,
            "update_secret_version_stage",
            {"SecretId": "taken", "VersionStage": "AWSPREVIOUS", "RemoveFromVersionId": secret["VersionId"]},
        ),
        "DeleteSecret": (account.secrets, "delete_secret", {"SecretId": "taken", "RecoveryWindowInDays": 7}),
        "CreateGrant": (
            account.kms,
            "create_grant",
            {"KeyId": key, "GranteePrincipal": ROLE, "Operations": ["Decrypt"]},
        ),
        "PutParameter": (
            account.parameters,
            "put_parameter",
            {"Name": "/hospitality-redis/REDIS_HOST", "Type": "SecureString", "Value": "x", "KeyId": key},
        ),
    }


@pytest.mark.parametrize("operation", sorted({row.operation for row in aws_secret_refusals.REFUSALS}))
def test_the_stand_in_refuses_what_aws_refuses(operation: str, subtests: pytest.Subtests) -> None:
    """Each row of the table, by a request that lacks nothing else; without what breaks it, AWS takes it."""
    with aws.account() as account:
        client, method, taken = requests(account)[operation]
        for row in aws_secret_refusals.of(operation):
            with subtests.test(row.words):
                with pytest.raises(client.exceptions.ClientError) as refused:
                    getattr(client, method)(**{**taken, **row.breaks})
                assert refused.value.response["Error"] == {"Code": row.code, "Message": row.words}
        getattr(client, method)(**taken)
