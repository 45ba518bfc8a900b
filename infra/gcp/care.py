"""What a tier is given on Google Cloud beside its size."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from infra.sizing import TierName

SnapshotPeriod = Literal["ONE_HOUR", "SIX_HOURS", "TWELVE_HOURS", "TWENTY_FOUR_HOURS"]


@dataclass(frozen=True, kw_only=True)
class Care:
    """How a tier is kept from loss."""

    # How old the data are at most that come back when every node of the instance failed. The snapshots are Google's
    # own: they cost nothing, cannot be fetched, and go with the instance ("About RDB snapshots").
    snapshot_period: SnapshotPeriod
    # Kept from deletion and replacement, by Pulumi and by the provider.
    protected: bool


CARE: Final[Mapping[TierName, Care]] = MappingProxyType(
    {
        "dev": Care(snapshot_period="TWENTY_FOUR_HOURS", protected=False),
        "staging": Care(snapshot_period="TWELVE_HOURS", protected=False),
        "prod": Care(snapshot_period="SIX_HOURS", protected=True),
    }
)
