"""The preconditions of a prod stack, met as a user meets them: nothing is made, and the command that helps is said."""

from pathlib import Path

import pytest

from infra import verification
from tests.stacks.aws_stack import stack
from tests.standins import aws

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def _without_verification_or_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server stands behind these stacks, and a person runs them."""
    monkeypatch.setenv(verification.SWITCH, "off")
    monkeypatch.delenv("CI")


def test_an_up_of_prod_has_to_be_meant(account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview needs no word; an `up` without one makes nothing, and with the stack's name it goes on."""
    prod = stack(tmp_path / "project", account)
    prod.preview()
    refused = prod.up(code=1)
    assert "make up STACK=prod CONFIRM=prod" in refused
    assert not account.cache.moto.replication_groups
    monkeypatch.setenv("CACHE_CONFIRM", "prod")
    prod.up()
    assert account.cache.moto.replication_groups


def test_staging_needs_no_word(account: aws.Account, tmp_path: Path) -> None:
    """Nobody's guests wait for it."""
    stack(tmp_path / "project", account, tier="staging").up()


def test_a_passphrase_is_refused_before_anything_is_made(account: aws.Account, tmp_path: Path) -> None:
    """In the preview already, where a pull request shows it."""
    prod = stack(tmp_path / "project", account)
    with (tmp_path / "project" / "Pulumi.prod.yaml").open("a") as file:
        file.write("encryptionsalt: v1:7ASHwM5dcB8=:v1:c5sQPVOesVW29foG:PmmRgnB9MQPq5BefYYUI\n")
    for printed in (prod.preview(code=1), prod.up(code=1)):
        assert "pulumi stack change-secrets-provider --stack prod" in printed
    assert not account.cache.moto.replication_groups
