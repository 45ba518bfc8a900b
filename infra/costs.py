"""What a stack costs a month: list prices of infra/prices.toml, each with its source and date, and nothing made up."""

import functools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from infra import sizing
from infra.backends import BackendName
from infra.backends.elasticache.settings import ElastiCacheSettings
from infra.backends.elasticache.tier_defaults import CARE
from infra.backends.memorystore.settings import MemorystoreSettings
from infra.backends.rediscloud.settings import RedisCloudSettings
from infra.settings import Settings

# What the vendors' own calculators take for a month.
HOURS: Final = 730

UNKNOWN: Final = "unknown"

# Where a vendor's SDK looks for the region, and so which of its prices hold: the stack's key, then the environment's.
REGION_KEYS: Final[Mapping[BackendName, str]] = {"elasticache": "aws:region", "memorystore": "gcp:region"}
REGION_VARIABLES: Final[Mapping[BackendName, tuple[str, ...]]] = {
    "elasticache": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "memorystore": ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"),
}
# What Redis Cloud's plans cost is read for this region of AWS; the guide's estimates name none.
REDIS_CLOUD_REGION: Final = "us-east-1"

NOT_COUNTED: Final[Mapping[BackendName, str]] = {
    "local": "the machine that it runs on",
    "docker": "the machine that it runs on",
    "elasticache": "traffic between zones, what CloudWatch keeps of the logs, requests to KMS and Secrets Manager, "
    "renewed versions of the key, runs of the verifier, taxes, discounts",
    "memorystore": "traffic between zones, versions of secrets (0.06 each a month, of which Google gives six), taxes, "
    "discounts",
    "rediscloud": "traffic, taxes, discounts",
    "memory": "the memory of the application",
}


class OverBudget(Exception):
    """The stack costs more than its budget, or nobody knows what; the message says both figures and the cure."""


class Item(NamedTuple):
    """One thing that is paid for, in USD a month; None where infra/prices.toml has no price of it."""

    what: str
    monthly_usd: float | None


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
    def words(self) -> str:
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
def prices() -> Mapping[str, Any]:
    """Read the list prices."""
    return tomllib.loads(Path(__file__).with_name("prices.toml").read_text(encoding="utf-8"))


def region(backend: BackendName, config: Mapping[str, str], environment: Mapping[str, str]) -> str | None:
    """Give the vendor's region that a stack is for, by its configuration's full keys; None where neither says it."""
    variables = REGION_VARIABLES.get(backend, ())
    named = [config.get(REGION_KEYS.get(backend, "")), *(environment.get(variable) for variable in variables)]
    return next((name for name in named if name), None)


def estimate(settings: Settings, *, region: str | None) -> Estimate:
    """Estimate what a stack in a vendor's region costs."""
    tier, memory = settings.tier, settings.maxmemory_bytes
    match settings:
        case ElastiCacheSettings():
            return elasticache(settings, region=region)
        case MemorystoreSettings():
            return Estimate((memorystore(sizing.memorystore(tier, memory), region=region),))
        case RedisCloudSettings(takes_free_plan=True):
            return Estimate((Item(what=f"Redis Cloud's free plan of {settings.FREE_PLAN_MB} MB", monthly_usd=0.0),))
        case RedisCloudSettings():
            plan_bytes = sizing.redis_cloud_plan_bytes(tier, memory)
            return Estimate((redis_cloud(plan_bytes, region=settings.chosen_cloud_region),), vendor_tells=True)
        case _:
            return Estimate()


def elasticache(settings: ElastiCacheSettings, *, region: str | None) -> Estimate:
    """Estimate a replication group: its nodes, the snapshots at their largest, the key if it is its own, the secret."""
    listed = prices()["elasticache"].get(region, {})
    node, count = settings.node.name, 1 + settings.chosen_replicas
    hourly = listed.get("nodes", {}).get(settings.engine, {}).get(node)
    items = [_item(f"{count} x {node} ({settings.engine}) in {place(region)}", hourly, count * HOURS)]
    days = CARE[settings.tier].snapshot_days if settings.chosen_persistence == "snapshot" else 0
    if days:
        # A snapshot is the data, which are at most the memory asked for.
        gib = settings.maxmemory_bytes / sizing.GIBIBYTE
        price = listed.get("snapshots", {}).get("price")
        items.append(_item(f"{days} x {gib:.2f} GB of snapshots at most", price, days * gib))
    if settings.kms_key_arn is None:
        items.append(_item("a KMS key", listed.get("keys", {}).get("price"), 1))
    if "aws-secrets-manager" in settings.chosen_sinks:
        items.append(_item("a secret", listed.get("secrets", {}).get("price"), 1))
    return Estimate(tuple(items))


def place(region: str | None) -> str:
    """Give the words for a region."""
    return region or "a region that the configuration does not name"


def memorystore(size: sizing.MemorystoreSize, *, region: str | None) -> Item:
    """Estimate an instance: the rate of its band holds for all of its memory."""
    what = f"{size.memory_size_gb} GB of Memorystore {size.service_tier} in {place(region)}"
    listed = prices()["memorystore"].get(region)
    if listed is None:
        return Item(what=what, monthly_usd=None)
    rates = [
        rate
        for largest, rate in zip(listed["largest_gb"], listed[size.service_tier], strict=True)
        if size.memory_size_gb <= largest
    ]
    return _item(what, rates[0] if rates else None, size.memory_size_gb * HOURS)


def redis_cloud(plan_bytes: int, *, region: str = REDIS_CLOUD_REGION) -> Item:
    """Estimate the smallest plan with a known price that is large enough."""
    gb = math.ceil(plan_bytes / sizing.GIBIBYTE)
    for plan in prices()["rediscloud"].get(region, {}).get("plans", ()):
        if plan["size_gb"] >= gb:
            return Item(what=f"Redis Cloud {plan['name']}", monthly_usd=float(plan["price"]))
    return Item(what=f"a Redis Cloud plan of {gb} GB", monthly_usd=None)


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
            f"cache:budgetUsd is {budget_usd:.2f}, and what stack {stack} costs is unknown: infra/prices.toml has no "
            f"price of {unknown}\n      pulumi config rm cache:budgetUsd --stack {stack}"
        )
    if cost > budget_usd:
        raise OverBudget(
            f"cache:budgetUsd is {budget_usd:.2f}, and stack {stack} costs {estimated.words}\n"
            f"      pulumi config set cache:budgetUsd {math.ceil(cost)} --stack {stack}"
        )


def _item(what: str, price: float | None, quantity: float) -> Item:
    return Item(what=what, monthly_usd=None if price is None else round(price * quantity, 2))
