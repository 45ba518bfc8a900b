"""How much memory a stack asks for: what the application can use. What a vendor keeps for itself comes on top."""

import functools
import math
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from verify import capacity, workload

TierName = Literal["dev", "staging", "prod"]

MEBIBYTE: Final = 1024 * 1024
GIBIBYTE: Final = 1024 * MEBIBYTE


class Tier(NamedTuple):
    """The memory a tier may have, in MiB that the application can use (Redis's own "mb").

    Source: the Redis Provisioning Guide, "Redis Instance Recommendations".
    """

    smallest_mb: int
    largest_mb: int
    default_mb: int


TIERS: Final = MappingProxyType(
    {
        "dev": Tier(smallest_mb=100, largest_mb=1024, default_mb=256),
        "staging": Tier(smallest_mb=1024, largest_mb=2048, default_mb=1024),
        "prod": Tier(smallest_mb=4096, largest_mb=8192, default_mb=4096),
    }
)
# From the cheapest on.
TIER_NAMES: Final[tuple[TierName, ...]] = ("dev", "staging", "prod")

# The more demanding of the two models: which server `local` finds is not known before, and no cloud offers Valkey 9.1.
MODEL: Final = "redis-7.0"

# How full the forecast may make the cache: "ensure that this metric is under 80%" (Memorystore for Redis, "General best
# practices"). The rest is for growth, for client buffers, and for the hash tables: while one grows, the old one stands
# beside it, for up to 5 percent more (measured at 88,000 organizations).
FULL_PERCENT: Final = 80


@functools.cache
def memory_mb_for(organizations: int) -> int:
    """Return the MiB that so many organizations need, by the memory model over the guide's workload.

    Raises `ValueError`: `verify.capacity.InvalidForecast` or `verify.workload.InvalidWorkload`.
    """
    forecast = capacity.forecast(organizations, engine=MODEL, workload=workload.load())
    return math.ceil(forecast.used_memory_bytes * 100 / FULL_PERCENT / MEBIBYTE)


def tier_for(memory_mb: int) -> TierName:
    """Return the cheapest tier that holds so many MiB. Raises `ValueError` where none does."""
    for name in TIER_NAMES:
        if memory_mb <= TIERS[name].largest_mb:
            return name
    raise ValueError(f"{memory_mb} MiB are more than the {TIERS[TIER_NAMES[-1]].largest_mb} MiB of the largest tier")


def memory_mb(tier: TierName, *, asked_mb: int | None, organizations: int | None) -> int:
    """Return the MiB of a stack: as asked, or for its organizations within its tier, or its tier's default."""
    if asked_mb is not None:
        return asked_mb
    if organizations is not None:
        return max(memory_mb_for(organizations), TIERS[tier].smallest_mb)
    return TIERS[tier].default_mb
