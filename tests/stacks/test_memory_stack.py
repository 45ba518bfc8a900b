"""The backend that is none: the application falls back to its memory."""

from pathlib import Path

import pytest

from tests.stacks.inprocess import StackInProcess
from verify.cache import open_cache
from verify.environment import CacheEnvironment
from verify.memory_cache import MemoryCache


@pytest.mark.stack
def test_memory_declares_nothing_and_says_so(tmp_path: Path) -> None:
    """No resource, no host, no URL; the verdict is "memory", and the bundled client takes it at its word."""
    stack = StackInProcess(folder=tmp_path, name="dev", finders=[], configuration={"backend": "memory"})
    assert "Resources: + 1 to create" in stack.preview()  # the stack itself
    stack.up()
    outputs = stack.outputs
    assert (outputs["backend"], outputs["verification"]) == ("memory", {"verdict": "memory"})
    assert (outputs["connection"]["REDIS_HOST"], outputs["redisUrl"]) == ("", "")
    with open_cache(CacheEnvironment.from_mapping(outputs["connection"])) as cache:
        assert isinstance(cache, MemoryCache)
    stack.destroy()
