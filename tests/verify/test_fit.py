"""Which preset fits an application, by what it sends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from benchmarks.listeners import listener
from benchmarks.servers import RedisServer, dead_port
from tests.verify.fake_redis import answering_as_redis, bulk
from tests.verify.test_command_line import Completed, run
from verify import access, checks, fit
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.faults import CacheError
from verify.redis_client import open_client

ServerMaker = Callable[..., RedisServer]


def of(text: str) -> fit.Fit:
    """Read a list of commands."""
    return fit.of_lines(text.splitlines(), "the list")


@pytest.mark.parametrize(
    ("listed", "preset", "rules"),
    [
        ("GET\nSET\nINCRBY", "cache", ()),
        ("get key\nset key value\nmulti\nexec", "cache", ()),
        ("GET\nLPUSH", "data", ()),
        ("evalsha", "data", ()),
        ("GET\nFLUSHDB", "cache", ("+flushdb",)),
        ("HSET\nCONFIG GET maxmemory\nKEYS *", "data", ("+config|get", "+keys")),
        ("cmdstat_get:calls=3,usec=9,usec_per_call=3.00,rejected_calls=0,failed_calls=0\n# Commandstats", "cache", ()),
        ("cmdstat_get:calls=3\ncmdstat_lpush:calls=0,rejected_calls=2,failed_calls=0", "data", ()),
        ("cmdstat_get:calls=3\ncmdstat_replconf:calls=9\ncmdstat_psync:calls=1", "cache", ()),
    ],
)
def test_the_smallest_preset_that_fits_is_named(listed: str, preset: str, rules: tuple[str, ...]) -> None:
    """Never `full`: what administers is a rule, for somebody to think about."""
    found = of(listed)
    assert (found.preset, found.rules) == (preset, rules)


def test_people_see_what_needs_it() -> None:
    """Each command under the preset that has it, with the counts where there are any."""
    text = of(
        "cmdstat_get:calls=3\ncmdstat_lpush:calls=0,x=1,rejected_calls=2\ncmdstat_flushdb:calls=1\nft.search"
    ).text()
    assert text == (
        "cache:access data fits: 3 commands\n"
        "  cache  GET (3)\n"
        "  data   LPUSH (0, 2 rejected)\n"
        "  full   FLUSHDB (1)\n"
        "No preset but full has the last ones, which administer. See who sends them: an administrator and a\n"
        "monitor have users of their own. If the application does: cache:accessRules +flushdb\n"
        "unknown here, as those of a module are: ft.search"
    )


@pytest.mark.parametrize("listed", ["", "# nothing", "frobnicate", "cmdstat_get:calls=0,rejected_calls=0"])
def test_a_list_without_a_command_is_refused(listed: str) -> None:
    """It would fit every preset."""
    with pytest.raises(
        fit.InvalidCommands, match="the list has no command of Redis, one a line like GET or CONFIG GET"
    ):
        of(listed)


@pytest.mark.parametrize("preset", ["cache", "data"])
def test_a_server_tells_what_was_sent_and_not_by_us(start_server: ServerMaker, preset: Any) -> None:
    """The check of the rights sends every kind of command, and its own are left out."""
    server = start_server(password="secret")
    admin = server.client()
    admin.config_resetstat()
    admin.execute_command("ACL", "SETUSER", "application", "reset", "on", ">secret", *access.rules(preset))
    environment = server.environment(REDIS_USERNAME="application")
    for _ in range(3):
        assert checks.run(environment, Expectation(access=preset)).passed
    with server.client() as application:
        application.incrby("counter", 1)
    assert fit.observed(environment).preset == "cache"
    with server.client() as application:
        application.hincrby("counters", "one", 1)
    found = fit.observed(environment)
    assert (found.preset, found.used["hincrby"]) == ("data", fit.Usage(calls=1, rejected=0))


def test_what_was_refused_so_far_counts(start_server: ServerMaker) -> None:
    """The application that is refused is the one that asks."""
    server = start_server(password="secret")
    admin = server.client()
    admin.execute_command("ACL", "SETUSER", "application", "reset", "on", ">secret", *access.rules("cache"))
    environment = server.environment(REDIS_USERNAME="application")
    assert checks.run(environment, Expectation(access="cache")).passed
    with open_client(environment) as client, pytest.raises(redis.exceptions.NoPermissionError):
        client.hset("counters", "one", 1)
    found = fit.observed(environment)
    assert (found.preset, found.used["hset"]) == ("data", fit.Usage(calls=0, rejected=1))
    assert "lpush" not in found.used


@pytest.mark.parametrize("answer", [bulk(b"# Commandstats\r\n"), b"+odd\r\n", b":1\r\n"])
def test_a_server_that_tells_nothing_is_refused(answer: bytes) -> None:
    """Nothing fits nothing."""
    with (
        listener(answering_as_redis({"INFO": answer})) as port,
        pytest.raises(fit.InvalidCommands, match="INFO commandstats of 127"),
    ):
        fit.observed(CacheEnvironment(host="127.0.0.1", port=port))


def test_a_user_that_may_not_ask_is_told_so(start_server: ServerMaker) -> None:
    """With the command that it has not."""
    server = start_server(password="secret")
    server.client().execute_command("ACL", "SETUSER", "default", "-info")
    with pytest.raises(CacheError, match="the user may not run INFO, which the preset cache has"):
        fit.observed(server.environment())


class TestTheCommandLine:
    """`python -m verify rights`, as a user runs it."""

    def test_the_rights_of_anybodys_redis(self, shared_server: RedisServer) -> None:
        """With every right: what is too wide is named, and it is 1."""
        done = run("rights", "--access", "data", variables=shared_server.variables)
        assert (done.returncode, done.stderr) == (1, "")
        assert "too wide: KEYS, FLUSHALL, FLUSHDB" in done.stdout
        assert "(rights-differ)" in done.stdout

    def test_json_is_for_programs(self, shared_server: RedisServer) -> None:
        """The report is that of `check`."""
        done = run("rights", "--access", "full", "--json", variables=shared_server.variables)
        assert done.returncode == 0
        assert [check["name"] for check in json.loads(done.stdout)["checks"]] == [
            "connect",
            "authentication-works",
            "rights",
        ]

    def test_an_expectation_and_rules_are_taken_together(self, shared_server: RedisServer, tmp_path: Path) -> None:
        """The rules on the command line stand in the place of those of the file."""
        file = tmp_path / "expectation.json"
        file.write_text(Expectation(access="data", access_rules=("-get",)).to_json())
        arguments = ("rights", "--expect", str(file), "--rule", "+flushall", "--rule=-eval")
        done = run(*arguments, variables=shared_server.variables)
        assert "too wide: KEYS, FLUSHDB" in done.stdout
        assert "EVAL (preset data)" in done.stdout

    def test_a_cache_that_is_not_reached(self) -> None:
        """The way there is what failed."""
        with dead_port() as port:
            done = run("rights", "--access", "data", variables={"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port)})
        assert done.returncode == 1
        assert "connection-refused" in done.stdout

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ((), "--access cache, data or full, or --expect FILE with access"),
            (("--access", "data", "--rule", "allkeys"), "access_rules"),
            (("--commands", "nowhere.txt"), "--commands nowhere.txt cannot be read"),
        ],
    )
    def test_what_is_wrong_with_the_command_line_is_78(self, arguments: tuple[str, ...], problem: str) -> None:
        """One message, and no traceback."""
        done = run("rights", *arguments, variables={"REDIS_HOST": "127.0.0.1"})
        assert done.returncode == 78
        assert problem in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_preset_that_does_not_exist_is_2(self) -> None:
        """As argparse says."""
        assert run("rights", "--access", "queue").returncode == 2

    def test_commands_in_a_file_need_no_server(self, tmp_path: Path) -> None:
        """For people and for programs."""
        file = tmp_path / "commands.txt"
        file.write_text("GET\nLPUSH\n")
        assert self._fit("--commands", str(file)).stdout.startswith("cache:access data fits: 2 commands\n")
        body = json.loads(self._fit("--commands", str(file), "--json").stdout)
        assert (body["preset"], body["rules"], body["unknown"]) == ("data", [], [])
        assert body["commands"]["lpush"] == {"preset": "data", "calls": None, "rejected": None}

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"frobnicate\n"])
    def test_a_file_without_commands_is_78(self, tmp_path: Path, content: bytes) -> None:
        """Named, with what a line should be."""
        file = tmp_path / "commands.txt"
        file.write_bytes(content)
        done = run("rights", "--commands", str(file))
        assert done.returncode == 78
        assert done.stderr.startswith(f"--commands {file} ")

    def test_what_a_server_was_sent(self, start_server: ServerMaker) -> None:
        """With how often."""
        server = start_server(password="secret")
        with server.client() as application:
            application.zadd("board", {"guest": 1})
        done = self._fit("--observed", variables=server.variables)
        assert "ZADD (1)" in done.stdout
        assert "cache:access data fits" in done.stdout

    def _fit(self, *arguments: str, variables: dict[str, str] | None = None) -> Completed:
        done = run("rights", *arguments, variables=variables)
        assert (done.returncode, done.stderr) == (0, "")
        return done
