"""Waivers hold for their stack, for their rules, and until their day."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from compliance import waivers
from compliance.matrix import Row
from compliance.waivers import Scope, Waiver
from runner.project import ProjectError
from tests.recorded_stacks import ROOT

DAY = date(2027, 1, 1)
DEV = Scope(stack="dev", tier="dev", backend="elasticache")
RED = Row(status="red", title="copies", rules={"own": ["cache-failover"], "Security Hub": ["ElastiCache.3"]}, cure="do")
GREEN = Row(status="green", title="TLS", rules={"own": ["cache-tls"]})


def waiver(**fields: Any) -> Waiver:
    """Make one for tier dev."""
    return Waiver(
        **{"tier": "dev", "rules": ("ElastiCache.3",), "reason": "one node is enough", "until": DAY, **fields}
    )


def test_a_waived_row_is_not_red_and_says_why_and_until_when() -> None:
    """By any of its ids; the last day is part of it."""
    rows, stale = waivers.apply([waiver()], [RED, GREEN], DEV, DAY)
    (row,) = [row for row in rows if row.title == "copies"]
    assert (row.status, row.cure, stale) == ("waived", "", [])
    assert "until 2027-01-01: one node is enough" in row.reason


def test_an_expired_waiver_leaves_the_row_red_and_says_so() -> None:
    """The day after, the pipeline fails."""
    rows, _ = waivers.apply([waiver()], [RED], DEV, date(2027, 1, 2))
    assert rows[0].status == "red"
    assert "its waiver ended on 2027-01-01" in rows[0].reason
    assert rows[0].cure == "do"


@pytest.mark.parametrize("rule", ["cache-tls", "ElastiCache.33"])
def test_a_waiver_for_nothing_is_stale(rule: str) -> None:
    """Its rule is green by now, or never was one."""
    _, stale = waivers.apply([waiver(rules=("ElastiCache.3", rule))], [RED, GREEN], DEV, DAY)
    assert stale == [f"{rule} is waived for nothing"]


@pytest.mark.parametrize(
    "scope",
    [
        {"tier": "prod"},
        {"tier": None, "stack": "other"},
        {"backend": "docker"},
    ],
)
def test_a_waiver_of_another_stack_neither_holds_nor_is_stale(scope: dict[str, object]) -> None:
    """Who runs a stack has no business with the others' waivers."""
    rows, stale = waivers.apply([waiver(**scope)], [RED], DEV, DAY)
    assert (rows, stale) == ([RED], [])


def test_the_projects_own_waivers_can_be_read_and_prod_has_none() -> None:
    """Prod is green by what it declares."""
    found = waivers.load(ROOT / waivers.FILE)
    assert found
    assert not [each for each in found if each.tier == "prod" or each.stack == "prod"]


def test_every_problem_of_the_file_is_named(tmp_path: Path) -> None:
    """All at once, with the place of the waiver."""
    file = tmp_path / "waivers.toml"
    file.write_text(
        '[[waiver]]\ntier = "dev"\nrules = []\nreason = "because it is so"\nuntil = 2027-01-01\n'
        '[[waiver]]\nstack = "a"\ntier = "dev"\nrules = ["x"]\nreason = "because it is so"\nuntil = 2027-01-01\n'
        '[[waiver]]\ntier = "dev"\nrules = ["x"]\nreason = "so"\nexpires = 2027-01-01\n'
        '[[waiver]]\nstack = 1\nbackend = "redis"\nrules = [1]\nreason = 1\nuntil = 2027-01-01T00:00:00\n'
        '[[waiver]]\ntier = "best"\n'
        "[waivers]\n"
    )
    with pytest.raises(ProjectError) as refused:
        waivers.load(file)
    text = str(refused.value)
    for words in (
        "waivers is no part of it",
        "waiver 1: rules are the ids of one rule or more",
        "waiver 2: name a stack or a tier, and not both",
        "waiver 3: reason is a text of 10 characters or more",
        "waiver 3: until is a day",
        "waiver 3: expires is no part of it; there are stack, tier,",
        "waiver 4: stack is the name of one",
        "waiver 4: backend is one of local, docker,",
        "waiver 4: rules are",
        "waiver 4: reason is",
        "waiver 4: until is",
        "waiver 5: tier is one of dev, staging, prod",
        "waiver 5: rules are",
    ):
        assert words in text


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    """With what the reader says."""
    (tmp_path / "waivers.toml").write_text("[[waiver]\n")
    with pytest.raises(ProjectError, match=r"waivers\.toml cannot be read"):
        waivers.load(tmp_path / "waivers.toml")
