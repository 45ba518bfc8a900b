"""The matrix as people and machines read it."""

import json

from compliance import matrix
from compliance.matrix import Row

GREEN = Row(status="green", title="TLS", rules={"own": ["tls"], "Security Hub": ["ElastiCache.5"]}, resources=["a"])
RED = Row(status="red", title="copies", rules={"own": ["copies"]}, resources=["a"], reason="one node", cure="add one")
MANUAL = Row(status="manual", title="zones", rules={"Prowler": ["zones"]}, reason="not in the plan")


def test_red_comes_last_with_reason_and_cure_and_all_ids_are_shown() -> None:
    """The end is what a terminal shows."""
    text = matrix.to_text(matrix.merged([RED, GREEN, MANUAL]))
    assert text.index("Security Hub ElastiCache.5") < text.index("RED       copies")
    assert "why: one node" in text
    assert "cure: add one" in text
    assert text.endswith("4 rules: 2 green, 1 manual, 1 red")


def test_rows_that_differ_in_the_resource_alone_become_one() -> None:
    """Twenty rules of a security group are one line."""
    other = Row(status="green", title="TLS", rules=GREEN.rules, resources=["b"])
    (row,) = matrix.merged([GREEN, other])
    assert row.resources == ["a", "b"]


def test_a_rule_counts_once_by_its_worst_row() -> None:
    """Green for one resource and red for another is red."""
    rows = matrix.merged([Row(status="green", title="copies", rules=RED.rules), RED])
    assert matrix.counts(rows) == {"red": 1}


def test_only_green_without_red_passes() -> None:
    """Nothing assessed is nothing proved."""
    assert matrix.passed([GREEN, MANUAL])
    assert not matrix.passed([GREEN, RED])
    assert not matrix.passed([MANUAL])
    assert not matrix.passed([])
    assert "proves nothing" in matrix.to_text([])


def test_the_json_has_every_row() -> None:
    """For a dashboard, or for evidence in an audit."""
    document = json.loads(matrix.to_json([GREEN, RED]))
    assert document["passed"] is False
    assert document["counts"] == {"green": 2, "red": 1}
    assert document["rows"][1] == {
        "status": "red",
        "control": "copies",
        "rules": {"own": ["copies"]},
        "resources": ["a"],
        "reason": "one node",
        "cure": "add one",
    }
