"""What a plan of Redis Cloud Essentials costs a month, by list price; the API says the real one."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.backends.rediscloud.settings import RedisCloudSettings
from infra.costs import Estimate, GuideEstimate, Item, prices
from infra.sizing import GIBIBYTE, TierName

# What the plans cost is read for this region of AWS; the guide's estimates name none.
PRICED_REGION: Final = "us-east-1"


def estimate(settings: RedisCloudSettings, *, region: str | None) -> Estimate:
    """Estimate the plan. The region is a setting, and no SDK's."""
    del region
    if settings.takes_free_plan:
        return Estimate((Item(what=f"Redis Cloud's free plan of {settings.FREE_PLAN_MB} MB", monthly_usd=0.0),))
    needed = plan_bytes(settings.tier, settings.maxmemory_bytes)
    return Estimate((plan(needed, region=settings.chosen_cloud_region),), vendor_tells=True)


def plan(size: int, *, region: str = PRICED_REGION) -> Item:
    """Estimate the smallest plan with a known price that has so many bytes."""
    gb = math.ceil(size / GIBIBYTE)
    for known in prices("rediscloud").get(region, {}).get("plans", ()):
        if known["size_gb"] >= gb:
            return Item(what=f"Redis Cloud {known['name']}", monthly_usd=float(known["price"]))
    return Item(what=f"a Redis Cloud plan of {gb} GB", monthly_usd=None)


def plan_bytes(tier: TierName, maxmemory_bytes: int) -> int:
    """Return the size of the plan; with a replica, data take half (redis.io, "High availability and replication")."""
    return maxmemory_bytes if tier == "dev" else 2 * maxmemory_bytes


def offers(tier: TierName, memory_mb: int | None, config: Mapping[str, Any]) -> Iterator[RedisCloudSettings]:
    """Yield a stack in the region of a configuration: the free plan, where tier dev names no memory."""
    yield RedisCloudSettings(
        tier=tier,
        memory_mb=memory_mb,
        cloud_region=config.get("cache:cloudRegion"),
        accept_any_address=True,
        accept_plain_text=tier == "dev" and memory_mb is None,
    )


def guide_estimates() -> Iterator[GuideEstimate]:
    """Yield the guide's figures for plans."""
    for gb, usd in ((1, 25), (4, 100)):
        yield GuideEstimate(what=f"Redis Cloud {gb} GB", guide_usd=usd, now=plan(gb * GIBIBYTE))
