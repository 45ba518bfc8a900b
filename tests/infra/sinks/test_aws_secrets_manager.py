"""The sink aws-secrets-manager against Secrets Manager and KMS as moto and botocore have them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.infra.sinks import fed
from tests.infra.sinks.fed import PASSWORD, VALUES, aws_stack
from tests.stacks.aws_stack import AwsStack
from tests.stacks.inprocess import written
from tests.standins import aws, aws_secrets

pytestmark = pytest.mark.stack

NAME = "hospitality-redis-prod"


def stack(folder: Path, account: aws.Account, **settings: Any) -> AwsStack:
    """Return a stack that delivers to Secrets Manager."""
    return aws_stack(folder, account, sinks="aws-secrets-manager", **settings)


def delivered(account: aws.Account, stage: str = "AWSCURRENT", name: str = NAME) -> dict[str, str]:
    """Read the secret as the application does."""
    text = account.secrets.get_secret_value(SecretId=name, VersionStage=stage)["SecretString"]
    values: dict[str, str] = json.loads(text)
    return values


def versions(account: aws.Account) -> list[list[str]]:
    """Return the labels of each version of the secret, the oldest first."""
    found = account.secrets.list_secret_version_ids(SecretId=NAME, IncludeDeprecated=True)["Versions"]
    return [sorted(each.get("VersionStages", [])) for each in found]


def role(account: aws.Account, name: str = "application") -> str:
    """Make a role and give its ARN."""
    return str(account.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"])


def key(account: aws.Account) -> str:
    """Make a key and give its ARN."""
    return str(account.kms.create_key()["KeyMetadata"]["Arn"])


def test_one_secret_holds_exactly_the_variables(account: aws.Account, tmp_path: Path) -> None:
    """Each character of each value, under the variable's own name, in a secret that is named after the stack."""
    made = stack(tmp_path, account)
    made.up()
    assert delivered(account) == VALUES
    found = account.secrets.describe_secret(SecretId=NAME)
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {
        "project": "cache",
        "stack": "prod",
        "tier": "prod",
        "managed-by": "pulumi",
    }
    assert made.outputs == {"secretArn": found["ARN"], "secretName": NAME}


def test_an_up_without_a_change_writes_no_version(account: aws.Account, tmp_path: Path) -> None:
    """What the provider reads back is what was declared."""
    made = stack(tmp_path, account, key_arn=key(account), secretReaderRoleArn=role(account))
    made.up()
    assert "5 unchanged" in made.preview()
    assert "5 unchanged" in made.up()
    assert versions(account) == [["AWSCURRENT"]]


def test_another_value_is_another_version(account: aws.Account, tmp_path: Path) -> None:
    """AWSCURRENT moves to it, AWSPREVIOUS to the one before, and at no moment is there none."""
    made = stack(tmp_path, account)
    made.up()
    for password, labels in (
        ("second", [["AWSPREVIOUS"], ["AWSCURRENT"]]),
        ("third", [[], ["AWSPREVIOUS"], ["AWSCURRENT"]]),
    ):
        before = delivered(account)
        made.configure(**fed.fed({**VALUES, "REDIS_PASSWORD": password}))
        made.up()
        assert delivered(account) == {**VALUES, "REDIS_PASSWORD": password}
        assert delivered(account, "AWSPREVIOUS") == before
        assert versions(account) == labels
        assert "3 unchanged" in made.up()


def test_without_a_redis_every_key_is_there_and_empty(account: aws.Account, tmp_path: Path) -> None:
    """A rollback: an application that names a key of the secret still starts."""
    made = stack(tmp_path, account, attached="false", values=fed.DETACHED)
    made.up()
    assert delivered(account) == dict.fromkeys(VALUES, "")


@pytest.mark.parametrize("chosen", ["the stack's", "the setting's"])
def test_the_secret_is_encrypted_with_the_customers_key(account: aws.Account, tmp_path: Path, chosen: str) -> None:
    """The stack's own; or the one that cache:secretKmsKeyArn names, whatever the stack has."""
    stacks, settings = key(account), key(account)
    made = stack(
        tmp_path, account, key_arn=stacks, **({"secretKmsKeyArn": settings} if chosen == "the setting's" else {})
    )
    made.up()
    expected = settings if chosen == "the setting's" else stacks
    assert account.secrets.describe_secret(SecretId=NAME)["KmsKeyId"] == expected


def test_a_role_may_read_this_secret_and_decrypt_it_alone(account: aws.Account, tmp_path: Path) -> None:
    """By the secret's own policy, and by a grant of the key that ends at this secret's ARN."""
    reader, key_arn = role(account), key(account)
    made = stack(tmp_path, account, key_arn=key_arn, secretReaderRoleArn=reader)
    made.up()
    arn = made.outputs["secretArn"]
    (statement,) = json.loads(account.secrets.get_resource_policy(SecretId=NAME)["ResourcePolicy"])["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Allow", {"AWS": reader})
    assert statement["Action"] == ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
    (grant,) = account.kms.list_grants(KeyId=key_arn)["Grants"]
    assert (grant["GranteePrincipal"], grant["Operations"]) == (reader, ["Decrypt"])
    assert grant["Constraints"] == {"EncryptionContextSubset": {"SecretARN": arn}}
    assert made.inputs("aws:secretsmanager/secretPolicy:SecretPolicy")["blockPublicPolicy"] is True
    made.configure(secretReaderRoleArn=None)
    made.up()
    assert "ResourcePolicy" not in account.secrets.get_resource_policy(SecretId=NAME)
    assert account.kms.list_grants(KeyId=key_arn)["Grants"] == []


def test_awss_own_key_needs_no_grant(account: aws.Account, tmp_path: Path) -> None:
    """It lets whoever may read a secret of the account decrypt it (Secrets Manager User Guide)."""
    made = stack(tmp_path, account, secretReaderRoleArn=role(account))
    made.up()
    assert [each.type for each in made.resources if each.custom and each.type.startswith("aws:kms")] == []


def test_a_role_that_is_not_there_is_refused(account: aws.Account, tmp_path: Path) -> None:
    """AWS says so, and the run fails; the application has the secret's value by then."""
    made = stack(tmp_path, account, secretReaderRoleArn="arn:aws:iam::123456789012:role/nobody")
    assert "unsupported principal" in made.up(code=1)


@pytest.mark.parametrize(
    ("settings", "days"),
    [({"tier": "dev"}, 0), ({}, 7), ({"secretRecoveryDays": "30"}, 30), ({"secretRecoveryDays": "0"}, 0)],
    ids=["dev", "prod", "30 days", "0 days"],
)
def test_a_secret_is_kept_after_its_deletion(
    account: aws.Account, tmp_path: Path, settings: dict[str, str], days: int
) -> None:
    """Where it is kept, another of its name is refused; where it is not, as in dev, a stack can come again at once."""
    made = stack(tmp_path, account, **settings)
    made.up()
    made.destroy()
    found = aws_secrets.described(account, NAME)
    if days:
        assert found is not None
        assert round((found["DeletedDate"] - found["LastChangedDate"]).total_seconds() / 86400) == days
        assert "already scheduled for deletion" in made.up(code=1)
    else:
        assert found is None
        made.up()
        assert delivered(account) == VALUES


def test_the_state_has_the_values_as_secrets_alone(account: aws.Account, tmp_path: Path) -> None:
    """Neither plain nor in any other form that could be read, in no input, no output and no line that was printed."""
    made = stack(tmp_path, account, key_arn=key(account), secretReaderRoleArn=role(account))
    printed = made.preview() + made.up()
    made.configure(**fed.fed({**VALUES, "REDIS_PORT": "6380"}))
    printed += made.up()
    everything = printed + "".join(written(resource) for resource in made.resources)
    assert "[secret]" in everything
    assert [form for form in fed.forms(PASSWORD) if form in everything] == []
