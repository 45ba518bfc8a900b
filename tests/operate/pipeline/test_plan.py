from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from operate.pipeline import summary
from operate.pipeline.plan import Change, Difference, Plan, PlanUnreadable

STACK = "pulumi:pulumi:Stack"
SERVER = "pulumi-python:dynamic/local:Server"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}


def state(type_: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource as an event has it."""
    return {"type": type_, "urn": "", "id": "", "parent": "", "provider": "", "inputs": inputs, "outputs": outputs}


def event(kind: str, operation: str, resource: tuple[str, str], old: object, new: object) -> dict[str, Any]:
    """Return an event of one step, for a resource's name and type."""
    name, type_ = resource
    urn = f"urn:pulumi:prod::cache::{type_}::{name}"
    metadata = {"op": operation, "urn": urn, "type": type_, "provider": "", "old": old, "new": new}
    return {"sequence": 1, "timestamp": 1, kind: {"metadata": metadata, "planning": True}}


def step(
    operation: str,
    name: str = "cache",
    type_: str = SERVER,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return what Pulumi says of a step, with these inputs: first that it begins, then that it ended."""
    old = None if before is None else state(type_, before, {})
    new = None if after is None else state(type_, after, {})
    return [event(kind, operation, (name, type_), old, new) for kind in ("resourcePreEvent", "resOutputsEvent")]


def refreshed(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return what Pulumi says of a refresh that found these outputs."""
    new = None if after is None else state(SERVER, {}, after)
    return [event("resOutputsEvent", "refresh", ("cache", SERVER), state(SERVER, {}, before), new)]


def costs(before: object, after: object) -> list[dict[str, Any]]:
    """Return what Pulumi says of the stack's outputs."""
    old, new = ({} if cost is None else {"monthlyCostUsd": cost} for cost in (before, after))
    return [event("resOutputsEvent", "same", ("cache-prod", STACK), state(STACK, {}, old), state(STACK, {}, new))]


def read(*steps: list[dict[str, Any]], unchanged: int = 0, error: str = "") -> Plan:
    """Read a file of these events."""
    events = [each for group in steps for each in group]
    if error:
        events.append(
            {
                "sequence": 1,
                "timestamp": 1,
                "diagnosticEvent": {"message": error, "color": "never", "severity": "error"},
            }
        )
    summary = {"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": {"same": unchanged}, "PolicyPacks": {}}
    events.append({"sequence": 1, "timestamp": 1, "summaryEvent": summary})
    return Plan.from_events("\n".join(json.dumps(each) for each in events))


def test_a_plan_without_a_change_is_empty() -> None:
    """Whatever the refresh found on its way, as long as `up` would do nothing."""
    plan = read(refreshed({"uptime": 1}, {"uptime": 2}), step("same", before={}, after={}), unchanged=3)
    assert plan.is_empty
    assert plan.unchanged == 3


def test_a_change_has_what_the_program_wants_and_what_was_found() -> None:
    """The first explains a pull request, the second drift."""
    plan = read(
        refreshed({"running": True}, {"running": False}),
        step("update", before={"maxmemory": 1, "port": 6379}, after={"maxmemory": 2, "port": 6379}),
    )
    assert plan.changes == (
        Change(
            operation="update",
            type="local:Server",
            name="cache",
            changed=(Difference(key="maxmemory", before="1", after="2"),),
            found=(Difference(key="running", before="true", after="false"),),
        ),
    )
    assert not plan.is_empty


def test_a_replacement_is_one_change() -> None:
    """Pulumi plans it in three steps."""
    plan = read(
        step("create-replacement", before={"port": 1}, after={"port": 2}),
        step("replace", before={"port": 1}, after={"port": 2}),
        step("delete-replaced", before={"port": 1}),
    )
    assert [change.operation for change in plan.changes] == ["replace"]


def test_a_deletion_that_is_only_announced_counts() -> None:
    """What a plan would delete has no outputs to tell of."""
    plan = read(step("delete", before={"port": 1})[:1])
    assert [change.operation for change in plan.changes] == ["delete"]


def test_providers_and_the_stack_itself_are_no_changes() -> None:
    """Pulumi's own bookkeeping, which its summary leaves out as well."""
    assert read(
        step("update", "default", "pulumi:providers:aws", {"region": "a"}, {"region": "b"}),
        step("create", "cache-prod", STACK, None, {}),
    ).is_empty


def test_values_of_secrets_and_of_the_future_are_not_shown() -> None:
    """A comment is public where the repository is."""
    plan = read(
        step(
            "update",
            before={"values": SECRET, "id": "a", "__provider": "old", "gone": 1},
            after={
                "values": dict(SECRET, ciphertext="x"),
                "id": "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
                "long": "a" * 99,
            },
        )
    )
    shown = {each.key: (each.before, each.after) for each in plan.changes[0].changed}
    assert shown["values"] == ("a secret", "a secret")
    assert shown["id"] == ('"a"', "known after up")
    assert shown["gone"] == ("1", "nothing")
    assert len(shown["long"][1]) == 80
    assert "__provider" not in shown


def test_a_preview_that_failed_is_never_empty() -> None:
    """No drift was found is not: it was not looked for."""
    plan = read(error="cache:tierr is no setting\n")
    assert plan.problems == ("cache:tierr is no setting",)
    assert not plan.is_empty
    assert "cannot be told: the preview failed" in summary.drift(plan, stack="prod")
    assert "cache:tierr is no setting" in summary.comment(plan, stack="prod")


@pytest.mark.parametrize("text", ["", "{}", "not JSON", '{"sequence": 1, "timestamp": 1, "cancelEvent": {}}', "[]"])
def test_a_file_that_is_no_whole_preview_is_refused(text: str) -> None:
    """A run that was cut off must not pass for one without drift."""
    with pytest.raises(PlanUnreadable):
        Plan.from_events(text)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (291.72, 411.72, "411.72 USD a month, 120.00 more than now (291.72)"),
        (1411.72, 291.72, "291.72 USD a month, 1,120.00 less than now (1,411.72)"),
        (291.72, 291.72, "291.72 USD a month, as now"),
        (None, 291.72, "291.72 USD a month, for a stack that is new"),
        ("unknown", 291.72, "291.72 USD a month; what it costs now is unknown"),
        (291.72, "unknown", "unknown: infra/prices.toml has no price for a part of it"),
        (0, 0, "0.00 USD a month, as now"),
    ],
)
def test_the_cost_is_compared_with_what_the_stack_costs_now(before: object, after: object, expected: str) -> None:
    """From one preview: the stack's output as it is, and as it would be."""
    comment = summary.comment(read(costs(before, after), unchanged=1), stack="prod")
    assert f"**Cost:** {expected}\n" in comment
    assert "Nothing to do: 1 resource unchanged." in comment


def test_the_comment_names_what_would_be_lost_before_all_else() -> None:
    """A reviewer must not have to find a replacement in a list."""
    plan = read(
        step("create", "alarm", after={}),
        step("replace", "cache", before={"port": 1}, after={"port": 2}),
        costs(1, 2),
        unchanged=4,
    )
    comment = summary.comment(plan, stack="prod")
    assert "**Replaced or deleted, with what is in it:** `cache`" in comment
    assert "+ create local:Server alarm\n- replace local:Server cache\n      port: 1 -> 2" in comment
    assert "1 to create, 1 to replace, 4 unchanged." in comment


def test_nothing_in_a_plan_ends_the_block_that_it_is_shown_in() -> None:
    """A pull request decides the values: they must not become headings, links or pictures."""
    evil = "```\n![](https://example.com/pixel)"
    for plan in (read(step("update", before={"a": "b"}, after={"a": evil})), read(error=evil)):
        for text in (summary.comment(plan, stack="prod"), summary.drift(plan, stack="prod")):
            assert len(re.findall(r"^````(?:diff)?$", text, re.MULTILINE)) == 2


def test_drift_is_told_in_words() -> None:
    """What is gone, what is different and what nobody declares any more, each with what an `up` would do."""
    gone = read(refreshed({"running": True}, None), step("create", after={}))
    assert "local:Server cache was deleted, and not by Pulumi; up would create it again" in summary.drift(
        gone, stack="prod"
    )
    changed = read(refreshed({"running": True}, {"running": False}), step("update", before={"a": 1}, after={"a": 2}))
    told = summary.drift(changed, stack="prod")
    assert "local:Server cache is not as declared; up would update it" in told
    assert "found: running: true -> false" in told
    assert "up: a: 1 -> 2" in told
    assert "make up STACK=prod" in told
    new = summary.drift(read(step("create", after={})), stack="prod")
    assert "is declared and does not exist; up would create it" in new
    old = summary.drift(read(step("delete", before={})), stack="prod")
    assert "is no longer declared; up would delete it" in old
    assert "no drift" in summary.drift(read(unchanged=2), stack="prod")
