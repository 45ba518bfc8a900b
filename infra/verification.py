"""Whether an `up` proves the cache, and from where: infra/proof.py is the proof itself."""

import asyncio
import os
from typing import Final

import pulumi

from infra import proof, verifiers
from infra.backend import Declaration
from infra.connection import delivered
from infra.settings import Settings

# A failing verification must never block a destroy that runs the program; a setting would be saved in the stack.
SWITCH: Final = "CACHE_VERIFICATION"


def is_on() -> bool:
    """Return whether this run verifies at all."""
    return os.environ.get(SWITCH) != "off"


async def prove(declaration: Declaration, settings: Settings, *, stack: str) -> None:
    """Verify the cache, export what was found, and only then raise `pulumi.RunError` if it did not pass."""
    verifier = verifiers.choose(declaration, settings, stack=stack)
    pulumi.export("verifiedFrom", verifier.name)
    pulumi.export("repair", declaration.repair)
    connection = await declaration.connection.future()
    if connection is None or pulumi.runtime.is_dry_run():
        pulumi.export("verification", _unknown())
        return
    in_use = settings.attached and connection.host
    if in_use and not is_on():
        pulumi.log.warn(f"{SWITCH}=off: the cache was not verified")
        pulumi.export("verification", {"verdict": "off"})
        return
    if in_use:
        await proof.of_redis(verifier, connection, declaration, settings, stack=stack)
    else:
        environment = delivered(connection, declaration.own_variables, attached=False)
        await proof.of_memory(environment, settings, stack=stack)


def _unknown() -> pulumi.Output[None]:
    """Return what only an `up` will know: a preview that left it out would show it as removed."""
    value: asyncio.Future[None] = asyncio.Future()
    value.set_result(None)
    is_known: asyncio.Future[bool] = asyncio.Future()
    is_known.set_result(False)
    return pulumi.Output(set(), value, is_known)
