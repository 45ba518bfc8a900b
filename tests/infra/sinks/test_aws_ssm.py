"""The sink aws-ssm against Parameter Store, IAM and KMS as moto and botocore have them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.infra.sinks import fed
from tests.infra.sinks.fed import PASSWORD, VALUES, aws_stack
from tests.stacks.aws_stack import AwsStack
from tests.stacks.inprocess import written
from tests.standins import aws
from verify.environment import CacheEnvironment
from verify.open_cache import open_cache

pytestmark = pytest.mark.stack

PATH = "/hospitality-redis-prod"
PARAMETERS = f"arn:aws:ssm:us-east-1:123456789012:parameter{PATH}"


def stack(folder: Path, account: aws.Account, **settings: Any) -> AwsStack:
    """Return a stack that delivers to Parameter Store."""
    return aws_stack(folder, account, sinks="aws-ssm", **settings)


def delivered(account: aws.Account) -> dict[str, str]:
    """Read the path as the application does."""
    found = account.parameters.get_parameters_by_path(Path=PATH, WithDecryption=True)["Parameters"]
    return {each["Name"].removeprefix(f"{PATH}/"): each["Value"] for each in found}


def metadata(account: aws.Account) -> list[dict[str, Any]]:
    """Return what the API says of every parameter beside its value."""
    found: list[dict[str, Any]] = account.parameters.describe_parameters()["Parameters"]
    return found


def key(account: aws.Account) -> str:
    """Make a key and give its ARN."""
    return str(account.kms.create_key()["KeyMetadata"]["Arn"])


def test_the_path_holds_exactly_the_variables(account: aws.Account, tmp_path: Path) -> None:
    """Each under its own name, and each encrypted with the stack's key, whether it needs that or not."""
    key_arn = key(account)
    made = stack(tmp_path, account, key_arn=key_arn)
    made.up()
    assert delivered(account) == VALUES
    assert {(each["Type"], each["KeyId"]) for each in metadata(account)} == {("SecureString", key_arn)}
    assert made.outputs == {"ssmPath": PATH}
    assert "7 unchanged" in made.preview()
    assert "7 unchanged" in made.up()


def test_another_value_changes_its_parameter_alone(account: aws.Account, tmp_path: Path) -> None:
    """In place: at no moment is it missing. The provider sends no key with it, and the next `up` puts that right."""
    key_arn = key(account)
    made = stack(tmp_path, account, key_arn=key_arn)
    made.up()
    made.configure(**fed.fed({**VALUES, "REDIS_PASSWORD": "second"}))
    printed = made.up()
    assert "~ 1 updated, 6 unchanged" in printed
    assert f"warning: {PATH}/REDIS_PASSWORD has the account's default key and not the stack's" in printed
    assert delivered(account) == {**VALUES, "REDIS_PASSWORD": "second"}
    assert "default key" not in made.up()
    assert delivered(account) == {**VALUES, "REDIS_PASSWORD": "second"}
    assert {each["KeyId"] for each in metadata(account)} == {key_arn}


def test_awss_own_key_stays_without_a_warning(account: aws.Account, tmp_path: Path) -> None:
    """Where no key is asked for, another value changes none."""
    made = stack(tmp_path, account)
    made.up()
    made.configure(**fed.fed({**VALUES, "REDIS_PASSWORD": "second"}))
    assert "default key" not in made.up()


def test_without_a_redis_the_path_is_empty(account: aws.Account, tmp_path: Path) -> None:
    """A rollback: who reads the path finds no REDIS_HOST, and a client with what he found runs in memory."""
    made = stack(tmp_path, account)
    made.up()
    made.configure(attached="false", **fed.fed(fed.DETACHED))
    assert "- 6 to delete, 1 unchanged" in made.preview()
    made.up()
    assert delivered(account) == {}
    with open_cache(CacheEnvironment.from_mapping(delivered(account))) as client:
        assert client.health().backend == "memory"
    made.configure(attached="true", **fed.fed())
    made.up()
    assert delivered(account) == VALUES


def test_a_role_may_read_the_path_and_decrypt_it_alone(account: aws.Account, tmp_path: Path) -> None:
    """By an inline policy of the role's, which goes when the stack names it no more."""
    arn = account.iam.create_role(RoleName="application", Path="/team/", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    key_arn = key(account)
    made = stack(tmp_path, account, key_arn=key_arn, secretReaderRoleArn=arn)
    made.up()
    assert account.iam.list_role_policies(RoleName="application")["PolicyNames"] == ["hospitality-redis-prod-reader"]
    found = account.iam.get_role_policy(RoleName="application", PolicyName="hospitality-redis-prod-reader")
    reads, decrypts = found["PolicyDocument"]["Statement"]
    assert reads["Action"] == ["ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"]
    assert reads["Resource"] == [PARAMETERS, f"{PARAMETERS}/*"]
    assert (decrypts["Action"], decrypts["Resource"]) == ("kms:Decrypt", key_arn)
    assert decrypts["Condition"] == {
        "StringEquals": {"kms:ViaService": "ssm.us-east-1.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": f"{PARAMETERS}/*"},
    }
    assert "8 unchanged" in made.up()
    made.configure(secretReaderRoleArn=None)
    made.up()
    assert account.iam.list_role_policies(RoleName="application")["PolicyNames"] == []


def test_awss_own_key_needs_no_right_to_decrypt(account: aws.Account, tmp_path: Path) -> None:
    """It lets whoever may read a parameter of the account decrypt it."""
    arn = account.iam.create_role(RoleName="application", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    stack(tmp_path, account, secretReaderRoleArn=arn).up()
    found = account.iam.get_role_policy(RoleName="application", PolicyName="hospitality-redis-prod-reader")
    assert "kms" not in json.dumps(found["PolicyDocument"])


def test_a_role_of_another_account_is_refused(account: aws.Account, tmp_path: Path) -> None:
    """In the preview already; a role that is there can be read of, and not one of somebody else's."""
    made = stack(tmp_path, account, secretReaderRoleArn="arn:aws:iam::210987654321:role/application")
    assert "cache:secretReaderRoleArn is a role of another account than 123456789012" in made.preview(code=1)


def test_a_long_chain_of_certificates_is_taken(account: aws.Account, tmp_path: Path) -> None:
    """Beyond 4 KB a parameter needs a tier that costs, which AWS chooses where it has to."""
    values = {**VALUES, "REDIS_TLS_CA": "-----BEGIN CERTIFICATE-----\n" * 200}
    stack(tmp_path, account, values=values).up()
    assert delivered(account) == values


def test_the_state_has_the_values_as_secrets_alone(account: aws.Account, tmp_path: Path) -> None:
    """Neither plain nor in any other form that could be read, in no input, no output and no line that was printed."""
    made = stack(tmp_path, account, key_arn=key(account))
    printed = made.preview() + made.up()
    made.configure(**fed.fed({**VALUES, "REDIS_PORT": "6380"}))
    printed += made.up()
    everything = printed + "".join(written(resource) for resource in made.resources)
    assert "[secret]" in everything
    assert [form for form in fed.forms(PASSWORD) if form in everything] == []
