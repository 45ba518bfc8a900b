"""The table of backends: a name, and the module that declares its resources.

A module is imported only when a stack names it, because each cloud's SDK is heavy and not every environment
has it. It offers `declare(settings, stack) -> Declaration`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pulumi

from infra.connection import Connection
from infra.rotation import Passwords
from infra.settings import BackendName, Settings
from verify.expectation import Expectation

# Only to be typed with: most stacks are not in AWS.
if TYPE_CHECKING:
    from infra.verifiers.lambda_network import Place


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What every backend returns: how to reach the cache, what to expect of it, and what else to export."""

    connection: pulumi.Output[Connection]
    expectation: Expectation
    # Names what puts a cache that failed its verification back as it was declared.
    repair: str
    # What of ours the connection always has beside the guide's six variables.
    own_variables: tuple[str, ...] = ()
    # None where the vendor makes the password.
    passwords: pulumi.Output[Passwords] | None = None
    # A place inside the cache's network, where it cannot be reached from outside.
    aws_place: Place | None = None
    # What the vendor itself says that a month costs, where it says so: better than a list price.
    monthly_usd: pulumi.Output[float | None] | None = None
    outputs: Mapping[str, pulumi.Input[Any]] = field(default_factory=dict)


BACKENDS: Final[Mapping[BackendName, str]] = {
    "local": "infra.backends.local.resources",
    "docker": "infra.backends.docker.resources",
    "elasticache": "infra.backends.elasticache.resources",
    "memorystore": "infra.backends.memorystore.resources",
    "rediscloud": "infra.backends.rediscloud.resources",
    "memory": "infra.backends.memory.resources",
}


class BackendNotAvailable(Exception):
    """The backend cannot be declared: its packages are not installed."""


def declare(settings: Settings, *, stack: str) -> Declaration:
    """Declare the resources of the backend that the settings name. Raises `BackendNotAvailable`."""
    try:
        builder: Callable[..., Declaration] = import_module(BACKENDS[settings.backend]).declare
    except ModuleNotFoundError as missing:
        if not str(missing.name).startswith("pulumi_"):
            raise
        raise BackendNotAvailable(
            f"cache:backend {settings.backend} needs {missing.name}, which .venv does not have\n"
            f"      make install STACK={stack}"
        ) from None
    return builder(settings, stack=stack)
