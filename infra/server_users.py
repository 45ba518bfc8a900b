"""The users of a server that we run ourselves: the application's, and the operator, who alone administers it.

An operator's password is kept in the stack's state, and is delivered to nobody.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from verify.access import PRESETS

# Whoever sends a password and no name is the user `default` (redis.io, "ACL").
APPLICATION: Final = "default"
OPERATOR: Final = "operator"

EVERY_RIGHT: Final = PRESETS["full"]


def digest(password: str) -> str:
    """Return the SHA-256 of a password, which Redis takes in its place: so no file or argument list ever holds one."""
    return hashlib.sha256(password.encode()).hexdigest()


def users(digests: Sequence[str], rules: Sequence[str], operator_digests: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the ACL rules of each user, by its name. `rules` are the application's.

    A state of the time before there was an operator has none: the application's user administered.
    """
    application = {APPLICATION: _rules(digests, rules)}
    return application | ({OPERATOR: _rules(operator_digests, EVERY_RIGHT)} if operator_digests else {})


def _rules(digests: Sequence[str], rules: Sequence[str]) -> Sequence[str]:
    return ["on", *(f"#{each}" for each in digests), *rules]
