"""The way through the house: settings -> backend -> connection -> verification -> (sinks) -> outputs."""

import dataclasses
from collections.abc import Mapping

import pulumi

from infra import backends, settings, verification
from infra.backends import BackendNotAvailable, Declaration
from infra.connection import Connection
from infra.settings import InvalidSettings, Settings


async def main() -> None:
    """Declare the cache, prove it, and export it. Raises `pulumi.RunError` for whatever a user can mend."""
    stack = pulumi.get_stack()
    try:
        wanted = load_settings(stack)
        declaration = backends.declare(wanted, stack=stack)
    except (InvalidSettings, BackendNotAvailable) as error:
        raise pulumi.RunError(str(error)) from None

    export(wanted, declaration)
    await verification.prove(declaration, wanted, stack=stack)


def load_settings(stack: str) -> Settings:
    """Read the stack's configuration. Raises `InvalidSettings`."""
    # The whole configuration is needed to find keys that are no settings, and the SDK has no public way to it.
    config: Mapping[str, str] = pulumi.runtime.config.CONFIG.get()
    return settings.load(
        config, stack=stack, secret_keys=[key for key in config if pulumi.runtime.is_config_secret(key)]
    )


def export(wanted: Settings, declaration: Declaration) -> None:
    """Export what does not depend on the verification."""
    pulumi.export("backend", wanted.backend)
    pulumi.export("tier", wanted.tier)
    pulumi.export("connection", pulumi.Output.secret(declaration.connection.apply(Connection.environment)))
    pulumi.export("redisUrl", pulumi.Output.secret(declaration.connection.apply(Connection.url)))
    asked = dataclasses.asdict(declaration.expectation)
    pulumi.export("expectation", {name: value for name, value in asked.items() if value is not None})
    for name, value in declaration.outputs.items():
        pulumi.export(name, value)
