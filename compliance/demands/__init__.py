"""Every demand that is known here, and what is known and not judged."""

from collections.abc import Sequence
from typing import Final

from compliance.demand import Demand, Exemption, Outside
from compliance.demands import access, container, memorystore, network, replication_group, secrets, verifier

DEMANDS: Final[Sequence[Demand]] = (
    *replication_group.DEMANDS,
    *access.DEMANDS,
    *network.DEMANDS,
    *container.DEMANDS,
    *memorystore.DEMANDS,
    *secrets.DEMANDS,
)
OUTSIDE: Final[Sequence[Outside]] = (
    *replication_group.OUTSIDE,
    *network.OUTSIDE,
    *container.OUTSIDE,
    *memorystore.OUTSIDE,
    *secrets.OUTSIDE,
)
EXEMPTIONS: Final[Sequence[Exemption]] = (*network.EXEMPTIONS, *verifier.EXEMPTIONS)
