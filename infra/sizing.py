"""How much memory a tier asks for."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

TierName = Literal["dev", "staging", "prod"]

MEBIBYTE: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Tier:
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
