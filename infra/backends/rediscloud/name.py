"""The name that a stack's subscription and database have at Redis Cloud.

Redis Cloud lets several things have one name. So the name ends in a few digits that this stack's state alone knows: by
it a creation that was cut off is found again, and what another state of the same stack made is never taken for ours.
"""

import secrets
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource

from infra.backends.rediscloud.naming import DIGITS
from infra.dynamic import Provider


class NameProvider(Provider):
    """Makes a name up once."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make it up."""
        name = f"{props['base']}-{secrets.token_hex(DIGITS // 2)}"
        return CreateResult(name, {"base": props["base"], "value": name})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Another beginning is another name."""
        return DiffResult(
            changes=olds["base"] != news["base"], replaces=["base"] if olds["base"] != news["base"] else []
        )


class Name(Resource, module="rediscloud", name="Name"):
    """The name, in `value`."""

    value: pulumi.Output[str]

    def __init__(self, name: str, base: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__(NameProvider(), name, {"base": base, "value": None}, opts)
