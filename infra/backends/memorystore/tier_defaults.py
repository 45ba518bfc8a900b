"""What a tier is given on Google Cloud beside its size."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from infra.sizing import TierName

SnapshotPeriod = Literal["ONE_HOUR", "SIX_HOURS", "TWELVE_HOURS", "TWENTY_FOUR_HOURS"]

# How old the data are at most that come back when every node of the instance failed. The snapshots are Google's own:
# they cost nothing, cannot be fetched, and go with the instance ("About RDB snapshots").
SNAPSHOT_PERIODS: Final[Mapping[TierName, SnapshotPeriod]] = MappingProxyType(
    {"dev": "TWENTY_FOUR_HOURS", "staging": "TWELVE_HOURS", "prod": "SIX_HOURS"}
)
