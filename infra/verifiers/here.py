"""The machine that the program runs on."""

from __future__ import annotations

import asyncio
from typing import Final

from infra.backend import Declaration
from infra.connection import Connection
from infra.governance import Governance
from verify import checks
from verify.checks.passwords import OtherPasswords
from verify.environment import CacheEnvironment
from verify.report import Report

# It declares nothing.
GOVERNANCE: Final = Governance()


class Here:
    """This process."""

    name = "here"

    async def check(self, connection: Connection, declaration: Declaration, others: OtherPasswords) -> Report:
        """Run the checks, in a thread, since they block and the engine goes on meanwhile."""
        environment = CacheEnvironment.from_mapping(connection.environment())
        return await asyncio.to_thread(checks.run, environment, declaration.expectation, others=others)
