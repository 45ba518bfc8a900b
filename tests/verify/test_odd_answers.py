"""A server's answers that are none: each is named, with the field and what stood there, and the other checks go on."""

import json

import pytest

from benchmarks.listeners import listener
from benchmarks.servers import RedisServer
from tests.verify.fake_redis import answering_as_redis, information
from verify import checks, redis_information
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.faults import COMMAND_BLOCKED, CacheError
from verify.open_cache import open_cache
from verify.report import Report, Result

ASKED = Expectation(
    maxmemory_bytes=64_000_000,
    maxmemory_policy="allkeys-lru",
    persistence="none",
    replicas=1,
    version="7",
    cluster=False,
)


def environment(port: int, **changes: str) -> CacheEnvironment:
    """Return the environment of a client of that port."""
    variables = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port), "REDIS_MAX_RETRIES": "0"}
    return CacheEnvironment.from_mapping(variables | changes)


def checked(**answers: bytes) -> dict[str, Result]:
    """Return the results of a server with these answers, by their checks."""
    with listener(answering_as_redis(answers)) as port:
        report = checks.run(environment(port), ASKED)
    return {result.name: result for result in report.results}


def test_a_server_of_right_answers_passes() -> None:
    """So what fails below fails for the answer that was changed."""
    assert {result.verdict for result in checked().values()} == {"pass", "skip"}


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "1.5", "", "a=1,b=2", "9" * 99, "\x1b[3m", "\u0661"])
@pytest.mark.parametrize(
    ("field", "check"),
    [
        ("used_memory", "memory"),
        ("maxmemory", "maxmemory"),
        ("aof_enabled", "persistence"),
        ("rejected_connections", "rejected-connections"),
        ("connected_slaves", "replicas"),
        ("cluster_enabled", "cluster-mode"),
    ],
)
def test_a_number_that_is_none_is_named(field: str, check: str, value: str) -> None:
    """The check that needs the field fails, with the field and its value; only the memory's needs maxmemory too."""
    results = checked(INFO=information(**{field: value}))
    failed = {name for name, result in results.items() if result.verdict not in ("pass", "skip")}
    assert failed - {"memory"} == {check} - {"memory"}
    assert results[check].code == "unreadable-answer"
    assert results[check].detail.startswith(f"{field} of INFO is not a whole number: ")
    assert results[check].detail.isprintable()


@pytest.mark.parametrize(
    ("fields", "check", "detail"),
    [
        ({"db0": "none"}, "keys-without-ttl", "db0 of INFO is not a list of parts: 'none'"),
        ({"db0": "keys=nan,expires=0"}, "keys-without-ttl", "keys in db0 of INFO is not a whole number: 'nan'"),
        ({"slave0": "gone"}, "replicas-in-sync", "slave0 of INFO is not a list of parts: 'gone'"),
        ({"slave0": "state=online,lag=inf"}, "replicas-in-sync", "lag in slave0 of INFO is not a whole number: 'inf'"),
    ],
)
def test_a_part_that_is_none_is_named(fields: dict[str, str], check: str, detail: str) -> None:
    """The same for what has several."""
    result = checked(INFO=information(**fields))[check]
    assert (result.code, result.detail) == ("unreadable-answer", detail)


@pytest.mark.parametrize(
    ("command", "answer", "check", "detail"),
    [
        ("PTTL", b"+soon\r\n", "expiry", "the answer to PTTL is not a whole number: \"b'soon'\""),
        ("PTTL", b"#t\r\n", "expiry", "the answer to PTTL is not a whole number: 'True'"),
        ("PTTL", b",nan\r\n", "expiry", "the answer to PTTL is not a whole number: 'nan'"),
        ("DEL", b"*0\r\n", "delete", "the answer to DEL is not a whole number: '[]'"),
        ("GET", b":7\r\n", "round-trip-small", "the answer to GET is not a value: '7'"),
        ("CONFIG", b"*0\r\n", "persistence", "the answer to CONFIG GET save is not its value: '[]'"),
        ("PING", b"+hello\r\n", "latency", "the answer to PING is not PONG: \"b'hello'\""),
        ("PING", b"+\r\n", "latency", "the answer to PING is not PONG: \"b''\""),
    ],
)
def test_an_answer_that_is_none_is_named(command: str, answer: bytes, check: str, detail: str) -> None:
    """Whatever the command."""
    results = checked(**{command: answer})
    assert (results[check].code, results[check].detail) == ("unreadable-answer", detail)
    assert all(result.code in ("", "unreadable-answer") for result in results.values())
    assert results["maxmemory"].verdict == "pass"


@pytest.mark.parametrize("answer", [b":1\r\n", b"*1\r\n:1\r\n", b"_\r\n", b"#t\r\n", b"%0\r\n"])
def test_an_info_that_is_no_text_is_named(answer: bytes) -> None:
    """By every check that needs it, and the values still come back."""
    results = checked(INFO=answer)
    assert results["maxmemory"].detail.startswith("INFO is not text: ")
    assert results["round-trip-large"].verdict == "pass"
    assert "check-broke" not in {result.code for result in results.values()}


def test_the_status_of_a_server_that_refuses_the_login_is_a_fault() -> None:
    """An unknown AUTH is no unknown INFO: nothing is connected, and nothing is available."""
    refusals = {name: b"-ERR unknown command '%s'\r\n" % name.encode() for name in ("HELLO", "AUTH")}
    with (
        listener(answering_as_redis(refusals)) as port,
        open_cache(environment(port, REDIS_PASSWORD="unasked")) as cache,
    ):
        status = cache.status()
    assert (status.usage, status.fault) == (None, COMMAND_BLOCKED)


def test_the_status_leaves_out_what_it_cannot_read() -> None:
    """An application's page is no place for "nan"."""
    odd = information(used_memory="nan", db0="keys=inf", keyspace_hits="1e400", redis_version="\x1b[31m")
    with listener(answering_as_redis({"INFO": odd})) as port, open_cache(environment(port)) as cache:
        body = cache.status().body()
    assert body["redisInfo"] == {
        "connected": True,
        "keys": None,
        "version": "unknown",
        "memoryUsedBytes": None,
        "memoryLimitBytes": 64_000_000,
        "hitRate": None,
        "evictions": 0,
        "uptimeSeconds": 5,
    }
    assert json.loads(json.dumps(body, allow_nan=False)) == body


def test_a_field_of_another_kind_is_no_number() -> None:
    """Also where somebody else has parsed it."""
    for value in (True, 1.5, [1], {"a": 1}):
        with pytest.raises(CacheError) as raised:
            redis_information.number({"maxmemory": value}, "maxmemory")
        assert raised.value.fault.code == "unreadable-answer"


class TestWithoutInfo:
    """A user with `+@all -@dangerous`, which is what hosters and guides recommend for an application."""

    @pytest.fixture
    def limited(self, shared_server: RedisServer) -> CacheEnvironment:
        """An application's user."""
        rules = ("reset", "on", ">s3cret", "~*", "&*", "+@all", "-@dangerous")
        shared_server.client().execute_command("ACL", "SETUSER", "limited", *rules)
        return shared_server.environment(REDIS_USERNAME="limited", REDIS_PASSWORD="s3cret")

    def test_it_is_connected_and_counts_its_keys(self, limited: CacheEnvironment, shared_server: RedisServer) -> None:
        """What else INFO would have told is not known."""
        with open_cache(limited) as cache:
            cache.set("key", b"value", ttl_seconds=60)
            health, status = cache.health().body(), cache.status().body()
        assert health["healthy"] is True
        assert (status["available"], status["redisInfo"]["connected"]) == (True, True)
        assert status["redisInfo"]["keys"] == shared_server.client().dbsize()
        assert status["redisInfo"]["memoryUsedBytes"] is None
        assert "code" not in status

    def test_nothing_fails_and_what_is_not_told_is_skipped(self, limited: CacheEnvironment) -> None:
        """With the reason, and not with a remedy that widens the rights."""
        report = checks.run(limited, ASKED)
        assert report.passed, report.to_text()
        reasons = {result.name: result.detail for result in report.results if result.verdict == "skip"}
        for name in ("maxmemory", "maxmemory-policy", "persistence", "cluster-mode", "role", "replicas", "memory"):
            assert reasons[name] == "the user may not run INFO (-@dangerous has it)"

    @pytest.mark.parametrize("dbsize", [b":4\r\n", b"-NOPERM no\r\n", b"+four\r\n"])
    def test_a_server_without_info_is_connected(self, dbsize: bytes) -> None:
        """A proxy may have neither."""
        answers = {"INFO": b"-ERR unknown command 'INFO'\r\n", "DBSIZE": dbsize}
        with listener(answering_as_redis(answers)) as port, open_cache(environment(port)) as cache:
            status = cache.status().body()
            report = checks.run(environment(port), ASKED)
        assert status["redisInfo"]["connected"] is True
        assert status["redisInfo"]["keys"] == (4 if dbsize == b":4\r\n" else None)
        assert report.passed


class TestWithoutHello:
    """Servers and proxies that have no HELLO refuse it in their own words."""

    @pytest.mark.parametrize(
        "refusal",
        [
            b"-unsupported command 'HELLO'\r\n",
            b"-ERR unsupported command\r\n",
            b"-ERR unknown command `HELLO`, with args beginning with: `3`, \r\n",
            b"-NOPROTO unsupported protocol version\r\n",
            b"-ERR syntax error\r\n",
            b"-NOPERM this user has no permissions to run the 'hello' command\r\n",
            b"-Command is not available: 'HELLO'\r\n",
            b"+OK\r\n",
            b"*2\r\n$5\r\nproto\r\n:2\r\n",
            b"%1\r\n$5\r\nproto\r\n:2\r\n",
        ],
    )
    def test_any_refusal_means_the_older_protocol(self, refusal: bytes) -> None:
        """The password goes by AUTH then."""
        with listener(answering_as_redis({"HELLO": refusal, "PING": b"+PONG\r\n"})) as port:
            report = checks.run(environment(port), ASKED)
            with open_cache(environment(port)) as cache:
                assert cache.health().healthy
        assert report.passed, report.to_text()

    @pytest.mark.parametrize(
        ("refusal", "code"),
        [
            (b"-WRONGPASS invalid username-password pair or user is disabled.\r\n", "wrong-password"),
            (b"-ERR invalid password\r\n", "wrong-password"),
            (b"-ERR Client sent AUTH, but no password is set\r\n", "password-not-asked"),
            (b"-DENIED Redis is running in protected mode\r\n", "protected-mode"),
        ],
    )
    def test_a_refusal_of_the_login_is_one(self, refusal: bytes, code: str) -> None:
        """A second login would be a second line in the server's log."""
        with listener(answering_as_redis({"HELLO": refusal})) as port:
            report: Report = checks.run(environment(port, REDIS_PASSWORD="s3cret"), Expectation())
        assert code in [failure.code for failure in report.failures()]
