import random
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from benchmarks.listeners import listener
from benchmarks.servers import RedisServer, dead_port, new_password, server_binary, until
from tests.soak import Soak
from tests.verify.exposition import Family, parse
from tests.verify.fake_redis import answering_as_redis, bulk, information
from tests.verify.test_command_line import run
from verify import metrics, redis_information
from verify.cache import Metrics
from verify.environment import CacheEnvironment
from verify.memory_cache import MemoryCache
from verify.open_cache import open_cache

# The last lets a test change the folder of a running server.
SETTINGS = {"maxmemory": "3mb", "maxmemory-policy": "allkeys-lru", "enable-protected-configs": "yes"}


def told(environment: CacheEnvironment) -> dict[str, Family]:
    """Ask the server once, and read the metrics as a scraper does."""
    with open_cache(environment, probe_seconds=30) as cache:
        return parse(cache.metrics().text)


def of(answer: bytes, *, password: str = "") -> tuple[Metrics, dict[str, Family]]:
    """Return the metrics of a server that gives this answer to INFO."""
    with listener(answering_as_redis({"INFO": answer})) as port:
        environment = CacheEnvironment(host="127.0.0.1", port=port, password=password or None)
        with open_cache(environment, probe_seconds=30) as cache:
            found = cache.metrics()
    return found, parse(found.text)


@pytest.fixture(params=["redis", "valkey"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """A small cache of each engine, of the test's own."""
    binary = server_binary() if request.param == "valkey" else shutil.which("redis-server")
    if binary is None or Path(binary).name != f"{request.param}-server":
        pytest.skip(f"{request.param}-server is not installed")
    with RedisServer(tmp_path / "server", password=new_password(), settings=SETTINGS, binary=Path(binary)) as started:
        yield started


def test_what_happened_to_a_server_is_counted(server: RedisServer) -> None:
    """Hits, misses, evictions, connections turned away and wrong passwords, each by what was done and no more."""
    before = told(server.environment())
    assert "cache_verify_hit_ratio" not in before
    assert before["redis_evicted_keys_total"].value() == before["redis_rejected_connections_total"].value() == 0
    client = server.client()
    client.set("here", "x", ex=100)
    for key in ("here", "here", "here", "gone"):
        client.get(key)
    for number in range(400):
        client.set(f"large-{number}", "x" * 10_000)
    client.config_set("maxclients", 1)
    with pytest.raises(redis.RedisError), redis.Redis(port=server.port) as turned_away:
        turned_away.ping()
    client.config_set("maxclients", 1000)
    # Not by redis-py, which tries a password several times.
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as intruder:
        intruder.sendall(b"AUTH wrong\r\n")
        assert intruder.recv(100).startswith(b"-WRONGPASS")

    after = told(server.environment())
    kept = client.info("all")
    assert after["redis_keyspace_hits_total"].value() == 3
    assert after["redis_keyspace_misses_total"].value() == 1
    assert after["cache_verify_hit_ratio"].value() == 0.75
    assert after["redis_evicted_keys_total"].value() == kept["evicted_keys"] > 0
    assert after["redis_rejected_connections_total"].value() == kept["rejected_connections"] >= 1
    assert after["redis_errors_total"].value(err="WRONGPASS") == 1
    if "acl_access_denied_auth" in kept:
        assert after["redis_acl_access_denied_auth_total"].value() == 1
    else:
        # Redis counts them from 7.2 on.
        assert "redis_acl_access_denied_auth_total" not in after
    assert after["redis_memory_max_bytes"].value() == 3 * 1024 * 1024
    assert after["redis_max_clients"].value() == 1000
    assert after["redis_db_keys"].value(db="db0") == client.dbsize()
    assert after["redis_commands_total"].value(cmd="get") == 4
    latency = after["redis_latency_percentiles_usec"]
    assert latency.kind == "summary"
    assert latency.value(cmd="get", _count="") == 4
    assert latency.value(cmd="get", quantile="99") > 0
    assert after["redis_rdb_last_bgsave_status"].value() == 1
    assert after["redis_aof_enabled"].value() == 0
    instance = dict(next(iter(after["redis_instance_info"].samples)))
    assert (instance["role"], instance["maxmemory_policy"]) == ("master", "allkeys-lru")
    assert ("valkey_version" in instance) is ("valkey_version" in kept)


def test_a_missing_right_is_counted_where_the_server_counts_it(server: RedisServer) -> None:
    """NOPERM is among the errors on every server, and among the refusals of the ACL where it has them."""
    client = server.client()
    client.execute_command("ACL", "SETUSER", "reader", "on", ">right", "~*", "+get", "+hello", "+ping")
    reader = redis.Redis(port=server.port, username="reader", password="right")
    with reader, pytest.raises(redis.exceptions.NoPermissionError):
        reader.set("key", "value")
    found = told(server.environment())
    assert found["redis_errors_total"].value(err="NOPERM") >= 1
    if "acl_access_denied_cmd" in client.info("all"):
        assert found["redis_acl_access_denied_cmd_total"].value() >= 1


def test_a_save_that_fails_is_told(server: RedisServer) -> None:
    """And one that succeeds after it. The server's folder is gone from under it."""
    client = server.client()
    client.set("key", "value")
    shutil.rmtree(server.folder)
    client.bgsave()
    until(lambda: told(server.environment())["redis_rdb_last_bgsave_status"].value() == 0)
    server.folder.mkdir()
    client.config_set("dir", str(server.folder))
    client.bgsave()
    until(lambda: told(server.environment())["redis_rdb_last_bgsave_status"].value() == 1)
    assert told(server.environment())["redis_rdb_changes_since_last_save"].value() == 0


def test_a_replica_and_its_primary_tell_the_link(tmp_path: Path) -> None:
    """The replica tells the link and the primary's address, and the primary its replica's lag; the primary goes."""
    with RedisServer(tmp_path / "primary") as primary:
        settings = {"replicaof": f"127.0.0.1 {primary.port}"}
        with RedisServer(tmp_path / "replica", settings=settings) as replica:
            of_primary = {"master_host": "127.0.0.1", "master_port": str(primary.port)}
            until(lambda: told(replica.environment())["redis_master_link_up"].value(**of_primary) == 1)
            found = told(primary.environment())
            assert found["redis_connected_slaves"].value() == 1
            of_replica = {"slave_ip": "127.0.0.1", "slave_port": str(replica.port), "slave_state": "online"}
            until(lambda: "redis_connected_slave_lag_seconds" in told(primary.environment()))
            assert told(primary.environment())["redis_connected_slave_lag_seconds"].value(**of_replica) <= 60
            assert "redis_master_link_up" not in found
            primary.stop()
            until(lambda: told(replica.environment())["redis_master_link_up"].value(**of_primary) == 0)


def test_a_server_out_of_reach_is_redis_up_0() -> None:
    """With the fault's code, and nothing of a server that nobody asked."""
    with dead_port() as port:
        found = told(CacheEnvironment(host="127.0.0.1", port=port))
    assert found["redis_up"].value() == 0
    assert found["redis_exporter_last_scrape_error"].value(err="connection-refused") == 1
    assert set(found) == {"redis_up", "redis_exporter_last_scrape_error", "cache_verify_backend_info"}


def test_a_password_of_ours_that_is_wrong_is_redis_up_0(shared_server: RedisServer) -> None:
    """The code is that of docs/faults.md."""
    found = told(shared_server.environment(REDIS_PASSWORD="wrong"))
    assert found["redis_up"].value() == 0
    assert found["redis_exporter_last_scrape_error"].value(err="wrong-password") == 1


def test_without_the_right_to_info_a_server_is_up_all_the_same() -> None:
    """No alarm for a dead server rings for a missing right; what is missing is told."""
    found, families = of(b"-NOPERM User app has no permissions to run the 'info' command\r\n")
    assert families["redis_up"].value() == 1
    assert families["redis_exporter_last_scrape_error"].value(err="not-permitted") == 1
    assert found.fault is not None
    assert "redis_memory_used_bytes" not in families


def test_memory_has_nothing_of_a_server() -> None:
    """A rollback to the application's memory rings no alarm."""
    found = parse(MemoryCache().metrics().text)
    assert set(found) == {"cache_verify_backend_info"}
    assert found["cache_verify_backend_info"].value(backend="memory") == 1


@pytest.mark.parametrize(
    "value",
    [
        "nan",
        "inf",
        "1e400",
        "0x10",
        "",
        " 1",
        "1_000",
        "9" * 400,
        "<b>1</b>",
        '1"',
        "٣",
        "1\x00",
        "a=1",
        "--1",
        "ok",
        "up",
    ],
)
def test_a_number_that_is_none_is_left_out(value: str) -> None:
    """What stands beside it is there."""
    _, found = of(information(used_memory=value, db0=f"keys={value},expires=1", keyspace_hits=value))
    assert "redis_memory_used_bytes" not in found
    assert "redis_keyspace_hits_total" not in found
    assert "redis_db_keys" not in found
    assert "cache_verify_hit_ratio" not in found
    assert found["redis_db_keys_expiring"].value(db="db0") == 1
    assert found["redis_memory_max_bytes"].value() == 64_000_000


def test_a_counter_is_never_negative() -> None:
    """It would be a reset at every scrape; a gauge may be, where -1 is no save yet."""
    _, found = of(information(keyspace_hits="-1", rdb_last_bgsave_time_sec="-1"))
    assert "redis_keyspace_hits_total" not in found
    assert found["redis_rdb_last_bgsave_duration_sec"].value() == -1


@pytest.mark.parametrize(
    ("value", "number"), [("ok", 1), ("err", 0), ("1", None), ("OK", None), ("ok=1", None), ("", None)]
)
def test_a_status_is_told_by_its_word(value: str, number: int | None) -> None:
    """1 for a save that succeeded, 0 for one that failed."""
    _, found = of(information(rdb_last_bgsave_status=value))
    family = found.get("redis_rdb_last_bgsave_status")
    assert (None if family is None else family.value()) == number


def test_labels_are_escaped() -> None:
    """Markup, quotes, backslashes and control characters stay text, on one line."""
    name = '<script>"\\\x1b[31m\u202e'
    rows = {f"cmdstat_{name}": "calls=1,usec=2", f"errorstat_{name}": "count=3"}
    _, found = of(information(**rows, slave0='ip=1"},port=\\,state=<b>,offset=1,lag=2', role='"}\\'))
    shown = '<script>"\\\\x1b[31m\\u202e'
    assert found["redis_commands_total"].value(cmd=shown) == 1
    assert found["redis_errors_total"].value(err=shown) == 3
    lag = found["redis_connected_slave_lag_seconds"]
    assert lag.value(slave_ip='1"}', slave_port="\\", slave_state="<b>") == 2
    assert ("role", '"}\\') in next(iter(found["redis_instance_info"].samples))


def test_a_server_that_echoes_the_password_shows_none() -> None:
    """Neither in a label nor in a piece of one."""
    password = "correct-horse-battery"
    rows = {f"cmdstat_x{password}": "calls=1,usec=2", "master_host": password, "master_link_status": "up"}
    found, families = of(information(**rows, os=f"Linux {password[:12]}"), password=password)
    assert families["redis_commands_total"].value(cmd="x****") == 1
    assert families["redis_master_link_up"].value(master_host="****") == 1
    assert password[:8] not in found.text


def test_rows_and_labels_have_their_limits() -> None:
    """A server cannot fill the scraper's memory, and two rows of one name do not spoil the page."""
    rows = {f"cmdstat_{number}": "calls=1,usec=1" for number in range(10_000)}
    rows |= {f"errorstat_{'x' * 10_000}": "count=1"}
    rows |= {f"slave{number}": "ip=a,port=1,state=online,offset=1,lag=0" for number in range(1, 9)}
    many = ",".join(f"p{number}=1" for number in range(1, 100))
    rows |= {"latency_percentiles_usec_2": many, "latency_percentiles_usec_1": "p50=1,p50.0=2,p50.00=3,p99=x,q=4"}
    found, families = of(information(**rows))
    assert len(families["redis_commands_total"].samples) == 500
    assert "redis_errors_total" not in families
    assert len(families["redis_connected_slave_lag_seconds"].samples) == 2
    assert families["redis_latency_percentiles_usec"].value(cmd="1", quantile="50") == 3
    assert len(families["redis_latency_percentiles_usec"].samples) <= 2 * (2 + 20)
    assert len(found.text) < 500_000


def promtool(text: str) -> tuple[int, str]:
    """Return the exit code of Prometheus's own check, and what it says."""
    binary = shutil.which("promtool")
    if binary is None:
        pytest.skip("promtool is not installed (Debian's package prometheus has it)")
    done = subprocess.run([binary, "check", "metrics"], input=f"{text}\n", capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_prometheus_reads_what_comes_of_a_real_server(server: RedisServer) -> None:
    """It finds nothing but redis_exporter's names, which have not all the form that it likes."""
    server.client().incr("key")
    with open_cache(server.environment(), probe_seconds=30) as cache:
        code, said = promtool(cache.metrics().text)
    # 3: read, and not to its liking.
    assert code in {0, 3}, said
    assert all(line.startswith("redis_") for line in said.splitlines()), said


def test_prometheus_reads_what_comes_of_a_hostile_server() -> None:
    """It is read as a whole; what is malformed is not."""
    rows = {'cmdstat_<script>"\\\x1b[31m\u202e': "calls=1,usec=2", "latency_percentiles_usec_get": "p50=1,p50.0=nan"}
    found, _ = of(information(**rows, role='"}\\\t1', used_memory="nan", master_host="\x00", master_link_status="up"))
    code, said = promtool(found.text)
    assert code in {0, 3}, said
    assert promtool('a{b="c"d"} 1')[0] == 1


@pytest.mark.soak(20_000)
def test_no_answer_to_info_spoils_the_page(soak: Soak) -> None:
    """Whatever the fields are, what comes of them can be read, and nothing breaks."""
    chance = soak.random()
    for _ in range(soak.cases):
        answer = "\r\n".join(_field(chance) for _ in range(chance.randrange(40))).encode()
        parsed = redis_information.parse(answer)
        parse(metrics.reached(parsed, refusal=None, secrets=["secret"]).text)


def _field(chance: random.Random) -> str:
    names = ["used_memory", "keyspace_hits", "keyspace_misses", "db0", "slave0", "cmdstat_get", "errorstat_ERR"]
    names += ["latency_percentiles_usec_get", "master_host", "master_link_status", "role", "#", ""]
    pieces = ["=", ",", ":", "calls=1", "usec=2", "p50=1", "p999=3", "keys=1", "lag=-1", "ip=", "offset=9", '"', "\\"]
    pieces += ["{", "}", "nan", "1", "-1", "1e9", "\n", "\x00", "\u2028", "é", "<b>", "ok", "up", "secret"]
    name = chance.choice(names) + "".join(chance.choices(pieces, k=chance.choice([0, 0, 0, 2])))
    return f"{name}:{''.join(chance.choices(pieces, k=chance.randrange(6)))}"


def test_the_command_prints_them(shared_server: RedisServer) -> None:
    """`verify status --format prometheus` ends with the exit code of the status; --json is as it was."""
    done = run("status", "--format", "prometheus", variables=shared_server.variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert parse(done.stdout)["redis_up"].value() == 1
    with dead_port() as port:
        variables = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)}
        done = run("status", "--format", "prometheus", variables=variables)
        assert done.returncode == run("status", variables=variables).returncode == 1
    assert parse(done.stdout)["redis_up"].value() == 0
    assert done.stderr.startswith("connection-refused")
    assert run("status", "--json").stdout == run("status", "--format", "json").stdout


def test_an_answer_that_is_no_text_is_redis_up_0() -> None:
    """A number, for one; the fault says so."""
    _, found = of(b":1\r\n")
    assert found["redis_up"].value() == 0
    assert found["redis_exporter_last_scrape_error"].value(err="unreadable-answer") == 1
    _, empty = of(bulk(b""))
    assert empty["redis_up"].value() == 1
