"""The machine that the program runs on."""

from __future__ import annotations

import asyncio
from typing import Final

from infra.backend import Declaration
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

    async def check(self, connection: CacheEnvironment, declaration: Declaration, others: OtherPasswords) -> Report:
        """Run the checks, in a thread, since they block and the engine goes on meanwhile."""
        return await asyncio.to_thread(checks.run, connection, declaration.expectation, others=others)
