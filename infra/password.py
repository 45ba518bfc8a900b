"""A password that is made once and kept in the stack's encrypted state.

A dynamic resource of ours, and not pulumi-random's: both engines serve it without a plugin, and a rotation needs
two passwords at a time, with where it stands in the state.
"""

import secrets
import string
from typing import Any, Final

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

# ElastiCache takes 16 to 128 characters, and letters and digits alone need no encoding in a URL (AWS,
# "Authenticating with Role-Based Access Control"; 190 bits are left).
LENGTH: Final = 32
ALPHABET: Final = string.ascii_letters + string.digits


class PasswordProvider(ResourceProvider):
    """Makes a password at its creation, and never another."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make it."""
        del props
        return CreateResult("password", {"value": "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))})

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Nothing about it changes by itself."""
        return DiffResult(changes=False)


class Password(Resource, module="password", name="Password"):
    """A password of one cache's user. `value` is a secret."""

    value: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__(
            PasswordProvider(),
            name,
            {"value": None},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["value"])),
        )
