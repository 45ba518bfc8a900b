"""The check `rights`: it names what is missing and what is too wide, and never does what it asks for."""

import contextlib
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import redis

from benchmarks.listeners import cutting, listener
from benchmarks.servers import RedisServer, server_binary, until
from tests.soak import Soak
from tests.verify.command_table import rows
from tests.verify.fake_redis import answering_as_redis
from verify import access, checks, rights
from verify.access import Preset
from verify.checks.finding import Finding
from verify.checks.rights import RightsAttempt, as_asked
from verify.commands import commands
from verify.diagnosis import diagnose, diagnose_reply
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.faults import NOT_PERMITTED, RIGHTS_DIFFER, CacheError
from verify.open_cache import open_cache

USER, PASSWORD = "application", "the password of the application"
BINARIES = {"redis": shutil.which("redis-server"), "valkey": server_binary()}


@pytest.fixture(scope="module", params=BINARIES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server of each engine, of which the tests change the application's user alone."""
    if BINARIES[request.param] is None:
        pytest.skip("redis-server is not installed")
    binary = Path(str(BINARIES[request.param]))
    with RedisServer(tmp_path_factory.mktemp("server"), password="administrator", binary=binary) as started:
        yield started


def user(server: RedisServer, *rules: str) -> CacheEnvironment:
    """Make the application's user one with these rules, and return how it gets in."""
    server.client().execute_command("ACL", "SETUSER", USER, "reset", "on", f">{PASSWORD}", *rules)
    return server.environment(REDIS_USERNAME=USER, REDIS_PASSWORD=PASSWORD)


def judged(environment: CacheEnvironment, preset: Preset, *extra: str) -> Finding:
    """Check the rights of a user who should have a preset."""
    return as_asked(RightsAttempt(environment, Expectation(access=preset, access_rules=extra)))


class TestWhatIsAsDeclared:
    """A user with the rules of a preset has the rights of the preset, on each engine."""

    @pytest.mark.parametrize("preset", ["cache", "data", "full"])
    def test_every_preset_passes(self, server: RedisServer, preset: Preset) -> None:
        """Every command of it is allowed, every kind of value was used, and nothing is left behind."""
        found = judged(user(server, *access.rules(preset)), preset)
        assert (found.verdict, "nothing was run" in found.detail) == ("pass", False), found.detail
        assert server.client().dbsize() == 0

    def test_it_tells_what_it_cannot_ask_for(self, server: RedisServer) -> None:
        """Nobody takes the one word `pass` for more than it is."""
        assert "no safe way to ask for SAVE, SYNC, PSYNC" in judged(user(server, *access.rules("data")), "data").detail

    @pytest.mark.parametrize("extra", ["+flushdb", "-@scripting", "-hset", "+config|get", "&news:*", "~verify:*"])
    def test_rules_change_what_is_asked(self, server: RedisServer, extra: str) -> None:
        """A rule is promised where it adds, and forbidden where it takes away."""
        assert judged(user(server, *access.rules("data", [extra])), "data", extra).verdict == "pass"

    def test_without_a_preset_nobody_is_asked(self, server: RedisServer, connections: Counter[int]) -> None:
        """Anybody's Redis has the rights that it has."""
        found = as_asked(RightsAttempt(server.environment(), Expectation()))
        assert (found.verdict, found.detail, connections[server.port]) == ("skip", "nothing was asked", 0)

    def test_it_is_one_of_the_checks(self, server: RedisServer) -> None:
        """On a connection beside the others; its verdict is a stable fact."""
        environment = user(server, *access.rules("data"))
        report = checks.run(environment, Expectation(access="data"))
        assert report.passed, report.to_text()
        assert report.stable()["checks"]["rights"] == "pass"
        assert checks.run(environment, Expectation()).stable()["checks"]["rights"] == "skip"


class TestWhatIsMissing:
    """A right that the preset has and the user has not is named, with the preset that has it."""

    @pytest.mark.soak(2500)
    def test_any_command_that_was_taken_away_is_named(self, server: RedisServer, soak: Soak) -> None:
        """By hand, on the server."""
        environment = user(server, *access.rules("data"))
        # Four need no right, and one cannot be asked for.
        known = rows(server.client()).keys() - {"auth", "hello", "quit", "reset", "client|reply"}
        promised = [command for name, command in commands().items() if name in known and command.preset != "full"]
        for command in soak.random().choices(promised, k=soak.cases):
            server.client().execute_command("ACL", "SETUSER", USER, *access.rules("data"), f"-{command.name}")
            found = judged(environment, "data")
            assert found.fault == RIGHTS_DIFFER, command
            assert f"{command.title} (preset {command.preset})" in found.detail

    @pytest.mark.parametrize("name", ["multi", "exec", "discard", "watch", "ping"])
    def test_so_are_those_that_the_check_lives_on(self, server: RedisServer, name: str) -> None:
        """It then asks for less, and says so where it is not judged."""
        found = judged(user(server, *access.rules("data"), f"-{name}"), "data")
        assert f"refused: {name.upper()} (preset cache)" in found.detail
        assert server.client().dbsize() == 0

    def test_a_preset_that_is_too_small_is_told_from_a_command(self, server: RedisServer) -> None:
        """Each command stands with the smallest preset that has it."""
        found = judged(user(server, *access.rules("cache"), "-incrby"), "data")
        assert "INCRBY (preset cache)" in found.detail
        assert "(preset data)" in found.detail

    def test_a_rule_that_the_user_has_not_is_named(self, server: RedisServer) -> None:
        """It is the rule that promises it."""
        assert "FLUSHDB (rule +flushdb)" in judged(user(server, *access.rules("data")), "data", "+flushdb").detail

    def test_keys_of_our_own_that_are_refused_are_told_from_commands(self, server: RedisServer) -> None:
        """The pattern is what is wrong."""
        found = judged(user(server, *access.rules("data"), "resetkeys", "~hotel:*"), "data")
        assert "refused on keys that begin with verify:" in found.detail
        assert "refused: " not in found.detail


class TestARefusal:
    """Whoever meets a NOPERM hears which command it was, and which preset has it."""

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("mget", "the user may not run MGET, which the preset cache has. Set cache:access to cache"),
            ("dbsize", ""),
        ],
    )
    def test_the_cache_names_it(self, server: RedisServer, name: str, message: str) -> None:
        """In the error that the application sees."""
        with open_cache(user(server, *access.rules("data"), f"-{name}")) as cache:
            if message:
                with pytest.raises(CacheError, match=message) as raised:
                    cache.get_many(["a", "b"])
                assert raised.value.fault == NOT_PERMITTED
            else:
                assert cache.get_many(["a", "b"]) == {}

    def test_health_names_it(self, server: RedisServer) -> None:
        """Also where nothing but the fault is kept."""
        with open_cache(user(server, *access.rules("data"), "-set")) as cache:
            fault = cache.health().fault
        assert fault is not None
        assert (fault.code, fault.cause) == ("not-permitted", "the user may not run SET, which the preset cache has")

    def test_a_command_that_administers_is_a_rule(self) -> None:
        """No preset is named that has everything."""
        refusal = redis.exceptions.NoPermissionError("NOPERM User a has no permissions to run the 'flushdb' command")
        assert diagnose(refusal, tls=False).remedy.startswith("Add +flushdb to cache:accessRules")

    def test_a_refusal_of_a_key_names_no_command(self) -> None:
        """There the pattern is what is wrong."""
        assert diagnose_reply("NOPERM No permissions to access a key", tls=False).cause == NOT_PERMITTED.cause


class TestWhatIsTooWide:
    """What the user may do beyond what was asked is named, and was not done."""

    @pytest.mark.parametrize("preset", ["cache", "data"])
    def test_every_right_is_named(self, server: RedisServer, preset: Preset) -> None:
        """The worst first."""
        found = judged(user(server, *access.rules("full")), preset)
        assert found.fault == RIGHTS_DIFFER
        assert found.detail.startswith("too wide: KEYS, FLUSHALL, FLUSHDB, ")
        for name in ("CONFIG GET", "CONFIG SET", "SHUTDOWN", "ACL LIST", "ACL SETUSER", "MONITOR", "REPLICAOF"):
            assert name in found.detail

    @pytest.mark.parametrize(
        "name", ["keys", "flushall", "config|set", "shutdown", "monitor", "replicaof", "function|flush", "migrate"]
    )
    def test_one_more_command_is_named(self, server: RedisServer, name: str) -> None:
        """Given by hand, on the server."""
        found = judged(user(server, *access.rules("data"), f"+{name}"), "data")
        assert found.detail == f"too wide: {name.replace('|', ' ').upper()} (preset full)"

    def test_keys_beyond_the_patterns_are_named(self, server: RedisServer) -> None:
        """A user who should see few keys and sees all."""
        found = judged(user(server, *access.rules("data")), "data", "~verify:*")
        assert found.detail == "too wide: keys beyond ~verify:*"


class TestWhatStays:
    """Whatever a user may do, the check changes nothing: no key, no replica, no setting, no user, no function."""

    @pytest.mark.long
    @pytest.mark.soak(1_000_000)
    @pytest.mark.parametrize("engine", BINARIES)
    def test_data_replication_and_configuration_are_as_before(self, engine: str, tmp_path: Path, soak: Soak) -> None:
        """For a user with every right, over many keys and a replica, under each preset and on both servers."""
        binary = BINARIES[engine]
        if binary is None:
            pytest.skip("redis-server is not installed")
        with ExitStack() as stack:
            primary, replica = (
                stack.enter_context(RedisServer(tmp_path / name, binary=Path(binary))) for name in ("one", "two")
            )
            admin, other = primary.client(), replica.client()
            with admin.pipeline(transaction=False) as pipeline:
                for number in range(soak.cases):
                    pipeline.set(f"hotel:{number}", number)
                    if number % 10_000 == 0:
                        pipeline.execute()
                pipeline.execute()
            admin.function_load("#!lua name=hotel\nredis.register_function('guests', function() return 1 end)")
            other.replicaof("127.0.0.1", primary.port)
            until(lambda: other.info("replication")["master_link_status"] == "up")
            until(lambda: other.dbsize() == soak.cases)
            before = [state(admin), state(other)]
            for asked in (primary, replica):
                for preset in ("cache", "data"):
                    found = judged(asked.environment(), preset)
                    assert "FLUSHALL" in found.detail
                assert "KEYS" not in judged(asked.environment(), "full").detail
            until(lambda: state(other)["offset"] == state(admin)["offset"])
            for kept in (before, after := [state(admin), state(other)]):
                for one in kept:
                    # What the tries wrote and took away again went to the replica, too.
                    one.pop("offset")
            assert after == before

    @pytest.mark.soak(4000)
    def test_a_connection_that_breaks_takes_the_transaction_with_it(self, server: RedisServer, soak: Soak) -> None:
        """At any byte: nothing that was queued runs, and no key stays."""
        environment = user(server, *access.rules("full"))
        admin = server.client()
        admin.set("hotel:1", "a guest")
        before = state(admin)
        try:
            chance = soak.random()
            for _ in range(soak.cases):
                with listener(cutting(server.port, chance.randrange(1, 20_000))) as port:
                    cut = server.environment(
                        REDIS_PORT=str(port), REDIS_USERNAME=USER, REDIS_PASSWORD=environment.password or ""
                    )
                    with contextlib.suppress(CacheError):
                        judged(cut, "data")
            until(lambda: state(admin) == before)
        finally:
            admin.delete("hotel:1")

    def test_a_server_that_does_not_queue_is_asked_for_nothing(self) -> None:
        """A proxy may answer MULTI with OK and run what follows."""
        heard: list[str] = []
        with listener(answering_as_redis(heard=heard)) as port:
            found = judged(CacheEnvironment(host="127.0.0.1", port=port), "data")
        assert found.detail == "the server begins no transaction for this user"
        assert found.verdict == "skip"
        assert not {"FLUSHALL", "KEYS", "CONFIG", "SHUTDOWN"} & set(heard)

    def test_nothing_runs_where_the_discard_is_refused(self, server: RedisServer) -> None:
        """What is queued then goes with the connection."""
        admin = server.client()
        admin.set("hotel:1", "a guest")
        found = judged(user(server, *access.rules("full"), "-discard"), "data")
        assert "refused: DISCARD (preset cache)" in found.detail
        assert admin.getdel("hotel:1") == "a guest"

    def test_not_even_an_exec_would_run_it(self, server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """The transaction is spoilt before anything is queued."""
        exchange = rights._exchange
        executed: list[Any] = []

        def executing(connection: Any, sent: list[tuple[str, ...]]) -> list[Any]:
            answers = exchange(connection, [("EXEC",) if words == ("DISCARD",) else words for words in sent])
            executed.extend(answer for words, answer in zip(sent, answers, strict=True) if words == ("DISCARD",))
            return answers

        monkeypatch.setattr(rights, "_exchange", executing)
        monkeypatch.setattr(rights, "ADMINISTRATION", ("flushall",))
        monkeypatch.setattr(rights, "KINDS", ())
        admin = server.client()
        admin.set("hotel:1", "a guest")
        judged(user(server, *access.rules("full")), "cache", "-@all")
        assert [str(answer) for answer in executed] == ["Transaction discarded because of previous errors."]
        assert admin.getdel("hotel:1") == "a guest"

    def test_a_shutdown_that_waits_for_a_replica_is_not_called_off(self, server: RedisServer) -> None:
        """No form of SHUTDOWN that a server takes is sent."""
        answer = server.client().execute_command
        with pytest.raises(redis.ResponseError, match="syntax error"):
            answer(*rights._SHUTDOWN)


def state(admin: redis.Redis) -> dict[str, Any]:
    """Return what must not change: keys, functions, users, settings and who replicates whom."""
    replication = admin.info("replication")
    return {
        "keys": admin.dbsize(),
        "sample": [admin.get(f"hotel:{number}") for number in range(10)],
        "functions": admin.function_list(),
        "users": admin.acl_list(),
        "settings": admin.config_get("*"),
        "role": replication["role"],
        "replicas": replication["connected_slaves"],
        "link": replication.get("master_link_status"),
        "offset": replication["master_repl_offset"],
    }
