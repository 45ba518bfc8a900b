"""Any environment and any answer of a server: no traceback, no leak, and a text that a terminal can show."""

import contextlib
import io
import os
import random
import socket
import sys
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock
from xml.etree import ElementTree as ET

import pytest
import redis.retry

from benchmarks.listeners import changing, listener
from benchmarks.servers import RedisServer, dead_port
from tests import leaks
from tests.soak import Soak
from verify import checks, preflight
from verify.command_line import main
from verify.environment import CacheEnvironment
from verify.exit_code import ExitCode
from verify.expectation import Expectation
from verify.formats import FORMATS

SECRET: Final = "correct-horse-battery"
COMMANDS: Final = (
    "check",
    "check --format json",
    "check --format junit",
    "health",
    "status --json",
    "shell",
    "status --format prometheus",
)

# What variables hold by mistake, and what they should; `{}` is the secret.
VALUES: Final = {
    "REDIS_HOST": (
        "127.0.0.1",
        "cache",
        "::1",
        "[::1]",
        "fe80::1%eth0",
        "redis://:{}@cache",
        "cache:6379",
        "'cache'",
        "a..b",
        ".",
        "-",
        "bücher.example",
        "{}@cache",
        "*",
        "999.1.1.1",
        "0",
    ),
    "REDIS_PORT": ("6379", "0", "65536", "tcp://10.0.0.1:6379", '"6379"', "6379 ", "٦", "1e3", "redis://:{}@h:1"),
    "REDIS_PASSWORD": ("{}", "'{}'", "{}\n", "\t{}", "{}é", "{}\x1b[31m", " {} "),
    "REDIS_USERNAME": ("default", "app\x1b", "é", "a b", "''"),
    "REDIS_USE_TLS": ("true", "TRUE", "false", "1", "yes", "'true'", "tru", "2"),
    "REDIS_MAX_RETRIES": ("0", "3", "100", "101", "-1", "1.5", "{}"),
    "REDIS_CONNECT_TIMEOUT": ("1", "5000", "600000", "600001", "5s", "nan", "{}"),
    "REDIS_TLS_CA": (
        "{}",
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----",
        "é",
        "/etc/ca.pem",
    ),
    "REDIS_PROBE_PREFIX": ("verify:", "hotel:*", "'hotel:'", "é", "{{}}"),
    "REDIS_TLS_SERVER_NAME": ("cache", "a..b", "10.0.0.1", "'cache'", ".cache", "*.cache", "é"),
}


def odd_bytes(chance: random.Random, text: str) -> bytes:
    """Damage a value as editors, copies and other encodings do."""
    value = bytearray(text.encode())
    for _ in range(chance.choice((0, 0, 0, 1, 1, 3))):
        place = chance.randint(0, len(value))
        match chance.randrange(4):
            case 0:
                value[place:place] = bytes([chance.randint(1, 255)])
            case 1:
                del value[place : place + chance.randint(1, 4)]
            case 2:
                value[place:place] = chance.choice((b"\xff", b"\x1b[31m", b"\r\n", b"\xe2\x80\xae", b" ", b"."))
            case _:
                value *= chance.choice((1, 1, 2, 200))
    return bytes(value)


def odd_variables(chance: random.Random) -> dict[str, str]:
    """Return some REDIS_* variables, most of them right, as the system hands them to a process."""
    return {
        name: os.fsdecode(odd_bytes(chance, chance.choice(values).replace("{}", SECRET)))
        for name, values in VALUES.items()
        if name == "REDIS_HOST" or chance.random() < 0.4
    }


def run(command: str, variables: dict[str, str]) -> tuple[int, str]:
    """Run a command in this process; return its exit code and all that it printed."""
    printed = io.StringIO()
    with (
        mock.patch.dict(os.environ, variables),
        mock.patch.object(sys, "stdin", io.StringIO("PING\nGET key\n")),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        code = main(command.split())
    return code, printed.getvalue()


def assert_fit(printed: str, *, wrong: object) -> None:
    """No secret in any form, no piece of it, and nothing that a terminal would obey."""
    assert leaks.in_text(printed, {"secret": SECRET}) == [], wrong
    assert SECRET[:8] not in printed, wrong
    assert SECRET[-8:] not in printed, wrong
    assert "Traceback" not in printed, wrong
    assert printed.replace("\n", "").isprintable(), wrong


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every name is that of this machine, and nothing listens there; retries take no time."""
    with dead_port() as port:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        monkeypatch.setattr(redis.retry, "sleep", lambda _: None)
        yield


@pytest.mark.soak(10_000)
@pytest.mark.usefixtures("nowhere")
def test_any_environment_is_read_or_refused(soak: Soak) -> None:
    """By every command alike."""
    chance = soak.random()
    for _ in range(soak.cases):
        variables = odd_variables(chance)
        codes = set()
        for command in COMMANDS:
            code, printed = run(command, variables)
            assert_fit(printed, wrong=(command, variables))
            codes.add(ExitCode(code))
        # What is refused is refused by all; memory is healthy, and nothing to check.
        refused = ExitCode.CONFIGURATION in codes
        assert not refused or codes <= {ExitCode.CONFIGURATION, ExitCode.PASSED}, variables


def mutated(chance: random.Random, part: bytes) -> bytes:
    """Damage some bytes of an answer, or put others in their place."""
    value = bytearray(part)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        place = chance.randrange(len(value)) if value else 0
        match chance.randrange(6):
            case 0:
                value[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del value[place : place + chance.randint(1, 20)]
            case 2:
                value[place:place] = chance.choice(
                    (SECRET.encode(), b"\x1b[31m\0", b"nan", b"-1", b"1e400", b"\r\n", b"*2\r\n", b"_\r\n", b"%1\r\n")
                )
            case 3:
                value[place:] = b"-ERR no %s\r\n" % SECRET.encode()[: chance.randint(8, len(SECRET))]
            case 4:
                value[0:1] = chance.choice(
                    (b"+", b"-", b":", b"$", b"*", b"%", b"~", b"#", b",", b"(", b"_", b">", b"|")
                )
            case _:
                value[place:place] = value[: chance.randint(1, 50)]
    return bytes(value)


@pytest.mark.long
@pytest.mark.soak(5_000)
def test_any_answer_is_judged(soak: Soak, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real conversation with some of its bytes changed: a report in every format, and every command."""
    monkeypatch.setattr(preflight, "_SECOND_LOOK_SECONDS", 0.2)
    chance = soak.random()
    with RedisServer(tmp_path / "server", password=SECRET) as server:
        for case in range(soak.cases):
            # The reports differ by the case, and not by how a machine cuts its packets.
            answers = random.Random(chance.random())  # noqa: S311 - test data
            share = chance.choice((0.1, 0.3, 1.0))

            def change(part: bytes, answers: random.Random = answers, share: float = share) -> bytes:
                return mutated(answers, part) if answers.random() < share else part

            with listener(changing(server.port, change)) as port:
                variables = server.variables | {
                    "REDIS_PORT": str(port),
                    "REDIS_CONNECT_TIMEOUT": "200",
                    "REDIS_MAX_RETRIES": "0",
                }
                report = checks.run(CacheEnvironment.from_mapping(variables), Expectation(maxmemory_bytes=1))
                # Its deadline is ten seconds after a connect timeout this short; the rest is for a busy machine.
                assert report.milliseconds < 60_000, case
                for form in FORMATS.values():
                    assert_fit(form(report), wrong=case)
                ET.fromstring(FORMATS["junit"](report))  # noqa: S314 - our own
                assert "check-broke" not in {result.code for result in report.results}, report.to_text()
                code, printed = run(chance.choice(COMMANDS), variables)
                assert_fit(printed, wrong=case)
                ExitCode(code)
