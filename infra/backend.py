"""Backend: what every backend says of itself; Declaration: what it declares; and the table of backends.

A backend's folder has its `BACKEND` in backend.py, which needs no SDK. What declares its resources is imported only
when a stack names it, because each cloud's SDK is heavy and not every environment has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import pulumi

from infra.backends import BACKENDS
from infra.backup import Backups
from infra.costs import Estimate, GuideEstimate, Region
from infra.governance import Governance
from infra.outputs import Output
from infra.rotation import Passwords
from infra.settings import Settings
from infra.sizing import TierName
from verify.environment import CacheEnvironment
from verify.expectation import Expectation

# Only to be typed with: most stacks are not in AWS.
if TYPE_CHECKING:
    from infra.verifiers.lambda_network import LambdaNetwork


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What every backend returns: how to reach the cache, what to expect of it, and what else to export."""

    connection: pulumi.Output[CacheEnvironment]
    expectation: Expectation
    # Names what puts a cache that failed its verification back as it was declared.
    repair: str
    # What of ours the connection always has beside the guide's six variables.
    own_variables: tuple[str, ...] = ()
    # None where the vendor makes the password.
    passwords: pulumi.Output[Passwords] | None = None
    # What a Lambda function needs inside the cache's network, where it cannot be reached from outside.
    lambda_network: LambdaNetwork | None = None
    # What the vendor itself says that a month costs, where it says so: better than a list price.
    monthly_usd: pulumi.Output[float | None] | None = None
    # The values of `Backend.outputs`.
    outputs: Mapping[str, pulumi.Input[Any]] = field(default_factory=dict)


class Declare(Protocol):
    """What a backend's `resources` offer under the name `declare`."""

    def __call__(self, settings: Settings, *, stack: str) -> Declaration:
        """Declare the resources of a stack. Raises `BackendNotAvailable`."""


class EstimateCosts(Protocol):
    """What a stack costs a month, by list prices."""

    def __call__(self, settings: Any, *, region: str | None) -> Estimate:
        """Estimate a stack with the backend's own settings in a vendor's region."""


class Offers(Protocol):
    """Stacks of one size that are compared, everything else as it comes."""

    def __call__(self, tier: TierName, memory_mb: int | None, config: Mapping[str, Any]) -> Iterable[Settings]:
        """Return the settings of each; `memory_mb` None is the tier's default, `config` says in which place."""


def costs_nothing(settings: Settings, *, region: str | None) -> Estimate:
    """Estimate a server on one's own machine."""
    del settings, region
    return Estimate()


class IsOnThisMachine(Protocol):
    """Whether a stack runs on the machine that brings it up, where it costs nothing and ends with the machine."""

    def __call__(self, config: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
        """Judge by the stack's configuration, in full keys, and the environment."""


def always(config: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """Whether a stack of a backend that has no other place runs on this machine: it does."""
    del config, environment
    return True


def never(config: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
    """Whether a stack of a vendor's runs on this machine: it does not."""
    del config, environment
    return False


@dataclass(frozen=True, kw_only=True)
class TakenDown:
    """A stack that was taken down, for what it may have left on this machine."""

    stack: str
    # What the stack's file sets, in full keys.
    config: Mapping[str, Any]
    # Whether each state that is kept in the project still has resources of the stack, by the state's address
    # (PULUMI_BACKEND_URL) relative to the project.
    has_resources: Mapping[str, bool]


class NothingFound(Exception):
    """A function of a cloud finds nothing: the message is its provider's."""


class Answer(Protocol):
    """What a function of a cloud says offline, where nobody is asked: made up, for a stack that is yet to come."""

    def __call__(self, arguments: Mapping[str, Any], config: Mapping[str, str], /) -> dict[str, Any]:
        """Answer by the arguments and the stack's configuration. Raises `NothingFound`."""


class RemoveLeftovers(Protocol):
    """What a backend does at the end of `down`: it removes what no state knows any more."""

    def __call__(self, gone: TakenDown, *, say: Callable[[str], None]) -> Sequence[str]:
        """Remove it, and say what was removed; return what stays and why, each in one line with its cure."""


@dataclass(frozen=True, kw_only=True)
class Backend(Governance):
    """What a backend says of itself. `resources` is the module that declares it, by its dotted name."""

    name: str
    resources: str
    settings: type[Settings]
    is_on_this_machine: IsOnThisMachine
    estimate: EstimateCosts = costs_nothing
    # What the estimate leaves out.
    not_counted: str = "the machine that it runs on"
    # None where the region is a setting of ours, or there is none.
    region: Region | None = None
    # The stacks of a size that have prices of their own, and the guide's figures; None where there is one as it comes.
    offers: Offers | None = None
    guide_estimates: Sequence[GuideEstimate] = ()
    # Every resource is a dynamic one of ours on this machine, so that the in-process engine serves it.
    is_served_in_process: bool = False
    # The address of a key for the state's secrets as docs/state.md makes it, in the cloud that the cache is in.
    example_key: str | None = None
    # The outputs that a stack has beside those of every stack.
    outputs: Sequence[Output] = ()
    # What an `up` needs of the machine that it runs on, beside Python, the Pulumi CLI and a place for the state.
    needs: Sequence[str] = ()
    # Offline: the functions that the program asks of its cloud, by their tokens; what is made up, by its name; and the
    # environment without which it declares nothing.
    functions: Mapping[str, Answer] = field(default_factory=dict)
    made_up: Mapping[str, str] = field(default_factory=dict)
    offline_environment: Mapping[str, str] = field(default_factory=dict)
    # None where nothing of the cache can be copied out, or put back.
    backups: Backups | None = None
    # None where whatever is left of a stack is found by its state alone.
    remove_leftovers: RemoveLeftovers | None = None

    def offered(self, tier: TierName, memory_mb: int | None, config: Mapping[str, Any]) -> Iterable[Settings]:
        """Return the stacks of a size that are compared."""
        if self.offers is not None:
            return self.offers(tier, memory_mb, config)
        return [self.settings.example(tier=tier, memory_mb=memory_mb)]

    def priced_region(self, config: Mapping[str, Any]) -> str | None:
        """Return the region that a configuration names, else the one that the prices were read for."""
        return None if self.region is None else self.region.of(config, {}) or self.region.priced


class BackendNotAvailable(Exception):
    """The backend cannot be declared: its packages are not installed."""


def get(name: str) -> Backend:
    """Return the backend of a name."""
    backend: Backend = import_module(f"infra.backends.{name}.backend").BACKEND
    return backend


def all_backends() -> Sequence[Backend]:
    """Return every backend, in the table's order."""
    return [get(name) for name in BACKENDS]


def estimate(settings: Settings, config: Mapping[str, Any], environment: Mapping[str, str]) -> Estimate:
    """Estimate what a stack costs a month, in the region that its configuration or the environment names."""
    known = get(settings.backend)
    return known.estimate(settings, region=None if known.region is None else known.region.of(config, environment))


def declare(settings: Settings, *, stack: str) -> Declaration:
    """Declare the resources of the backend that the settings name. Raises `BackendNotAvailable`."""
    try:
        declare_resources: Declare = import_module(get(settings.backend).resources).declare
    except ModuleNotFoundError as missing:
        if not str(missing.name).startswith("pulumi_"):
            raise
        raise BackendNotAvailable(
            f"cache:backend {settings.backend} needs {missing.name}, which .venv does not have\n"
            f"      make install STACK={stack}"
        ) from None
    return declare_resources(settings, stack=stack)
