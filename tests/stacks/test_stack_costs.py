"""What a stack says of its costs before anything is created, and what a budget then does."""

from pathlib import Path

import pytest

from infra import verification
from tests.stacks.aws_stack import stack
from tests.standins import aws

pytestmark = pytest.mark.stack


def test_a_preview_says_what_the_stack_costs(account: aws.Account, tmp_path: Path) -> None:
    """Two nodes, the snapshots at their largest, a key, a secret."""
    made = stack(tmp_path, account, budgetUsd="224.04")
    assert (
        "list price: 224.04 USD a month (2 x cache.m6g.large (redis) in us-east-1 217.54, 15 x 4.00 GB"
        in made.preview()
    )


def test_the_cost_is_an_output(account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a number, which a pipeline can compare."""
    monkeypatch.setenv(verification.SWITCH, "off")
    made = stack(tmp_path, account, tier="dev")
    made.up()
    assert made.outputs["monthlyCostUsd"] == 13.08


@pytest.mark.long
def test_a_stack_beyond_its_budget_creates_nothing(account: aws.Account, tmp_path: Path) -> None:
    """Neither in a preview nor in an `up`, and both figures are named."""
    made = stack(tmp_path, account, budgetUsd="200")
    for run in (made.preview, made.up):
        assert "cache:budgetUsd is 200.00, and stack prod costs 224.04 USD a month (2 x" in run(code=1)
    assert not account.elasticache.describe_replication_groups()["ReplicationGroups"]
    assert not [resource for resource in made.resources if "elasticache" in resource.type]


def test_a_budget_in_a_region_without_prices_is_refused(account: aws.Account, tmp_path: Path) -> None:
    """What nobody knows is within no budget; without one it is told as unknown."""
    account.region = "eu-west-1"
    made = stack(tmp_path, account, budgetUsd="1000")
    assert "what stack prod costs is unknown" in made.preview(code=1)
