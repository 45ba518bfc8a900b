"""A failover: two real servers behind one endpoint, which moves from the one to the other."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis.retry

from benchmarks.listeners import leading_to, listener
from benchmarks.servers import RedisServer, dead_port, until
from verify.cache import Cache
from verify.environment import CacheEnvironment
from verify.faults import CacheError
from verify.open_cache import open_cache

THREADS = 5


class Failover:
    """An endpoint that leads to `old`, until it moves to `new`."""

    def __init__(self, old: RedisServer, new: RedisServer, lost: int) -> None:
        self.old = old
        self.new = new
        self._lost = lost
        self.target = old.port

    def move(self, *_: object) -> None:
        """Lead new connections to the new primary."""
        self.target = self.new.port

    def demote(self) -> None:
        """Make the old primary a replica of the new one, in sync."""
        admin = self.old.client()
        admin.replicaof("127.0.0.1", self.new.port)
        until(lambda: admin.info("replication")["master_link_status"] == "up")

    def lose_the_primary(self) -> None:
        """Make the old primary a replica without a primary, which serves no old data."""
        admin = self.old.client()
        admin.config_set("replica-serve-stale-data", "no")
        admin.replicaof("127.0.0.1", self._lost)

    def kill(self) -> None:
        """End the old primary, and with it every connection to it."""
        self.old.stop()


END = {"demoted": Failover.demote, "without a primary": Failover.lose_the_primary, "killed": Failover.kill}


@pytest.fixture
def failover(tmp_path: Path) -> Iterator[Failover]:
    """Two servers without a password, so that one may be the other's replica; the new one has a value."""
    with ExitStack() as stack:
        settings = {"repl-diskless-sync-delay": "0"}  # else a replica waits five seconds for others to join it
        old, new = (stack.enter_context(RedisServer(tmp_path / name, settings=settings)) for name in ("old", "new"))
        new.client().set("key", "new", ex=60)
        yield Failover(old, new, stack.enter_context(dead_port()))


@pytest.fixture
def cache(failover: Failover) -> Iterator[Cache]:
    """A cache behind the endpoint, connected to the old primary."""
    with listener(leading_to(lambda: failover.target)) as port:
        environment = CacheEnvironment(host="127.0.0.1", port=port, connect_timeout_ms=60_000)
        with open_cache(environment) as opened:
            opened.set("key", b"old", ttl_seconds=60)
            yield opened


def set_many(cache: Cache) -> bool:
    """Write in a pipeline."""
    cache.set_many({"key": b"new", "other": b"new"}, ttl_seconds=60)
    return cache.get("other") == b"new"


OPERATIONS: dict[str, Callable[[Cache], object]] = {
    "get": lambda cache: cache.get("key") == b"new",
    "set": lambda cache: cache.set("key", b"new", ttl_seconds=60) is None,
    "set_many": set_many,
    "get_many": lambda cache: cache.get_many(["key"]) == {"key": b"new"},
    "delete": lambda cache: cache.delete("key"),
}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("end", END)
def test_an_operation_goes_on_at_the_new_primary(
    failover: Failover, cache: Cache, monkeypatch: pytest.MonkeyPatch, end: str, operation: str
) -> None:
    """The endpoint moves while the client pauses before its first retry, and the operation does not fail."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        failover.move()

    monkeypatch.setattr(redis.retry, "sleep", pause)
    END[end](failover)
    assert OPERATIONS[operation](cache) is True
    cache.set("key", b"written", ttl_seconds=60)
    assert failover.new.client().get("key") == "written"
    assert sum(pauses) < 2


@pytest.mark.parametrize("end", END)
def test_what_begins_after_the_move_does_not_fail(failover: Failover, cache: Cache, end: str) -> None:
    """Before the move writes may run out of retries; after it every one succeeds, and health agrees."""
    END[end](failover)
    with pytest.raises(CacheError) as refused:
        cache.set("key", b"lost", ttl_seconds=60)
    assert refused.value.fault.retryable
    assert cache.health().fault == refused.value.fault
    failover.move()
    cache.set("key", b"written", ttl_seconds=60)
    assert cache.health().healthy
    assert failover.new.client().get("key") == "written"


def test_no_connection_stays_with_the_old_primary(failover: Failover, cache: Cache) -> None:
    """A replica answers reads, so the connections that meet no refusal are closed too."""
    together = threading.Barrier(THREADS)

    def read() -> None:
        together.wait()
        for _ in range(50):
            cache.get("key")

    def read_at_once() -> None:
        threads = [threading.Thread(target=read) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def reads() -> int:
        return int(failover.old.client().info("commandstats")["cmdstat_get"]["calls"])

    read_at_once()
    failover.demote()
    failover.move()
    cache.set("key", b"new", ttl_seconds=60)
    before = reads()
    read_at_once()
    assert reads() == before


def test_a_connection_is_tried_as_often_as_the_retries_allow(
    failover: Failover, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that broke is made again once for each retry, and not once more for each of those."""
    pauses: list[float] = []
    monkeypatch.setattr(redis.retry, "sleep", pauses.append)
    with open_cache(failover.old.environment(REDIS_MAX_RETRIES="2")) as cache:
        connection = cache._client.connection_pool.get_connection()  # type: ignore[attr-defined]
        failover.old.stop()
        with pytest.raises(redis.ConnectionError):
            connection.retry.call_with_retry(
                lambda: connection.send_command("PING") or connection.read_response(), connection.disconnect
            )
    assert len(pauses) == 2
