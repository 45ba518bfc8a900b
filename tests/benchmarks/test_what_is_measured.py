"""That both sides of a comparison do the same, under what a newcomer has."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from benchmarks import check, client, command, detection
from benchmarks.faulty_servers import CASES
from benchmarks.figures import Section
from benchmarks.project import newcomers_environment
from benchmarks.servers import RedisServer
from verify.open_cache import open_cache


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """A server with a password."""
    with tempfile.TemporaryDirectory() as folder, RedisServer(Path(folder), password="of a test") as running:
        yield running


def test_a_newcomer_has_none_of_our_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor one that keeps Python from saving what it has compiled, which would be most of what is measured."""
    for name in ("REDIS_HOST", "CACHE_VERIFICATION", "PULUMI_BACKEND_URL", "MAKEFLAGS", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("LANG", "C")
    kept = newcomers_environment()
    assert kept["LANG"] == "C"
    assert not [name for name in kept if name.startswith(("REDIS_", "CACHE_", "PULUMI_", "MAKE", "PYTHONDONT"))]


def test_a_recording_is_what_the_server_was_asked(server: RedisServer) -> None:
    """As redis-cli reads it, and without the greeting, which holds the password."""

    def ask() -> None:
        with contextlib.closing(redis.Redis(port=server.port, password=server.password)) as asking:
            asking.set("key", b'a "value"\n')

    commands = check.recording(server, ask)
    assert commands[-1] == rb'"SET" "key" "a \"value\"\n"'
    assert not [command for command in commands if b"HELLO" in command]


@pytest.mark.parametrize("size", [client.SMALL, client.LARGE])
def test_both_clients_come_to_the_same(server: RedisServer, size: int) -> None:
    """What one writes the other finds, and both find as much."""
    with (
        open_cache(server.environment()) as cache,
        redis.Redis(port=server.port, password=server.password) as bare,
    ):
        operations = {operation.name.split()[0]: operation for operation in client.operations(cache, bare, size)}
        for first, second in (("ours", "bare"), ("bare", "ours")):
            bare.flushall()
            getattr(operations["set_many"], first)()
            assert len(getattr(operations["get_many"], second)()) == client.MANY[size]
            getattr(operations["set"], first)()
            assert len(getattr(operations["get"], second)()) == size
            assert 0 < bare.pttl("benchmark") <= client.TTL_SECONDS * 1000
        assert operations["get_many"].ours() == operations["get_many"].bare()
        assert bool(operations["delete"].ours()) is bool(operations["delete"].bare()) is False


def test_a_fault_is_met_on_all_sides() -> None:
    """A forbidden command takes none of them long."""
    (case,) = [case for case in CASES if case.make.__name__ == "command_is_forbidden"]
    (found,) = detection.detect([case], rounds=1)
    assert found.code == "not-permitted"
    assert found.redis_py is not None
    assert max(found.check, found.client, found.redis_py) < 60


def test_what_cannot_be_measured_ends_in_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a traceback: a folder that is no clone, say."""

    def measure() -> list[Section]:
        raise RuntimeError("git clone ended with 128")

    monkeypatch.setattr(command, "measure", measure)
    with pytest.raises(SystemExit, match="error: git clone ended with 128") as ended:
        command.main()
    assert ended.value.__suppress_context__
