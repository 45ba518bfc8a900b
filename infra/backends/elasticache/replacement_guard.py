"""What the state remembers of a replication group, so that a later run can tell where it came from.

A dynamic resource: what was asked last is compared before anything is touched (with what runs, running.py
compares), and the final snapshot's name is in the state from the creation on (the provider reads it from there when it
deletes the group).

Google's counterpart is infra/backends/memorystore/replacement_guard.py. Their names are in every stack's state, and
what they compare, refuse and keep differs: only the shape that the SDK gives a provider is the same.
"""

import secrets
from typing import Any, Final, TypedDict

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    Resource,
    UpdateResult,
)

from infra.backends.elasticache.versions import change_problem, is_downgrade
from infra.dynamic import Provider

FINAL_SNAPSHOT: Final = "finalSnapshot"


class ReplacementGuardInputs(TypedDict):
    """What the stack asks of its replication group."""

    name: str
    engine: str
    engineVersion: str
    applyImmediately: bool


def _problem(asked: tuple[str, str], target: tuple[str, str], *, apply_immediately: bool) -> str | None:
    if not is_downgrade(asked, target):
        return change_problem(asked, target, apply_immediately=apply_immediately)
    # What runs is no newer than `target` here: that is seen to before (running.py).
    return (
        f"AWS was asked for {' '.join(asked)} before, and an upgrade that waits for the maintenance window cannot be "
        f"called off from here. Going back to {' '.join(target)} would delete the cache with its data: set "
        f"cache:engine {asked[0]} and cache:engineVersion {asked[1]} or later"
    )


class LineageProvider(Provider):
    """Refuses a downgrade, and keeps the name of the final snapshot."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Compare with the last run: the plan already says what is wrong."""
        failures = []
        if "engineVersion" in olds:
            problem = _problem(
                (olds["engine"], olds["engineVersion"]),
                (news["engine"], news["engineVersion"]),
                apply_immediately=news["applyImmediately"],
            )
            failures = [CheckFailure("engineVersion", problem)] if problem else []
        return CheckResult(news, failures)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Choose the snapshot's name: unlike any other, or AWS would refuse it at the very end."""
        snapshot = f"{props['name']}-final-{secrets.token_hex(4)}"
        return CreateResult(props["name"], {**props, FINAL_SNAPSHOT: snapshot})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Compare what was asked."""
        return DiffResult(changes=any(olds.get(key) != news[key] for key in ReplacementGuardInputs.__annotations__))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Write down what is asked now."""
        return UpdateResult({**news, FINAL_SNAPSHOT: olds[FINAL_SNAPSHOT]})


class ReplacementGuard(Resource, module="lineage", name="Lineage"):
    """The guard of one replication group. Its names in a state are those of its first release."""

    finalSnapshot: pulumi.Output[str]  # noqa: N815 - the SDK fills the attribute that has the property's name

    def __init__(self, name: str, inputs: ReplacementGuardInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__(LineageProvider(), name, {**inputs, FINAL_SNAPSHOT: None}, opts)
