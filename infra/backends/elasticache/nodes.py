"""ElastiCache's node types, with the memory that an application can use on them.

The figures are AWS's own: ElastiCache User Guide, "Engine specific parameters", sections "Valkey node-type specific
parameters" and "Redis OSS node-type specific parameters".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Engine = Literal["redis", "valkey"]

# AWS keeps this share for snapshots and failovers; INFO's maxmemory is what is left (User Guide, "Managing reserved
# memory"; AWS Knowledge Center, "available-memory-elasticache-redis-node", where a cache.t3.micro shows 402653184).
RESERVED_PERCENT: Final = 25
GIBIBYTE: Final = 1024**3


class Node(NamedTuple):
    """A node type. `maxmemory_bytes` is AWS's figure before the reserve is taken off."""

    name: str
    maxmemory_bytes: int
    engines: tuple[Engine, ...] = ("redis", "valkey")

    @property
    def usable_bytes(self) -> int:
        """What data may take before the eviction policy sets in."""
        return self.maxmemory_bytes - self.maxmemory_bytes * RESERVED_PERCENT // 100

    @property
    def gib(self) -> float:
        """The memory as the price list gives it."""
        return round(self.maxmemory_bytes / GIBIBYTE, 2)

    @property
    def generation(self) -> int:
        """The number in the family's name: 7 of cache.r7g.large."""
        return int("".join(letter for letter in self.name.split(".")[1] if letter.isdigit()))


_SIZES: Final[Mapping[str, Mapping[str, int]]] = {
    "t": {"micro": 536870912, "small": 1471026299, "medium": 3317862236},
    "m": {"large": 6854542746, "xlarge": 13891921715, "2xlarge": 27966669210, "4xlarge": 56116178125},
    "r": {"large": 14037181030, "xlarge": 28261849702, "2xlarge": 56711183565, "4xlarge": 113609865216},
    "m8": {"large": 7294178820, "xlarge": 15222495510, "2xlarge": 31866224640, "4xlarge": 65856864256},
    "r8": {"large": 15222495510, "xlarge": 31866224640, "2xlarge": 65856864256, "4xlarge": 133838143488},
}
# The guide's families (t3, r6g) and those around them. AWS lists the eighth generation for Valkey alone.
_FAMILIES: Final[Mapping[str, tuple[str, tuple[Engine, ...]]]] = {
    "t3": ("t", ("redis", "valkey")),
    "t4g": ("t", ("redis", "valkey")),
    "m6g": ("m", ("redis", "valkey")),
    "m7g": ("m", ("redis", "valkey")),
    "m8g": ("m8", ("valkey",)),
    "r6g": ("r", ("redis", "valkey")),
    "r7g": ("r", ("redis", "valkey")),
    "r8g": ("r8", ("valkey",)),
}

NODES: Final[Mapping[str, Node]] = MappingProxyType(
    {
        name: Node(name=name, maxmemory_bytes=maxmemory_bytes, engines=engines)
        for family, (sizes, engines) in _FAMILIES.items()
        for size, maxmemory_bytes in _SIZES[sizes].items()
        for name in [f"cache.{family}.{size}"]
    }
)

# What is taken where no node type is named: for the memory of every tier, the cheapest node of infra/prices.toml that
# holds it (a test compares). Written down, so that a new price never moves a running cache.
LADDER: Final = (
    NODES["cache.t4g.micro"],
    NODES["cache.t4g.small"],
    NODES["cache.t4g.medium"],
    NODES["cache.m6g.large"],
    NODES["cache.m8g.large"],
    NODES["cache.r6g.large"],
)


def smallest(usable_bytes: int, engine: Engine) -> Node:
    """Return the first node of the ladder on which the engine's data may take `usable_bytes`. Raises `ValueError`."""
    for node in LADDER:
        if node.usable_bytes >= usable_bytes and engine in node.engines:
            return node
    raise ValueError(f"no node type has {usable_bytes} bytes that data may take")
