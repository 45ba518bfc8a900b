"""The way through the house: settings -> backend -> connection -> verification -> (sinks) -> outputs."""

import asyncio
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pulumi

from infra import backends, settings
from infra.backends import BackendNotAvailable, Declaration
from infra.connection import Connection
from infra.settings import InvalidSettings, Settings
from verify import checks
from verify.environment import CacheEnvironment
from verify.report import Report

# A failing verification must never block a destroy that runs the program; a setting would be saved in the stack.
VERIFICATION_SWITCH: Final = "CACHE_VERIFICATION"


async def main() -> None:
    """Declare the cache, prove it, and export it. Raises `pulumi.RunError` for whatever a user can mend."""
    stack = pulumi.get_stack()
    try:
        wanted = load_settings(stack)
        declaration = backends.declare(wanted, stack=stack)
    except (InvalidSettings, BackendNotAvailable) as error:
        raise pulumi.RunError(str(error)) from None

    export(wanted, declaration)
    connection = await declaration.connection.future()
    if connection is None or pulumi.runtime.is_dry_run():
        pulumi.export("verification", unknown())
        return
    if os.environ.get(VERIFICATION_SWITCH) == "off":
        pulumi.log.warn(f"{VERIFICATION_SWITCH}=off: the cache was not verified")
        pulumi.export("verification", {"verdict": "off"})
        return

    report = await verify(connection, declaration)
    keep(report, stack)
    pulumi.export("verification", report.stable())
    if not report.passed:
        raise pulumi.RunError(explain(report, declaration, stack))


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


def unknown() -> pulumi.Output[None]:
    """Give what only an `up` will know: a preview that left it out would show it as removed."""
    value: asyncio.Future[None] = asyncio.Future()
    value.set_result(None)
    is_known: asyncio.Future[bool] = asyncio.Future()
    is_known.set_result(False)
    return pulumi.Output(set(), value, is_known)


async def verify(connection: Connection, declaration: Declaration) -> Report:
    """Run the checks over the very variables that the application will read."""
    environment = CacheEnvironment.from_mapping(connection.environment())
    # In a thread, since the checks block and the engine goes on meanwhile.
    return await asyncio.to_thread(checks.run, environment, declaration.expectation)


def keep(report: Report, stack: str) -> None:
    """Write the measurements, which an output may not hold: they change with every run."""
    reports = Path(pulumi.runtime.get_root_directory() or ".") / ".local" / "reports"
    reports.mkdir(parents=True, exist_ok=True)
    (reports / f"{stack}.json").write_text(report.to_json())


def explain(report: Report, declaration: Declaration, stack: str) -> str:
    """Say in a few lines what failed, why, and what to do."""
    failures = report.failures()
    lines = [f"the cache of stack {stack} did not pass its verification:"]
    for failure in failures:
        lines += [f"  {failure.title}: {failure.cause or failure.detail}", f"      {failure.remedy}"]
    return "\n".join([*lines, f"  What was created is kept; {declaration.repair}"])
