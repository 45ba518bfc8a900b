"""Whole ElastiCache stacks that deliver to Secrets Manager, where they go when nothing is said."""

import json
from pathlib import Path

import pytest

from infra import rotation, verification
from infra.connection import GUIDES_VARIABLES
from tests.infra.sinks import fed
from tests.stacks.aws_stack import AwsStack, stack
from tests.stacks.inprocess import written
from tests.standins import aws
from verify.environment import CacheEnvironment
from verify.open_cache import open_cache

pytestmark = pytest.mark.stack

NAME = "hospitality-redis-prod"


@pytest.fixture
def prod(account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsStack:
    """A stack of tier prod that is up and delivered, with no server behind it."""
    monkeypatch.setenv(verification.SWITCH, "off")
    made = stack(tmp_path, account)
    made.up()
    return made


def delivered(account: aws.Account, stage: str = "AWSCURRENT") -> dict[str, str]:
    """Read the secret as the application does."""
    text = account.secrets.get_secret_value(SecretId=NAME, VersionStage=stage)["SecretString"]
    values: dict[str, str] = json.loads(text)
    return values


def versions(account: aws.Account) -> int:
    """Count the versions that there ever were."""
    return len(account.secrets.list_secret_version_ids(SecretId=NAME, IncludeDeprecated=True)["Versions"])


def test_the_secret_holds_exactly_the_contracts_keys(prod: AwsStack, account: aws.Account) -> None:
    """What the stack exports is what the application reads, under the stack's own key; and its end takes it along."""
    assert delivered(account) == prod.outputs["connection"]
    assert tuple(sorted(delivered(account))) == tuple(sorted(GUIDES_VARIABLES))
    assert CacheEnvironment.from_mapping(delivered(account)).use_tls
    assert account.secrets.describe_secret(SecretId=NAME)["KmsKeyId"] == prod.outputs["kmsKeyArn"]
    assert prod.outputs["secretName"] == NAME
    prod.unprotect()
    prod.destroy()
    assert account.secrets.list_secrets()["SecretList"] == []


def test_a_second_up_writes_no_new_version(prod: AwsStack, account: aws.Account) -> None:
    """Nobody's secret changes that did not have to."""
    prod.up()
    prod.up()
    assert versions(account) == 1


def test_a_rotation_moves_the_secret_to_the_new_password(
    prod: AwsStack, account: aws.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one stays as AWSPREVIOUS; its end changes no secret."""
    # Which a stack that is not verified cannot ask for; what is looked at here is the secret.
    monkeypatch.setattr(rotation, "require_possible", lambda *_, **__: None)
    old = delivered(account)
    monkeypatch.setenv(rotation.VARIABLE, "start")
    prod.up()
    new = delivered(account)
    assert {name for name in new if new[name] != old[name]} == {"REDIS_PASSWORD"}
    assert delivered(account, "AWSPREVIOUS") == old
    valid = account.cache.moto.users[NAME].passwords
    assert {old["REDIS_PASSWORD"], new["REDIS_PASSWORD"]} == set(valid)
    monkeypatch.setenv(rotation.VARIABLE, "finish")
    prod.up()
    assert (delivered(account), versions(account)) == (new, 2)


def test_a_failing_verification_leaves_the_secret_at_its_old_version(
    prod: AwsStack, account: aws.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that was not proved reaches nobody: here there is no server to prove it by."""
    old = delivered(account)
    monkeypatch.delenv(verification.SWITCH)
    monkeypatch.setenv(rotation.VARIABLE, "start")
    prod.configure(verifyFrom="here")
    printed = prod.up(code=1)
    assert "verification" in printed
    assert prod.outputs["connection"]["REDIS_PASSWORD"] != old["REDIS_PASSWORD"]
    assert (delivered(account), versions(account)) == (old, 1)


def test_a_rollback_empties_the_secret_and_an_attach_fills_it(prod: AwsStack, account: aws.Account) -> None:
    """Every key is still there, so that an application which names one starts; with them it runs in memory."""
    old = delivered(account)
    prod.configure(attached="false")
    prod.up()
    assert delivered(account) == dict.fromkeys(GUIDES_VARIABLES, "")
    with open_cache(CacheEnvironment.from_mapping(delivered(account))) as client:
        assert client.health().backend == "memory"
    prod.configure(attached="true")
    prod.up()
    assert delivered(account) == old


def test_no_plain_part_of_the_state_has_the_password(prod: AwsStack) -> None:
    """Nor in a form that it could be read from."""
    everything = "".join(written(resource) for resource in prod.resources)
    password = prod.outputs["connection"]["REDIS_PASSWORD"]
    assert [form for form in fed.forms(password) if form in everything] == []
