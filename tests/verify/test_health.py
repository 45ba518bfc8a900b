"""What is healthy: a cache that this user can write to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.servers import RedisServer, dead_port, free_port, server_binary
from verify import access, checks
from verify.access import Preset
from verify.cache import Health
from verify.expectation import Expectation
from verify.open_cache import open_cache

ServerMaker = Callable[..., RedisServer]


def health(server: RedisServer, **changes: str) -> Health:
    """Ask for the health of this server."""
    with open_cache(server.environment(**changes)) as cache:
        return cache.health()


def code(server: RedisServer, **changes: str) -> str | None:
    """Return the code of what is wrong with this server, or None."""
    fault = health(server, **changes).fault
    return fault.code if fault else None


def test_a_server_that_answers_and_takes_writes_is_healthy(start_server: ServerMaker) -> None:
    """The one key that the probe writes is ours and goes by itself within a minute."""
    server = start_server()
    assert health(server).healthy
    admin = server.client()
    assert admin.keys() == ["verify:verify-health"]
    assert 0 < admin.ttl("verify:verify-health") <= 60


def test_a_replica_is_not_healthy(start_server: ServerMaker) -> None:
    """It answers, and takes no writes."""
    with dead_port() as primary:
        assert code(start_server(settings={"replicaof": f"127.0.0.1 {primary}"})) == "read-only"


def test_a_cluster_node_without_slots_is_not_healthy(start_server: ServerMaker) -> None:
    """It answers, and no key belongs to it."""
    settings = {"cluster-enabled": "yes", "cluster-port": str(free_port())}
    assert code(start_server(settings=settings)) == "cluster-mode"


def test_a_sentinel_is_not_healthy(tmp_path: Path) -> None:
    """It answers, and holds no keys."""
    sentinel = tmp_path / "redis-sentinel"
    sentinel.symlink_to(server_binary())
    with RedisServer(tmp_path / "sentinel", binary=sentinel) as server:
        assert code(server) == "command-blocked"


def test_a_full_server_is_not_healthy(start_server: ServerMaker) -> None:
    """It answers, and takes no writes."""
    assert code(start_server(settings={"maxmemory": "1kb", "maxmemory-policy": "noeviction"})) == "out-of-memory"


@pytest.mark.parametrize(
    ("rights", "fault"),
    [
        (["~*", "+@all"], None),
        (["~*", "+@all", "-@dangerous"], None),
        (["~*", "+@read"], "not-permitted"),
        (["%R~*", "+@all", "-@admin"], "not-permitted"),
        (["+@all"], "not-permitted"),
        (["~balance:*", "+@all", "-@dangerous"], None),
        (["~summary:*", "~daily-report:*", "+@read", "+@write"], None),
        (["~their:*:keys", "+@all"], None),
        (["%R~*", "%W~their:*", "+@all"], None),
    ],
)
def test_a_user_is_healthy_who_may_write(start_server: ServerMaker, rights: list[str], fault: str | None) -> None:
    """The key's name is one that the user's patterns allow: the application's, or as the user's own rule says."""
    server = start_server()
    admin = server.client()
    admin.execute_command("ACL", "SETUSER", "app", "on", ">secret", *rights)
    assert code(server, REDIS_USERNAME="app", REDIS_PASSWORD="secret") == fault
    assert all(0 < admin.ttl(key) <= 60 for key in admin.scan_iter())


@pytest.mark.parametrize("preset", ["cache", "data"])
def test_a_user_who_is_kept_to_a_prefix_is_healthy_under_it(start_server: ServerMaker, preset: Preset) -> None:
    """Such a user may not read its own rule, and REDIS_PROBE_PREFIX names keys that it allows; the checks pass too."""
    server = start_server(password="the administrator's")
    rules = access.rules(preset, ["~hotel:*"])
    server.client().execute_command("ACL", "SETUSER", "app", "on", ">secret", *rules)
    login = {"REDIS_USERNAME": "app", "REDIS_PASSWORD": "secret"}
    assert code(server, **login) == "not-permitted"
    assert code(server, **login, REDIS_PROBE_PREFIX="hotel:verify:") is None
    environment = server.environment(**login, REDIS_PROBE_PREFIX="hotel:verify:")
    assert checks.run(environment, Expectation(maxmemory_policy="noeviction", replicas=0)).passed
    report = checks.run(environment, Expectation(persistence="none"))
    (kept,) = (result for result in report.results if result.name == "persistence")
    assert (kept.verdict, kept.detail) == ("skip", "save points show only in CONFIG (not-permitted)")
