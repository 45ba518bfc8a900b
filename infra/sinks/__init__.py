"""Secret sinks: where the proved connection goes, for the application to read it when it starts.

A sink is declared only after the verification passed. A run that fails before deletes nothing that it did not come to
declare, so every sink then keeps the connection that was proved last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import pulumi

from infra.governance import Governance
from infra.outputs import Output

# Only to be typed with: the host of our providers loads this module, and has no use for the settings.
if TYPE_CHECKING:
    from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What is delivered: the variables that the application reads, each of them, empty where there is none."""

    # Known in a preview already, where the values are not.
    variables: tuple[str, ...]
    # A secret.
    values: pulumi.Output[Mapping[str, str]]
    # The stack's own key, where it has one.
    kms_key_arn: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What a sink declared, and what of it is exported; nothing of the connection itself."""

    resources: Sequence[pulumi.Resource]
    outputs: Mapping[str, pulumi.Input[Any]] = field(default_factory=dict)


class Sink(Protocol):
    """What each module of the table offers. None needs an SDK before it declares something."""

    GOVERNANCE: Governance
    # What `Delivered.outputs` has values of.
    OUTPUTS: Sequence[Output]

    def declare(self, delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
        """Declare what holds the variables."""


def module_of(name: str) -> Sink:
    """Return the module of a sink, by its name in the table (infra/settings/delivery.py)."""
    module: Any = import_module(f"infra.sinks.{name.replace('-', '_')}")
    sink: Sink = module
    return sink


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Sequence[Delivered]:
    """Declare every sink that the settings name."""
    return [module_of(name).declare(delivery, settings, stack=stack) for name in settings.chosen_sinks]


def governance() -> Sequence[Governance]:
    """Return what each sink says of its resources, in the table's order."""
    # Imported here: the host of our providers loads this module, and has no use for the settings.
    from infra.settings.delivery import SINKS

    return [module_of(name).GOVERNANCE for name in SINKS]
