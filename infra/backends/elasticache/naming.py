"""The name that everything of one stack has at AWS."""

import re
from typing import Final

from infra import naming

LONGEST: Final = 40

_RULE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def name_of(prefix: str, stack: str) -> str:
    """Return the id of the stack's replication group, user and user group.

    Raises `ValueError` where AWS would refuse it: at most 40 lower-case letters, digits and hyphens, no two hyphens
    together and none at the end (ElastiCache API reference, CreateReplicationGroup, ReplicationGroupId).
    """
    name = naming.name_of(prefix, stack)
    longest_stack = LONGEST - len(prefix) - len("-")
    if not _RULE.fullmatch(stack) or len(name) > LONGEST:
        raise ValueError(
            f'"{name}" is no name of a replication group: the stack\'s name may have at most '
            f"{longest_stack} lower-case letters, digits and single hyphens"
        )
    return name
