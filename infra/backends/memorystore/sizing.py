"""What Memorystore is asked for, so that the application has its memory."""

import math
from typing import Final, Literal, NamedTuple

from infra.sizing import GIBIBYTE, TierName

# Memorystore for Redis, "Product constraints": a Standard Tier instance keeps 10% of its memory for the backlog.
BACKLOG_PERCENT: Final = 10


class MemorystoreSize(NamedTuple):
    """What Memorystore is asked for."""

    memory_size_gb: int
    service_tier: Literal["BASIC", "STANDARD_HA"]


def size_of(tier: TierName, maxmemory_bytes: int) -> MemorystoreSize:
    """Return the whole GiB and the service tier. dev goes without a replica, and with it without the backlog."""
    if tier == "dev":
        return MemorystoreSize(memory_size_gb=math.ceil(maxmemory_bytes / GIBIBYTE), service_tier="BASIC")
    needed = maxmemory_bytes * 100 / (100 - BACKLOG_PERCENT)
    return MemorystoreSize(memory_size_gb=math.ceil(needed / GIBIBYTE), service_tier="STANDARD_HA")
