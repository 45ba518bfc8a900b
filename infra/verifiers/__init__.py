"""Where the verification runs from: a cache in a private network cannot be reached from a laptop or a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Final, Protocol

from infra.backend import Declaration
from infra.governance import Governance
from infra.settings import Settings
from infra.verifiers.here import Here
from verify.checks.passwords import OtherPasswords
from verify.environment import CacheEnvironment
from verify.report import Report


class Verifier(Protocol):
    """A place that the checks run from. Whatever it needs is declared when it is made, in a preview too."""

    name: str

    async def check(self, connection: CacheEnvironment, declaration: Declaration, others: OtherPasswords) -> Report:
        """Run the checks. Raises `pulumi.RunError` where they cannot be run at all."""


class VerifierModule(Protocol):
    """What each module of the table offers beside its verifier. None needs an SDK before it declares something."""

    GOVERNANCE: Governance


VERIFIERS: Final[Mapping[str, str]] = {
    "here": "infra.verifiers.here",
    "aws-lambda": "infra.verifiers.aws_lambda",
}


def choose(declaration: Declaration, settings: Settings, *, stack: str) -> Verifier:
    """Return the verifier that the stack asks for; by itself, the one inside the cache's network where there is one."""
    if declaration.lambda_network is not None and settings.verify_from in ("auto", "aws-lambda"):
        # Late, since it needs the SDK of AWS, which most environments do not have.
        from infra.verifiers.aws_lambda import AwsLambda

        return AwsLambda(declaration.lambda_network, stack=stack)
    return Here()


def governance() -> Sequence[Governance]:
    """Return what each verifier says of its resources, in the table's order."""
    return [import_module(verifier).GOVERNANCE for verifier in VERIFIERS.values()]
