"""What a stack costs a month: list prices, each with its source and date, and nothing made up."""

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

# What the vendors' own calculators take for a month.
HOURS: Final = 730

UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Region:
    """Where a vendor's SDK looks for the region, and so which of its prices hold: the stack's key, then variables."""

    key: str
    variables: tuple[str, ...]
    # The one that the prices were read for, where a stack does not say in which it is.
    priced: str

    def of(self, config: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
        """Return the region that a stack is for, by its configuration's full keys; None where nothing says it."""
        named = [config.get(self.key), *(environment.get(variable) for variable in self.variables)]
        return next((str(name) for name in named if name), None)


class OverBudget(Exception):
    """The stack costs more than its budget, or nobody knows what; the message says both figures and the cure."""


class Item(NamedTuple):
    """One thing that is paid for, in USD a month; None where the backend's prices.toml has none of it."""

    what: str
    monthly_usd: float | None


# A guide's "about" is met by a price that is at most so much off.
BAND_PERCENT: Final = 20


@dataclass(frozen=True, kw_only=True)
class GuideEstimate:
    """What the Redis Provisioning Guide says, "Cost Estimates", and what the list price says today."""

    what: str
    guide_usd: float
    now: Item

    @property
    def is_in_band(self) -> bool:
        """Whether today's price is about the guide's."""
        usd = self.now.monthly_usd
        return usd is not None and abs(usd - self.guide_usd) * 100 <= BAND_PERCENT * self.guide_usd


@dataclass(frozen=True)
class Estimate:
    """All that is paid for. Nothing is paid for a server on one's own machine."""

    items: tuple[Item, ...] = ()
    # The vendor's API says what it costs, and holds it against the budget, before anything is created.
    vendor_tells: bool = False

    @property
    def monthly_usd(self) -> float | None:
        """The sum in USD; None as soon as one price is unknown."""
        known = [item.monthly_usd for item in self.items if item.monthly_usd is not None]
        return round(sum(known), 2) if len(known) == len(self.items) else None

    @property
    def description(self) -> str:
        """The sum and what it is made of."""
        items = (
            f"{item.what} {UNKNOWN if item.monthly_usd is None else f'{item.monthly_usd:.2f}'}" for item in self.items
        )
        total = UNKNOWN if self.monthly_usd is None else f"{self.monthly_usd:.2f}"
        return f"{total} USD a month ({', '.join(items)})"

    @property
    def output(self) -> float | str:
        """The sum as the stack's output has it."""
        return UNKNOWN if self.monthly_usd is None else self.monthly_usd


@functools.cache
def prices(backend: str) -> Mapping[str, Any]:
    """Return the list prices in a backend's folder, by region; none where it has no such file."""
    file = Path(__file__).parent / "backends" / backend / "prices.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def region_name(region: str | None) -> str:
    """Return the words for a region."""
    return region or "a region that the configuration does not name"


def require_within_budget(estimated: Estimate, budget_usd: float | None, *, stack: str) -> None:
    """Raise `OverBudget` if the stack costs more than `budget_usd`, or if that cannot be told."""
    if budget_usd is None:
        return
    cost = estimated.monthly_usd
    if estimated.vendor_tells:
        return
    if cost is None:
        unknown = ", ".join(item.what for item in estimated.items if item.monthly_usd is None)
        raise OverBudget(
            f"cache:budgetUsd is {budget_usd:.2f}, and what stack {stack} costs is unknown: its backend's "
            f"prices.toml has no price of {unknown}\n      pulumi config rm cache:budgetUsd --stack {stack}"
        )
    if cost > budget_usd:
        raise OverBudget(
            f"cache:budgetUsd is {budget_usd:.2f}, and stack {stack} costs {estimated.description}\n"
            f"      pulumi config set cache:budgetUsd {math.ceil(cost)} --stack {stack}"
        )


def priced(what: str, price: float | None, quantity: float) -> Item:
    """Return an item by its price for one; None is unknown."""
    return Item(what=what, monthly_usd=None if price is None else round(price * quantity, 2))
