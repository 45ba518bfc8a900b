"""Refuses another cache:namePrefix for a stack that is up: every name would change, and with it every cache.

The prefix is an input of a dynamic resource that each backend declares anyway, so the engine has it in the state and
hands it to the provider's `check`, before anything is touched.
"""

from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi.dynamic import CheckFailure

from infra.naming import NAME_PREFIX


class NameInputs(TypedDict):
    """What a dynamic resource has to keep."""

    namePrefix: str
    stack: str


def inputs(prefix: str) -> NameInputs:
    """Return what to keep of the stack of this run."""
    return {"namePrefix": prefix, "stack": pulumi.get_stack()}


def failures(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[CheckFailure]:
    """Compare the inputs of the last run, which are empty before the first, with today's.

    A stack that was brought up before the setting existed has the default prefix.
    """
    old, new, stack = olds.get("namePrefix", NAME_PREFIX), news["namePrefix"], news["stack"]
    if not olds or old == new:
        return []
    problem = (
        f'cache:namePrefix is "{new}", and stack {stack} was brought up with "{old}": under other names it would be '
        f"another cache, and its data would be lost. Set it back: pulumi config set cache:namePrefix {old} --stack "
        f"{stack}; or, where the data may go, make down STACK={stack} with the old one first"
    )
    return [CheckFailure("namePrefix", problem)]
