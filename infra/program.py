"""The way through the house: settings -> backend -> connection -> verification -> sinks -> outputs."""

import os
from collections.abc import Mapping

import pulumi

from infra import backend, connection, costs, delivery, preconditions, rotation, verification
from infra.backend import BackendNotAvailable, Declaration
from infra.costs import OverBudget
from infra.preconditions import UnmetPrecondition
from infra.rotation import InvalidStep
from infra.settings import InvalidSettings, Settings, load


async def main() -> None:
    """Declare the cache, prove it, and export it. Raises `pulumi.RunError` for whatever a user can mend."""
    stack = pulumi.get_stack()
    try:
        settings = load_settings(stack)
        preconditions.require(settings, stack=stack)
        estimated = backend.estimate(settings, configuration(), os.environ)
        costs.require_within_budget(estimated, settings.budget_usd, stack=stack)
        rotation.require_possible(settings, verified=verification.is_on())
        declaration = backend.declare(settings, stack=stack)
    except (InvalidSettings, UnmetPrecondition, OverBudget, BackendNotAvailable, InvalidStep) as error:
        raise pulumi.RunError(str(error)) from None

    if estimated.items:
        pulumi.log.info(f"list price: {estimated.description}")
    export(settings, declaration)
    pulumi.export("monthlyCostUsd", estimated.output if declaration.monthly_usd is None else declaration.monthly_usd)
    await verification.prove(declaration, settings, stack=stack)
    delivery.deliver(declaration, settings, stack=stack)


def load_settings(stack: str) -> Settings:
    """Read the stack's settings. Raises `InvalidSettings`."""
    config = configuration()
    # As the provider takes it, to see what lies in another region (infra/settings/delivery.py).
    if region := os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"):
        config = {"aws:region": region, **config}
    return load(config, stack=stack, secret_keys=[key for key in config if pulumi.runtime.is_config_secret(key)])


def configuration() -> Mapping[str, str]:
    """Return the stack's whole configuration, by full keys."""
    # Needed to find keys that are no settings, and the SDK has no public way to it.
    config: Mapping[str, str] = pulumi.runtime.config.CONFIG.get()
    return config


def export(settings: Settings, declaration: Declaration) -> None:
    """Export what does not depend on the verification."""
    pulumi.export("backend", settings.backend)
    pulumi.export("tier", settings.tier)
    pulumi.export("connection", delivery.variables(declaration, settings))
    url = declaration.connection.apply(connection.url) if settings.attached else ""
    pulumi.export("redisUrl", pulumi.Output.secret(url))
    if declaration.passwords is not None:
        pulumi.export("rotation", pulumi.Output.unsecret(declaration.passwords).apply(lambda known: known.state))
    pulumi.export("expectation", declaration.expectation.asked)
    for name, value in declaration.outputs.items():
        pulumi.export(name, value)
