"""The name that everything of one stack has at AWS."""

import re
from typing import Final

from infra.naming import PREFIX

LONGEST: Final = 40

_RULE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def name_of(stack: str) -> str:
    """Return the id of the stack's replication group, user and user group.

    Raises `ValueError` where AWS would refuse it: at most 40 lower-case letters, digits and hyphens, no two hyphens
    together and none at the end (ElastiCache API reference, CreateReplicationGroup, ReplicationGroupId).
    """
    name = f"{PREFIX}{stack}"
    if not _RULE.fullmatch(stack) or len(name) > LONGEST:
        raise ValueError(
            f'"{name}" is no name of a replication group: the stack\'s name may have at most '
            f"{LONGEST - len(PREFIX)} lower-case letters, digits and single hyphens"
        )
    return name
