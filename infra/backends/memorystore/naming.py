"""The name that everything of one stack has at Google."""

import re
from typing import Final

from infra.naming import PREFIX

LONGEST: Final = 40

_RULE: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def name_of(stack: str) -> str:
    """Return the id of the stack's instance and of its range of addresses.

    Raises `ValueError` where Google would refuse it: at most 40 lower-case letters, digits and hyphens, and no hyphen
    at the end (Memorystore for Redis REST reference, instances.create, instanceId).
    """
    name = f"{PREFIX}{stack}"
    if not _RULE.fullmatch(stack) or len(name) > LONGEST:
        raise ValueError(
            f'"{name}" is no name of a Memorystore instance: the stack\'s name may have at most '
            f"{LONGEST - len(PREFIX)} lower-case letters, digits and hyphens, and none of the hyphens at an end"
        )
    return name
