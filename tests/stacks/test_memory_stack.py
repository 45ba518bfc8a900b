"""The backend that is none: the application falls back to its memory."""

from pathlib import Path

import pytest

from tests.stacks.inprocess import StackInProcess
from verify.environment import CacheEnvironment
from verify.memory_cache import MemoryCache
from verify.open_cache import open_cache


@pytest.mark.stack
def test_memory_delivers_that_there_is_no_redis(tmp_path: Path) -> None:
    """No cache, host or URL; the verdict is "memory", and the bundled client takes the delivered file at its word."""
    stack = StackInProcess(folder=tmp_path, name="dev", finders=[], configuration={"backend": "memory"})
    assert "Resources: + 2 to create" in stack.preview()  # the stack itself, and the file
    stack.up()
    outputs = stack.outputs
    assert (outputs["backend"], outputs["verification"]) == ("memory", {"verdict": "memory"})
    assert (outputs["connection"]["REDIS_HOST"], outputs["redisUrl"]) == ("", "")
    with open_cache(CacheEnvironment.from_mapping(outputs["connection"])) as cache:
        assert isinstance(cache, MemoryCache)
    stack.destroy()
