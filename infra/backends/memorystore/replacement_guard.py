"""What Google cannot change of an instance, held in the state, so that no change of a setting replaces it unasked.

A dynamic resource: it refuses in the plan, in every tier, where the provider would delete the instance with its data
and make another one. AWS's counterpart is infra/backends/elasticache/replacement_guard.py, which says why they are two.
"""

from collections.abc import Mapping
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

from infra import name_guard
from infra.backends.memorystore.versions import is_downgrade
from infra.dynamic import Provider
from infra.name_guard import NameInputs


class ReplacementGuardInputs(NameInputs, TypedDict):
    """What the stack asks of its instance; an empty text is none."""

    project: str
    region: str
    tier: str
    transitEncryptionMode: str
    authorizedNetwork: str
    reservedIpRange: str
    customerManagedKey: str
    redisVersion: str


# The setting behind each.
SETTINGS: Final[Mapping[str, str]] = {
    "project": "gcp:project",
    "region": "gcp:region",
    "tier": "cache:tier",
    "transitEncryptionMode": "cache:tls",
    "authorizedNetwork": "cache:network",
    "reservedIpRange": "cache:privateServiceAccess or cache:allocatedRange",
    "customerManagedKey": "cache:kmsKeyName",
    "redisVersion": "cache:redisVersion",
}


def _replaces(name: str, old: str, new: str) -> bool:
    return is_downgrade(old, new) if name == "redisVersion" else old != new


def _problem(name: str, old: str, new: str, *, stack: str) -> str:
    return (
        f'{SETTINGS[name]} makes {name} "{new}", and it is "{old}": for that Google can only replace the cache, and '
        f"its data would be lost. Set it back; or, where they may go: make down STACK={stack} && make up STACK={stack}"
    )


class PermanenceProvider(Provider):
    """Compares with the last run."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what would replace the instance: all of it at once, with both values and the cure."""
        failures = [
            CheckFailure(name, _problem(name, olds[name], news[name], stack=news["stack"]))
            for name in SETTINGS
            if name in olds and _replaces(name, olds[name], news[name])
        ]
        return CheckResult(news, [*name_guard.failures(olds, news), *failures])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Write down what is asked."""
        return CreateResult("permanence", props)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Compare what was asked."""
        return DiffResult(changes=any(olds.get(name) != news[name] for name in SETTINGS))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Write down what is asked now."""
        return UpdateResult(news)


class ReplacementGuard(Resource, module="permanence", name="Permanence"):
    """The guard of one instance. Its names in a state are those of its first release."""

    def __init__(self, name: str, inputs: ReplacementGuardInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__(PermanenceProvider(), name, {**inputs}, opts)
