"""What names at Redis Cloud look like."""

import re
from typing import Final

from infra.naming import name_of

DIGITS: Final = 6
# "Database name is limited to 40 characters or less and must include only letters, digits, and hyphens ('-'). It must
# start with a letter and end with a letter or digit." (the API's OpenAPI document, FixedDatabaseCreateRequest.name)
LONGEST: Final = 40


def base_of(prefix: str, stack: str) -> str:
    """Return the beginning of the name. Raises `ValueError` where Redis Cloud would refuse the whole."""
    base = name_of(prefix, stack)
    longest_stack = LONGEST - len(prefix) - len("--") - DIGITS
    if not re.fullmatch(r"[A-Za-z0-9-]+", stack) or len(stack) > longest_stack:
        raise ValueError(
            f'"{base}" is no name at Redis Cloud: the stack\'s name may have at most {longest_stack} letters, '
            "digits and hyphens"
        )
    return base


def is_of_base(name: str, base: str) -> bool:
    """Return whether a name was made from this beginning, by whatever state."""
    return re.fullmatch(rf"{re.escape(base)}-[0-9a-f]{{{DIGITS}}}", name) is not None
