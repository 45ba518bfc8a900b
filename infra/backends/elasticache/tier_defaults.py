"""What a tier is given on AWS beside its size."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from infra.sizing import TierName


class TierDefaults(NamedTuple):
    """How a tier is kept from loss."""

    snapshot_days: int
    # Kept from deletion and replacement, with a last snapshot of it when it goes all the same. Minor upgrades too:
    # one that AWS makes by itself leaves the pinned version behind, which the provider takes for a downgrade, and a
    # downgrade replaces the group.
    protected: bool


TIER_DEFAULTS: Final[Mapping[TierName, TierDefaults]] = MappingProxyType(
    {
        "dev": TierDefaults(snapshot_days=0, protected=False),
        "staging": TierDefaults(snapshot_days=1, protected=False),
        # What AWS Config's elasticache-redis-cluster-automatic-backup-check and NIST 800-53 ask for.
        "prod": TierDefaults(snapshot_days=15, protected=True),
    }
)
