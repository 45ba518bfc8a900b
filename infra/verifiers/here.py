"""The machine that the program runs on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from infra.backend import Declaration
from infra.connection import Connection
from infra.governance import Governance

# Only to be typed with, and imported by the check itself: a run that does not verify stands here too.
if TYPE_CHECKING:
    from verify.checks.passwords import OtherPasswords
    from verify.report import Report

# It declares nothing.
GOVERNANCE: Final = Governance()


class Here:
    """This process."""

    name = "here"

    async def check(self, connection: Connection, declaration: Declaration, others: OtherPasswords) -> Report:
        """Run the checks, in a thread, since they block and the engine goes on meanwhile."""
        from verify import checks
        from verify.environment import CacheEnvironment

        environment = CacheEnvironment.from_mapping(connection.environment())
        return await asyncio.to_thread(checks.run, environment, declaration.expectation, others=others)
