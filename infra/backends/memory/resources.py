"""No Redis at all: the application, told of no host, falls back to its memory."""

import pulumi

from infra.backend import Declaration
from infra.backends.memory.settings import MemorySettings
from verify.environment import CacheEnvironment
from verify.expectation import Expectation


def declare(settings: MemorySettings, *, stack: str) -> Declaration:
    """Declare nothing, and a connection without a host."""
    del settings
    return Declaration(
        connection=pulumi.Output.from_input(CacheEnvironment(host=None)),
        expectation=Expectation(),
        repair=f"there is nothing to put back: make up STACK={stack}",
    )
