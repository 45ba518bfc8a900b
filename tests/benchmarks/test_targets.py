"""What must hold of the figures of `make bench`, by the least disturbed of many runs of each side."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from benchmarks import client, stacks
from benchmarks.comparison import Comparison
from benchmarks.project import Clone
from benchmarks.servers import RedisServer
from tests.stacks.conftest import pulumi_command
from tests.stacks.project import copy
from verify.cache import Cache
from verify.open_cache import open_cache

pytestmark = pytest.mark.long

ROUNDS = {"pulumi": 5, "inprocess": 12}


@pytest.fixture
def caches() -> Iterator[tuple[Cache, redis.Redis]]:
    """Our client and redis-py's, of the same server."""
    with (
        tempfile.TemporaryDirectory() as folder,
        RedisServer(Path(folder), password="of a test") as server,
        open_cache(server.environment()) as cache,
        redis.Redis(port=server.port, password=server.password) as bare,
    ):
        yield cache, bare


def test_an_operation_costs_at_most_a_tenth_more_than_redis_py_alone(caches: tuple[Cache, redis.Redis]) -> None:
    """Each of them, for small and for large values."""
    compared = client.compare_operations(*caches)
    assert len(compared) == 10
    slow = {name: each.best_ratio for name, each in compared.items() if _least(each) > client.AT_MOST}
    assert not slow


def test_get_many_is_eight_times_faster_than_as_many_gets(caches: tuple[Cache, redis.Redis]) -> None:
    """A thousand small values."""
    assert _least(client.compare_get_many(caches[0])) * client.GET_MANY_FASTER <= 1


@pytest.mark.parametrize(
    "engine",
    [
        pytest.param("inprocess", marks=pytest.mark.stack),
        pytest.param("pulumi", marks=pytest.mark.engine),
    ],
)
def test_with_nothing_to_do_an_up_is_cheap_and_its_verification_no_dearer_than_a_check(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against the bare program on the same engine, and `verify check` as a process."""
    if engine == "pulumi":
        command = pulumi_command()
        if command is None:
            pytest.skip("no pulumi on PATH or in .local/pulumi (make pulumi)")
        monkeypatch.setenv("PATH", str(command.path.parent), prepend=":")
    copy(tmp_path / "project")
    project = Clone(root=tmp_path / "project", engine=engine)
    measured = stacks.compare_with_nothing_to_do(project, tmp_path, rounds=ROUNDS[engine])
    if engine in stacks.UP_AT_MOST:
        assert _least(measured.up) <= stacks.UP_AT_MOST[engine]
    assert _least(measured.verification) <= stacks.VERIFICATION_AT_MOST


def _least(comparison: Comparison) -> float:
    """Return the ratio that noise can hardly have made: the smaller of the best and of the median."""
    return min(comparison.best_ratio, comparison.ratio)
