"""Where the verification runs from: a cache in a private network cannot be reached from a laptop or a pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from infra.backend import Declaration
from infra.connection import Connection
from infra.settings import Settings

# Only to be typed with: an `up` that does not verify chooses a vantage too, and runs no checks.
if TYPE_CHECKING:
    from verify.checks.passwords import OtherPasswords
    from verify.report import Report


class Vantage(Protocol):
    """A place that the checks run from. Whatever it needs is declared when it is made, in a preview too."""

    name: str

    async def check(self, connection: Connection, declaration: Declaration, others: OtherPasswords) -> Report:
        """Run the checks. Raises `pulumi.RunError` where they cannot be run at all."""


def choose(declaration: Declaration, wanted: Settings, *, stack: str) -> Vantage:
    """Make the vantage that the stack asks for; by itself, the one inside the cache's network where there is one."""
    if declaration.aws_place is not None and wanted.verify_from in ("auto", "aws-lambda"):
        from infra.verifiers.aws_lambda import AwsLambda

        return AwsLambda(declaration.aws_place, stack=stack)
    from infra.verifiers.here import Here

    return Here()
