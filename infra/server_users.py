"""The users of a server that we run ourselves: the application's, and the operator, who alone administers it.

An operator's password is kept in the stack's state, and is delivered to nobody.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pulumi

from infra.connection import variables
from infra.outputs import Output
from verify.access import PRESETS

if TYPE_CHECKING:
    from verify.environment import CacheEnvironment

# Whoever sends a password and no name is the user `default` (redis.io, "ACL").
APPLICATION: Final = "default"
OPERATOR: Final = "operator"

EVERY_RIGHT: Final = PRESETS["full"]

OUTPUT: Final = Output(
    "operatorConnection", "the variables of the user that administers the server; delivered to nobody", secret=True
)


def digest(password: str) -> str:
    """Return the SHA-256 of a password, which Redis takes in its place: so no file or argument list ever holds one."""
    return hashlib.sha256(password.encode()).hexdigest()


def users(digests: Sequence[str], rules: Sequence[str], operator_digests: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return the ACL rules of each user, by its name. `rules` are the application's.

    A state of the time before there was an operator has none: the application's user administered.
    """
    application = {APPLICATION: _rules(digests, rules)}
    return application | ({OPERATOR: _rules(operator_digests, EVERY_RIGHT)} if operator_digests else {})


def operator_connection(
    connection: pulumi.Output[CacheEnvironment], password: pulumi.Output[str]
) -> pulumi.Output[Mapping[str, str]]:
    """Return the variables of a connection as the operator, a secret: what backs a cache up and restores it uses it."""
    return pulumi.Output.secret(
        pulumi.Output.all(connection, password).apply(
            lambda known: variables(dataclasses.replace(known[0], username=OPERATOR, password=known[1]))
        )
    )


def _rules(digests: Sequence[str], rules: Sequence[str]) -> Sequence[str]:
    return ["on", *(f"#{each}" for each in digests), *rules]
