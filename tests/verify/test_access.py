import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from benchmarks.servers import RedisServer, server_binary
from verify import access
from verify.access import Preset

ENGINES = ("redis", "valkey")

# What Encore's cache library sends (runtimes/go/storage/cache, runtimes/core/src/cache/client.rs).
ENCORE = """
    GET k|SET k v NX|SET k v XX|SET k v GET|SET k v KEEPTTL|SET k v PX 10|SET k v EX 10|SET k v EXAT 99|GETDEL k|DEL k
    MGET k k2|APPEND k v|GETRANGE k 0 1|SETRANGE k 0 v|STRLEN k|INCRBY k 1|DECRBY k 1|INCRBYFLOAT k 1.5
    LPUSH k v|RPUSH k v|LPOP k|RPOP k|LINDEX k 0|LSET k 0 v|LRANGE k 0 1|LTRIM k 0 1|LINSERT k BEFORE a b|LREM k 0 v
    LMOVE k k2 LEFT LEFT|LLEN k|SADD k v|SREM k v|SISMEMBER k v|SPOP k|SRANDMEMBER k|SMEMBERS k|SCARD k|SDIFF k k2
    SINTER k k2|SUNION k k2|SDIFFSTORE k k2|SINTERSTORE k k2|SUNIONSTORE k k2|SMOVE k k2 v|PEXPIREAT k 99|PERSIST k
    MULTI|EXEC|PING
"""
# What other applications and their clients send.
OTHERS = """
    TIME|CLUSTER SLOTS|CLUSTER SHARDS|CLUSTER NODES|INFO|CLIENT LIST|CLIENT SETNAME a|CLIENT ID|SCAN 0|DBSIZE|TTL k
    EXISTS k|UNLINK k|TYPE k|WATCH k|ECHO a|SELECT 0|COMMAND|EVAL x 0|EVALSHA x 0|SCRIPT LOAD x|SCRIPT EXISTS x
    FUNCTION LOAD x|FUNCTION LIST|FCALL f 0|PUBLISH c m|SUBSCRIBE c|HSET k f v|ZADD k 1 v|XADD k * f v|PFADD k v
    GEOADD k 1 1 v|SETBIT k 0 1|BLPOP k 1|MEMORY USAGE k|OBJECT ENCODING k
"""
# Of the cache's own kind alone.
CACHE = """
    GET k|SET k v EX 10|SETEX k 10 v|INCRBY k 1|DECR k|GETDEL k|MGET k k2|MSET k v|EXPIRE k 10|PEXPIREAT k 99|PERSIST k
    MULTI|EXEC|WATCH k|DEL k|UNLINK k|SCAN 0|TYPE k|DBSIZE|INFO|TIME|CLUSTER SLOTS|CLIENT LIST|PING
"""
# Refused under every preset but full.
ADMINISTRATION = """
    KEYS *|FLUSHALL|FLUSHDB|CONFIG GET *|CONFIG SET a b|SHUTDOWN|ACL LIST|ACL SETUSER a|MONITOR|DEBUG SLEEP 0
    REPLICAOF NO ONE|FUNCTION FLUSH|FUNCTION RESTORE x|FUNCTION KILL|SCRIPT FLUSH|SCRIPT KILL|SCRIPT DEBUG NO
    SWAPDB 0 1|SAVE|BGSAVE|CLIENT KILL a|CLIENT PAUSE 1|MIGRATE h 1 k 0 1|RESTORE k 0 v|SLOWLOG GET|MODULE LIST
"""
NOT_FOR_A_CACHE = "EVAL x 0|PUBLISH c m|LPUSH k v|HSET k f v|SADD k v|ZADD k 1 v|XADD k * f v"


@pytest.fixture(scope="module", params=ENGINES)
def admin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """An administrator of a server of each engine."""
    found = shutil.which("redis-server") if request.param == "redis" else server_binary()
    if found is None:
        pytest.skip("redis-server is not installed")
    with RedisServer(tmp_path_factory.mktemp("server"), binary=Path(found)) as server, server.client() as client:
        yield client


def commands(text: str) -> list[list[str]]:
    """Read commands, each a list of its words."""
    return [line.split() for line in text.strip().replace("\n", "|").split("|") if line.strip()]


def refused(admin: redis.Redis, rules: tuple[str, ...], asked: str) -> list[str]:
    """Return the commands that a user with these rules may not run."""
    admin.execute_command("ACL", "SETUSER", "application", "reset", "on", "nopass", *rules)
    answers: dict[str, Any] = {
        " ".join(command): admin.execute_command("ACL", "DRYRUN", "application", *command)
        for command in commands(asked)
    }
    return [command for command, answer in answers.items() if answer not in (b"OK", "OK", True)]


@pytest.mark.parametrize("preset", ["data", "full"])
def test_encores_library_and_other_clients_run_under(preset: Preset, admin: redis.Redis) -> None:
    """An application that works on a laptop is not refused anywhere else."""
    assert refused(admin, access.rules(preset), ENCORE + "|" + OTHERS) == []


def test_a_cache_counts_expires_and_groups(admin: redis.Redis) -> None:
    """Strings, counters, expiry and transactions; no other kind of value, and no script."""
    assert refused(admin, access.rules("cache"), CACHE) == []
    assert refused(admin, access.rules("cache"), NOT_FOR_A_CACHE) == NOT_FOR_A_CACHE.split("|")


@pytest.mark.parametrize("preset", ["cache", "data"])
def test_administration_is_refused_under(preset: Preset, admin: redis.Redis) -> None:
    """What concerns everybody's data, or the server, is the operator's."""
    asked = [" ".join(command) for command in commands(ADMINISTRATION)]
    assert refused(admin, access.rules(preset), ADMINISTRATION) == asked
    assert refused(admin, access.rules("full"), ADMINISTRATION) == []


def test_rules_change_a_preset(admin: redis.Redis) -> None:
    """A framework's cache.clear() is let through, and another command taken away."""
    rules = access.rules("cache", ["+flushdb", "-getdel", "~hotel:*", "~verify:*"])
    assert refused(admin, rules, "FLUSHDB|GETDEL verify:k|GET hotel:k|GET other:k") == [
        "GETDEL verify:k",
        "GET other:k",
    ]


@pytest.mark.parametrize(
    "rule",
    ["~hotel:*", "%R~hotel:*", "%W~*", "&news:*", "+flushdb", "-getdel", "+client|kill", "+json.get", "-@scripting"],
)
def test_a_rule_of_an_acl_is_taken(rule: str) -> None:
    """Patterns, commands and categories."""
    assert access.problem(rule) is None


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("+@all", "cache:access full"),
        ("-@all", "cache:access full"),
        ("+@everything", "no category"),
        *[(rule, f"is '{rule}'") for rule in ("allkeys", "allcommands", "nopass", "reset", "resetkeys", "on", "off")],
        *[(rule, f"is '{rule}'") for rule in ("", "+", "~", "(+get ~*)", "+GET", "+get -@all", "%RW~*")],
        ("~a b", "white space"),
        ('~a"b', "quote"),
        ("~a\\", "backslash"),
    ],
)
def test_anything_else_is_refused_by_name(rule: str, said: str) -> None:
    """A rule that would undo the preset, or the server would not take."""
    assert said in (access.problem(rule) or "")


@pytest.mark.parametrize("rule", [">hunter2", "<hunter2", "#" + 64 * "a", "!" + 64 * "a"])
def test_a_password_among_the_rules_is_not_repeated(rule: str) -> None:
    """A hash is as good as the password to somebody who may write an ACL."""
    assert rule[1:] not in (access.problem(rule) or rule)


@pytest.mark.parametrize(
    ("extra", "leaves_out"),
    [
        ([], False),
        (["+flushdb"], False),
        (["~*"], False),
        (["~verify:*"], False),
        (["~hotel:*", "~ver*"], False),
        (["%R~*", "%W~verify:*"], False),
        (["~hotel:*"], True),
        (["~verify:small"], True),
        (["%R~verify:*"], True),
        (["~v[e]rify:*"], True),
        (["~verify:*:small"], True),
    ],
)
def test_key_patterns_that_leave_our_probes_out(extra: list[str], *, leaves_out: bool) -> None:
    """The verification writes keys of its own, and reads them."""
    assert access.leaves_out_probes(extra) == leaves_out
