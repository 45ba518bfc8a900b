import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from redis.client import Pipeline

from benchmarks.certificates import Authority
from benchmarks.listeners import listener, tls_terminator
from benchmarks.servers import RedisServer
from verify import checks, redis_client, tls
from verify.cache import Cache
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.faults import CacheError
from verify.memory_cache import MemoryCache
from verify.open_cache import open_cache
from verify.redis_cache import RedisCache

MEMORY = CacheEnvironment(host=None)


@pytest.fixture(params=["redis", "memory"])
def cache(request: pytest.FixtureRequest) -> Iterator[Cache]:
    """A cache of each backend, empty at the beginning of a test."""
    if request.param == "memory":
        environment = MEMORY
    else:
        server: RedisServer = request.getfixturevalue("shared_server")
        server.client().flushall()
        environment = server.environment()
    with open_cache(environment) as opened:
        yield opened


class TestEveryBackend:
    """What an application may rely on, whichever backend it got."""

    def test_a_value_comes_back_byte_for_byte(self, cache: Cache) -> None:
        """Bytes are bytes: line ends, zeros and invalid UTF-8 among them."""
        value = b"\r\n\x00\xff" * 1000
        cache.set("key", value, ttl_seconds=60)
        assert cache.get("key") == value

    def test_what_was_never_set_is_none(self, cache: Cache) -> None:
        """A miss is no error."""
        assert cache.get("nothing") is None

    def test_an_empty_value_is_not_a_miss(self, cache: Cache) -> None:
        """An empty value is there."""
        cache.set("empty", b"", ttl_seconds=60)
        assert cache.get("empty") == b""
        assert cache.get_many(["empty"]) == {"empty": b""}

    def test_a_value_is_gone_after_its_time(self, cache: Cache) -> None:
        """Times to live go down to milliseconds."""
        cache.set("short", b"value", ttl_seconds=0.03)
        cache.set("long", b"value", ttl_seconds=60)
        time.sleep(0.05)
        assert cache.get("short") is None
        assert cache.get("long") == b"value"

    def test_setting_again_replaces_value_and_time(self, cache: Cache) -> None:
        """The last set wins, with its own time to live."""
        cache.set("key", b"old", ttl_seconds=0.03)
        cache.set("key", b"new", ttl_seconds=60)
        time.sleep(0.05)
        assert cache.get("key") == b"new"

    @pytest.mark.parametrize("ttl", [0, -1, 0.0001])
    def test_a_value_without_a_time_to_live_is_refused(self, cache: Cache, ttl: float) -> None:
        """Nothing is kept for ever, and nothing for no time."""
        with pytest.raises(ValueError, match="less than a millisecond"):
            cache.set("key", b"value", ttl_seconds=ttl)
        with pytest.raises(ValueError, match="less than a millisecond"):
            cache.set_many({"key": b"value"}, ttl_seconds=ttl)

    def test_delete_tells_whether_there_was_anything(self, cache: Cache) -> None:
        """The first delete finds the key, and the second does not."""
        cache.set("key", b"value", ttl_seconds=60)
        assert [cache.delete("key"), cache.delete("key")] == [True, False]
        assert cache.get("key") is None

    def test_many_are_set_and_found_at_once(self, cache: Cache) -> None:
        """Only what is there is in the answer."""
        cache.set_many({"a": b"1", "b": b"2"}, ttl_seconds=60)
        assert cache.get_many(["a", "b", "c"]) == {"a": b"1", "b": b"2"}

    def test_many_have_their_time_to_live(self, cache: Cache) -> None:
        """What is set together expires together."""
        cache.set_many({"a": b"1", "b": b"2"}, ttl_seconds=0.03)
        time.sleep(0.05)
        assert cache.get_many(["a", "b"]) == {}

    def test_none_of_many_is_nothing_to_do(self, cache: Cache) -> None:
        """Empty collections are no error."""
        cache.set_many({}, ttl_seconds=60)
        assert cache.get_many([]) == {}

    def test_health_has_the_guides_shape(self, cache: Cache) -> None:
        """The body of GET /cache/health is the guide's, word for word."""
        backend = cache.health().backend
        assert cache.health().body() == {
            "healthy": True,
            "backend": backend,
            "message": f"Cache is healthy using {backend} backend",
        }

    def test_status_counts_keys_hits_and_misses(self, cache: Cache) -> None:
        """The status says what is there and how often it was found."""
        cache.set("key", b"value", ttl_seconds=60)
        before = cache.status().usage
        cache.get("key")
        cache.get("nothing")
        after = cache.status().usage
        assert before is not None
        assert after is not None
        assert after.keys == 1
        assert (after.hits, after.misses) == ((before.hits or 0) + 1, (before.misses or 0) + 1)
        assert after.memory_used_bytes
        assert after.memory_limit_bytes == 64 * 1024 * 1024

    def test_threads_can_share_it(self, cache: Cache) -> None:
        """Eight threads that write and read their own keys see their own values."""
        wrong: list[str] = []

        def work(number: int) -> None:
            for turn in range(20):
                value = f"{number}-{turn}".encode()
                cache.set(f"thread-{number}", value, ttl_seconds=60)
                if cache.get(f"thread-{number}") != value:
                    wrong.append(f"{number}-{turn}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


class TestRedis:
    """What is true of the backend on a server alone."""

    def test_status_has_the_guides_shape(self, shared_server: RedisServer) -> None:
        """The body of GET /cache/status has the guide's fields, and what we add beside them."""
        with open_cache(shared_server.environment()) as cache:
            body = cache.status().body()
        assert body["type"] == "redis"
        assert body["available"] is True
        information = body["redisInfo"]
        assert information["connected"] is True
        assert isinstance(information["keys"], int)
        assert information["version"].split()[0] in ("valkey", "redis")
        assert {"memoryUsedBytes", "memoryLimitBytes", "hitRate", "evictions", "uptimeSeconds"} <= set(information)

    def test_a_dead_server_is_told_by_its_code(self, start_server: Callable[..., RedisServer]) -> None:
        """Health and status never raise, and their bodies hold neither address nor driver text."""
        server = start_server(password="secret")
        with open_cache(server.environment(REDIS_MAX_RETRIES="0")) as cache:
            server.stop()
            health, status = cache.health(), cache.status()
        assert health.body() == {
            "healthy": False,
            "backend": "redis",
            "message": "Cache is not healthy using redis backend",
            "code": "connection-refused",
        }
        assert status.body() == {
            "type": "redis",
            "available": False,
            "redisInfo": {"connected": False, "keys": 0},
            "code": "connection-refused",
        }

    def test_an_operation_on_a_dead_server_raises_its_fault(self, start_server: Callable[..., RedisServer]) -> None:
        """The error carries the fault, and its text the remedy but not the password."""
        server = start_server(password="hunter2")
        with open_cache(server.environment(REDIS_MAX_RETRIES="0")) as cache:
            server.stop()
            with pytest.raises(CacheError, match="connection-refused") as refused:
                cache.get("key")
        assert refused.value.fault.remedy in str(refused.value)
        assert "hunter2" not in str(refused.value) + refused.value.detail

    def test_it_survives_a_restart_of_the_server(self, start_server: Callable[..., RedisServer]) -> None:
        """A connection that broke is made again, as often as REDIS_MAX_RETRIES allows."""
        server = start_server(password="secret")
        with open_cache(server.environment()) as cache:
            cache.set("key", b"value", ttl_seconds=60)
            server.stop()
            server.start()
            assert cache.get("key") is None

    def test_a_wrong_password_is_tried_once(self, shared_server: RedisServer) -> None:
        """No retry cures a wrong password, and every one of them is a line in the server's log."""
        admin = shared_server.client()
        admin.acl_log_reset()
        wrong = shared_server.environment(REDIS_PASSWORD="wrong")
        with open_cache(wrong) as cache, pytest.raises(CacheError, match="wrong-password"):
            cache.get("key")
        assert [entry["count"] for entry in admin.acl_log()] == [1]

    def test_nothing_but_the_greeting_precedes_the_first_command(self, shared_server: RedisServer) -> None:
        """No CLIENT command is sent, which managed services block and which costs round trips."""
        admin = shared_server.client()
        admin.config_resetstat()
        with open_cache(shared_server.environment()) as cache:
            cache.get("key")
        assert {"cmdstat_hello", "cmdstat_get"} == set(admin.info("commandstats")) - {"cmdstat_config|resetstat"}


class TestManaged:
    """What managed services are and forbid."""

    # Valkey refuses an unknown HELLO with NOAUTH, which costs redis-py the connection.
    @pytest.mark.parametrize(("password", "connections"), [(None, 1), ("secret", 2)])
    def test_an_older_protocol_is_spoken_where_hello_is_unknown(
        self, start_server: Callable[..., RedisServer], password: str | None, connections: int
    ) -> None:
        """Redis before 6 and some proxies know no HELLO, and find nothing wanting."""
        server = start_server(password=password, settings={"rename-command": 'HELLO ""'})
        admin = redis.Redis(port=server.port, password=password, protocol=2)
        with admin, open_cache(server.environment()) as cache:
            before = admin.info()["total_connections_received"]
            cache.set("key", b"\x00value", ttl_seconds=60)
            assert cache.get_many(["key", "none"]) == {"key": b"\x00value"}
            assert cache.get("none") is None
            assert admin.info()["total_connections_received"] - before == connections
            assert cache.status().usage is not None
            assert checks.run(server.environment(), Expectation(persistence="none")).passed

    def test_blocked_commands_are_not_missed(self, start_server: Callable[..., RedisServer]) -> None:
        """Memorystore blocks CLIENT and CONFIG, and more that nothing here needs."""
        server = start_server(password="secret")
        admin = server.client()
        blocked = ["-client", "-config", "-acl", "-cluster", "-command", "-debug", "-monitor", "-object"]
        admin.execute_command("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", *blocked)
        environment = server.environment(REDIS_USERNAME="app")
        with open_cache(environment) as cache:
            cache.set("key", b"value", ttl_seconds=60)
            assert cache.get("key") == b"value"
        assert checks.run(environment, Expectation(authentication=True)).passed

    def test_one_tls_context_serves_all_connections(
        self,
        shared_server: RedisServer,
        tmp_path: Path,
        authority: Authority,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Making one takes longer than a connection does, and redis-py makes one each time."""
        made: list[object] = []
        create = ssl.create_default_context

        def counted(**options: Any) -> ssl.SSLContext:
            made.append(options)
            return create(**options)

        changes = {"REDIS_HOST": "localhost", "REDIS_USE_TLS": "true", "REDIS_TLS_CA": authority.pem}
        tls._context.cache_clear()
        terminator = tls_terminator(shared_server.port, authority.certify(tmp_path, "localhost"))
        monkeypatch.setattr(ssl, "create_default_context", counted)
        with listener(terminator) as port:
            environment = shared_server.environment(**changes, REDIS_PORT=str(port))
            for _ in range(3):
                with open_cache(environment) as cache:
                    cache.set("key", b"value", ttl_seconds=60)
                    assert cache.get("key") == b"value"
        assert len(made) == 1


class TestBatches:
    """Many values travel in batches of about four megabytes."""

    def test_large_values_are_parted(self, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ninety values of 100 KB are written in three batches and read in as many as their size teaches."""
        values = {f"large-{number}": bytes([number]) * 100_000 for number in range(90)}
        batches = Counted(monkeypatch, Pipeline, "execute")
        reads = Counted(monkeypatch, redis.Redis, "mget")
        with open_cache(shared_server.environment()) as cache:
            cache.set_many(values, ttl_seconds=60)
            assert cache.get_many(values) == values
        assert batches.calls == 3
        assert reads.calls == 2

    def test_batches_of_reads_follow_the_size_of_values(
        self, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """After the first answer no batch is much more than four megabytes."""
        values = {f"large-{number}": bytes([number]) * 100_000 for number in range(200)}
        with open_cache(shared_server.environment()) as cache:
            cache.set_many(values, ttl_seconds=60)
            reads = Counted(monkeypatch, redis.Redis, "mget")
            assert cache.get_many(values) == values
        assert reads.calls == 1 + 4

    def test_small_values_go_at_once(self, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """A thousand balances are one round trip to write."""
        values = {f"balance-{number}": b"x" * 200 for number in range(1000)}
        batches = Counted(monkeypatch, Pipeline, "execute")
        with open_cache(shared_server.environment()) as cache:
            cache.set_many(values, ttl_seconds=60)
            assert cache.get_many(values) == values
        assert batches.calls == 1


class TestThreads:
    """One cache for all threads of a process, which may be more than its connections."""

    def test_a_hundred_and_fifty_threads_lose_nothing(self, shared_server: RedisServer) -> None:
        """Those that find all connections in use wait for one."""
        lost: list[str] = []
        begin = threading.Barrier(150)

        def work(cache: Cache, number: int) -> None:
            begin.wait()
            for turn in range(5):
                key, value = f"thread-{number}-{turn}", bytes([number]) * 10_000
                cache.set_many({key: value}, ttl_seconds=60)
                if cache.get(key) != value:
                    lost.append(key)

        with open_cache(shared_server.environment(REDIS_CONNECT_TIMEOUT="60000")) as cache:
            with ThreadPoolExecutor(150) as pool:
                # Raises what a thread raised.
                list(pool.map(lambda number: work(cache, number), range(150)))
            assert not lost

    @pytest.mark.parametrize("fail_open", [False, True])
    def test_a_thread_that_waits_too_long_is_told_why(
        self, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch, fail_open: bool
    ) -> None:
        """The fault has a code of its own; a cache that fails open is empty to that thread."""
        monkeypatch.setattr(redis_client, "_MOST_CONNECTIONS", 1)
        environment = shared_server.environment(REDIS_CONNECT_TIMEOUT="500")
        with open_cache(environment, fail_open=fail_open) as cache:
            cache.set("key", b"value", ttl_seconds=60)
            pool = cast("RedisCache", cache)._client.connection_pool
            taken = pool.get_connection()
            if fail_open:
                assert cache.get("key") is None
            else:
                with pytest.raises(CacheError, match="connections-in-use"):
                    cache.get("key")
            assert cache.health().healthy
            pool.release(taken)
            assert cache.get("key") == b"value"


class TestFailOpen:
    """A cache that is taken for empty where it cannot be reached, if its owner wants so."""

    def test_a_server_out_of_reach_is_an_empty_cache(
        self, start_server: Callable[..., RedisServer], caplog: pytest.LogCaptureFixture
    ) -> None:
        """Reads miss, writes are dropped, and the log has the code; health still tells."""
        server = start_server(password="hunter2")
        with open_cache(server.environment(REDIS_MAX_RETRIES="0"), fail_open=True) as cache:
            cache.set("key", b"value", ttl_seconds=60)
            server.stop()
            assert cache.get("key") is None
            assert cache.get_many(["key"]) == {}
            assert cache.delete("key") is False
            cache.set("key", b"value", ttl_seconds=60)
            cache.set_many({"key": b"value"}, ttl_seconds=60)
            assert not cache.health().healthy
        assert len(caplog.records) == 5
        assert "connection-refused" in caplog.text
        assert "hunter2" not in caplog.text

    @pytest.mark.parametrize(
        ("changes", "settings", "code"),
        [
            ({"REDIS_PASSWORD": "wrong"}, {}, "wrong-password"),
            ({"REDIS_USE_TLS": "true", "REDIS_CONNECT_TIMEOUT": "200"}, {}, "tls-not-spoken"),
            ({}, {"maxmemory": "1kb", "maxmemory-policy": "noeviction"}, "out-of-memory"),
        ],
    )
    def test_what_does_not_pass_by_itself_is_raised(
        self,
        start_server: Callable[..., RedisServer],
        changes: dict[str, str],
        settings: dict[str, str],
        code: str,
    ) -> None:
        """Authentication, TLS and a full server are somebody's mistake, and stay loud."""
        server = start_server(password="secret", settings=settings)
        with (
            open_cache(server.environment(**changes), fail_open=True) as cache,
            pytest.raises(CacheError, match=code),
        ):
            cache.set("key", b"value", ttl_seconds=60)


class Counted:
    """Counts the calls of a method, which go through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        self.calls = 0
        real = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            return real(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)


class TestMemory:
    """What is true of the backend in memory alone."""

    def test_status_says_what_it_is(self) -> None:
        """A status in memory is available, and connected to no Redis."""
        body = MemoryCache().status().body()
        assert (body["type"], body["available"]) == ("memory", True)
        assert body["redisInfo"] == {"connected": False, "keys": 0}
        assert body["memoryInfo"]["keys"] == 0

    def test_the_least_recently_used_goes_first(self) -> None:
        """Over its budget of bytes it forgets what nobody asked for, and counts that."""
        cache = MemoryCache(limit_bytes=30)
        for key in "abc":
            cache.set(key, b"123456789", ttl_seconds=60)
        cache.get("a")
        cache.set("d", b"123456789", ttl_seconds=60)
        assert sorted(cache.get_many("abcd")) == ["a", "c", "d"]
        usage = cache.status().usage
        assert usage is not None
        assert (usage.evictions, usage.memory_used_bytes) == (1, 30)

    def test_a_value_beyond_the_budget_is_refused(self) -> None:
        """It is refused as Redis does it, and the old value of its key is not served in its stead."""
        cache = MemoryCache(limit_bytes=30)
        cache.set("key", b"old", ttl_seconds=60)
        with pytest.raises(CacheError, match="out-of-memory"):
            cache.set("key", b"x" * 31, ttl_seconds=60)
        assert cache.get("key") is None

    def test_expired_values_are_not_counted(self) -> None:
        """What has expired is neither a key nor memory."""
        now = [0.0]
        cache = MemoryCache(clock=lambda: now[0])
        cache.set("key", b"value", ttl_seconds=10)
        now[0] = 10.0
        usage = cache.status().usage
        assert usage is not None
        assert (usage.keys, usage.memory_used_bytes, usage.uptime_seconds) == (0, 0, 10)
