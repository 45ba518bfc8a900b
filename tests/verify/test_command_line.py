import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.servers import RedisServer, dead_port
from verify.expectation import Expectation

ServerMaker = Callable[..., RedisServer]
Completed = subprocess.CompletedProcess[str]


def run(*arguments: str, variables: dict[str, str] | None = None, python: tuple[str, ...] = ()) -> Completed:
    """Run `python -m verify` as a user does, with these REDIS_* variables and no others."""
    return subprocess.run(
        [sys.executable, "-W", "error", *python, "-m", "verify", *arguments],
        env=os.environ | (variables or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_healthy_cache_is_0(shared_server: RedisServer) -> None:
    """All checks passed: a text for people, and nothing on standard error."""
    done = run("check", variables=shared_server.variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "authentication is enforced" in done.stdout


def test_json_is_for_programs(shared_server: RedisServer) -> None:
    """The report is one JSON document."""
    done = run("check", "--json", variables=shared_server.variables)
    assert json.loads(done.stdout)["verdict"] == "passed"


def test_a_failed_check_is_1(start_server: ServerMaker) -> None:
    """A password that was switched off fails the run, with the check's name and its remedy."""
    server = start_server(password="secret")
    server.client().execute_command("ACL", "SETUSER", "default", "nopass")
    done = run("check", variables=server.variables)
    assert done.returncode == 1
    assert "FAIL: authentication is enforced" in done.stdout
    assert "secret" not in done.stdout + done.stderr


def test_an_expectation_is_read_from_a_file(shared_server: RedisServer, tmp_path: Path) -> None:
    """What the stack asked for is held against the server."""
    file = tmp_path / "expectation.json"
    file.write_text(Expectation(maxmemory_policy="noeviction").to_json())
    done = run("check", "--expect", str(file), variables=shared_server.variables)
    assert done.returncode == 1
    assert "allkeys-lru, and noeviction was asked for" in done.stdout


def test_not_ready_before_the_deadline_is_3() -> None:
    """What it waits for is shown on standard error."""
    with dead_port() as port:
        done = run("check", "--wait", "2", variables={"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)})
    assert done.returncode == 3
    assert "waiting: the host answers, and nothing listens on REDIS_PORT" in done.stderr


def test_unreachable_from_here_is_4() -> None:
    """A name that does not resolve says nothing about the cache."""
    for command in ("check", "health", "status"):
        assert run(command, variables={"REDIS_HOST": "cache.invalid"}).returncode == 4


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (["check"], {}, "REDIS_HOST is empty: nothing to verify"),
        (["check"], {"REDIS_PORT": "x", "REDIS_USE_TLS": "y"}, "the environment has 2 problems"),
        (["check", "--expect", "missing.json"], {"REDIS_HOST": "h"}, "--expect missing.json cannot be read"),
        (["check", "--expect", os.devnull], {"REDIS_HOST": "h"}, f"--expect {os.devnull}: the expectation is"),
    ],
    ids=["no host", "two problems", "no file", "no expectation"],
)
def test_bad_configuration_is_78(arguments: list[str], variables: dict[str, str], words: str) -> None:
    """Whoever reads it knows what to change; there is no traceback."""
    done = run(*arguments, variables=variables)
    assert done.returncode == 78
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check", "--wait", "soon"], ["check", "--wait", "-1"]])
def test_a_wrong_command_line_is_2(arguments: list[str]) -> None:
    """As everywhere."""
    assert run(*arguments).returncode == 2


def test_health_and_status_have_the_guides_fields(shared_server: RedisServer) -> None:
    """What `curl` showed of the application, this shows of the cache."""
    health = run("health", "--json", variables=shared_server.variables)
    status = run("status", "--json", variables=shared_server.variables)
    assert (health.returncode, status.returncode) == (0, 0)
    assert json.loads(health.stdout) == {
        "healthy": True,
        "backend": "redis",
        "message": "Cache is healthy using redis backend",
    }
    assert json.loads(status.stdout)["redisInfo"]["connected"] is True
    assert "redisInfo.connected: true" in run("status", variables=shared_server.variables).stdout


def test_health_and_status_of_the_cache_in_memory() -> None:
    """Without a host the cache is in memory, and healthy."""
    assert json.loads(run("health", "--json").stdout)["backend"] == "memory"
    assert json.loads(run("status", "--json").stdout)["type"] == "memory"


def test_health_of_a_dead_server_is_1() -> None:
    """Cause and remedy go to standard error, and the body keeps to a code."""
    with dead_port() as port:
        variables = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port), "REDIS_MAX_RETRIES": "0"}
        done = run("health", "--json", variables=variables)
    assert done.returncode == 1
    assert json.loads(done.stdout)["code"] == "connection-refused"
    assert "remedy" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--help"], {}),
        (["check"], {"REDIS_PORT": "x"}),
        (["check"], {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}),
        (["health"], {}),
    ],
    ids=["help", "bad configuration", "refused connection", "memory"],
)
def test_redis_is_not_imported_without_need(arguments: list[str], variables: dict[str, str]) -> None:
    """The client library takes longer to import than all of these take."""
    done = run(*arguments, variables=variables, python=("-X", "importtime"))
    assert "| verify" in done.stderr
    assert "| redis" not in done.stderr


def test_without_redis_py_the_cure_is_named() -> None:
    """A user who has not installed the requirements is told to."""
    blocked = (
        "import sys; from importlib.abc import MetaPathFinder\n"
        "class Blocked(MetaPathFinder):\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'redis': raise ModuleNotFoundError(\"No module named 'redis'\")\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from verify.command_line import main; sys.exit(main(['health']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", blocked],
        env=os.environ | {"REDIS_HOST": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (done.returncode, done.stderr.splitlines()[0]) == (78, "client-missing")


@pytest.mark.parametrize("form", ["text", "json", "junit", "prometheus"])
def test_each_format_is_printed(shared_server: RedisServer, form: str) -> None:
    """The exit code is the same in all of them."""
    done = run("check", "--format", form, variables=shared_server.variables)
    assert done.returncode == 0
    assert "authentication" in done.stdout


def test_an_application_out_of_reach_is_4() -> None:
    """`verify app` has the exit codes of `verify check`."""
    assert run("app", "--url", "http://application.invalid").returncode == 4
    assert run("app", "--url", "application.invalid").returncode == 78


def test_a_port_that_is_taken_is_78(shared_server: RedisServer) -> None:
    """One line, and no traceback."""
    done = run("serve", "--port", str(shared_server.port))
    assert done.returncode == 78
    assert "Traceback" not in done.stderr
    assert f"--port {shared_server.port} cannot be had" in done.stderr


PIPED = {
    "help": ["--help"],
    "check": ["check"],
    "check as JUnit": ["check", "--format", "junit"],
    "health": ["health"],
    "status": ["status"],
    "status for Prometheus": ["status", "--format", "prometheus"],
    "app": ["app", "--url", "http://127.0.0.1:1"],
    "faults": ["faults"],
    "faults as Markdown": ["faults", "--markdown"],
    "capacity": ["capacity", "--organizations", "9", "--engine", "redis-7.0"],
    "bad configuration": ["check", "--expect", "missing.json"],
}


@pytest.mark.parametrize("arguments", PIPED.values(), ids=PIPED)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_who_leaves_is_no_traceback(arguments: list[str], unbuffered: str, shared_server: RedisServer) -> None:
    """`verify check | head -1`: the end is that of any program whose pipe is closed."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "verify", *arguments],
            env=os.environ | shared_server.variables | {"PYTHONUNBUFFERED": unbuffered},
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    if "--expect" in arguments:
        assert done.returncode == 78  # all that is said is on the error output
    elif arguments != ["--help"]:
        assert done.returncode == 141  # argparse lets nobody know that its help was not read


def test_an_answer_that_cannot_be_written_is_no_success() -> None:
    """A disk that is full."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "verify", "faults"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (1, "the answer cannot be written: No space left on device\n")


def test_a_terminal_of_another_alphabet_is_no_traceback() -> None:
    """What it has no letter for is shown by its number."""
    done = run("check", variables={"REDIS_HOST": "bücher.invalid", "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 4
    assert "b\\xfccher.invalid" in done.stdout


ODD = {
    "a host of no name": {b"REDIS_HOST": b"a..b"},
    "a password that is not UTF-8": {b"REDIS_HOST": b"127.0.0.1", b"REDIS_PASSWORD": b"s3cret-\xff\xfe"},
    "a user that is not UTF-8": {b"REDIS_HOST": b"127.0.0.1", b"REDIS_USERNAME": b"\xff"},
    "a user that a terminal obeys": {b"REDIS_HOST": b"127.0.0.1", b"REDIS_USERNAME": b"\x1b[31m"},
    "an authority of no PEM": {b"REDIS_HOST": b"127.0.0.1", b"REDIS_TLS_CA": "Émis par personne".encode()},
    "a service link": {b"REDIS_HOST": b"127.0.0.1", b"REDIS_PORT": b"tcp://10.0.0.1:6379"},
}


@pytest.mark.parametrize("variables", ODD.values(), ids=ODD)
@pytest.mark.parametrize("command", ["check", "health", "status", "shell", "serve"])
def test_an_odd_environment_is_78_in_every_command(command: str, variables: dict[bytes, bytes]) -> None:
    """With a message that a terminal can show, and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "verify", command, *(["--port", "0"] if command == "serve" else [])],
        env=os.environb | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=300,
    )
    said = done.stderr.decode()
    assert (done.returncode, done.stdout) == (78, b"")
    assert "the environment has 1 problem" in said
    assert "s3cret" not in said
    assert said.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "arguments", [["--port", "99999"], ["--host", "a..b"], ["--host", "\x1b[31m"], ["--port", "-1"]]
)
def test_an_address_that_cannot_be_is_78(arguments: list[str]) -> None:
    """One line, and no traceback."""
    done = run("serve", *arguments)
    assert done.returncode == 78
    assert "cannot be had" in done.stderr
    assert done.stderr.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", [b"\xff", b"[" * 100_000, b'{"\\u001b[31m": 1}', b'{"version": ' + b"9" * 5000 + b"}"])
def test_an_odd_expectation_is_78(text: bytes, tmp_path: Path) -> None:
    """No text, too deep, a key that a terminal obeys, too large a number."""
    file = tmp_path / "expectation.json"
    file.write_bytes(text)
    done = run("check", "--expect", str(file), variables={"REDIS_HOST": "127.0.0.1"})
    assert done.returncode == 78
    assert "Traceback" not in done.stderr
    assert done.stderr.replace("\n", "").isprintable()
