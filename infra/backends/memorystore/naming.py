"""The name that everything of one stack has at Google."""

import re
from typing import Final

from infra import naming

LONGEST: Final = 40

_RULE: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def name_of(prefix: str, stack: str) -> str:
    """Return the id of the stack's instance and of its range of addresses.

    Raises `ValueError` where Google would refuse it: at most 40 lower-case letters, digits and hyphens, and no hyphen
    at the end (Memorystore for Redis REST reference, instances.create, instanceId).
    """
    name = naming.name_of(prefix, stack)
    longest_stack = LONGEST - len(prefix) - len("-")
    if not _RULE.fullmatch(stack) or len(name) > LONGEST:
        raise ValueError(
            f'"{name}" is no name of a Memorystore instance: the stack\'s name may have at most '
            f"{longest_stack} lower-case letters, digits and hyphens, and none of the hyphens at an end"
        )
    return name
