"""What is asked of ElastiCache and of what stands around it."""

from typing import Final

from infra.backends.elasticache.controls import network, replication_group, users

CONTROLS: Final = (*replication_group.CONTROLS, *users.CONTROLS, *network.CONTROLS)
NOT_ASSESSED: Final = (*replication_group.NOT_ASSESSED, *network.NOT_ASSESSED)
EXEMPTIONS: Final = network.EXEMPTIONS
