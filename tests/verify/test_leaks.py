"""What a server repeats of the password leaves by no way: a message, a report, a log, a chain of exceptions."""

import base64
import contextlib
import html
import io
import json
import logging
import os
import shlex
import shutil
import socket
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from benchmarks.listeners import Handler, listener
from benchmarks.servers import RedisServer, server_binary
from tests import leaks
from verify import checks, function
from verify.checks.passwords import OtherPasswords
from verify.command_line import main
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.faults import CacheError
from verify.formats import FORMATS
from verify.open_cache import open_cache

ServerMaker = Callable[..., RedisServer]

# Valkey says NOAUTH to every command that it does not know, and repeats nothing.
REDIS: Final = Path(shutil.which("redis-server") or server_binary())
SECRET: Final = "hunter2-/+%&\"' <tail>=é"
ENCODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "raw": lambda raw: raw,
    "upper case": lambda raw: raw.upper(),
    "repr": lambda raw: repr(raw).encode(),
    "json": lambda raw: json.dumps(raw.decode()).encode(),
    "xml": lambda raw: html.escape(raw.decode()).encode(),
    "shell": lambda raw: shlex.quote(raw.decode()).encode(),
    "percent": lambda raw: quote(raw, safe="").encode(),
    "base64": lambda raw: base64.b64encode(b"default:" + raw),
    "hex": lambda raw: raw.hex().encode(),
    "cut at the end": lambda raw: raw[:14],
    "cut at the beginning": lambda raw: raw[5:],
}


def echoing(encode: Callable[[bytes], bytes], *, greets: bool) -> Handler:
    """Repeat what it is sent in every error, as proxies do; with `greets`, only what comes after the greeting."""

    def handle(connection: socket.socket) -> None:
        while received := connection.recv(65536):
            if received.startswith(b"PING"):
                connection.sendall(b"-NOAUTH Authentication required.\r\n")
            elif greets and b"HELLO" in received:
                connection.sendall(b"%1\r\n$5\r\nproto\r\n:3\r\n")
            else:
                commands = received.count(b"\r\n*") + received.startswith(b"*")
                said = b"-ERR no '%s'\r\n" % encode(SECRET.encode()).replace(b"\r\n", b" ")
                connection.sendall(said * commands)

    return handle


@pytest.fixture(params=[*ENCODINGS, "a server without AUTH"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CacheEnvironment]:
    """A server that repeats the password."""
    with contextlib.ExitStack() as stack:
        if request.param == "a server without AUTH":
            settings = {"requirepass": f'"{SECRET.replace(chr(34), chr(92) + chr(34))}"'}
            settings |= {"rename-command HELLO": '""', "rename-command AUTH": '""'}
            port = stack.enter_context(RedisServer(tmp_path / "server", settings=settings, binary=REDIS)).port
        else:
            port = stack.enter_context(listener(echoing(ENCODINGS[request.param], greets=False)))
        yield CacheEnvironment(host="127.0.0.1", port=port, password=SECRET, max_retries=0)


def variables(environment: CacheEnvironment) -> dict[str, str]:
    """Return the variables of the environment."""
    return {
        "REDIS_HOST": environment.host or "",
        "REDIS_PORT": str(environment.port),
        "REDIS_PASSWORD": environment.password or "",
        "REDIS_MAX_RETRIES": "0",
    }


def held(text: str) -> list[str]:
    """Name what a text holds of the secret: itself in any form, or a piece of it."""
    pieces = {f"piece {start}": SECRET[start : start + 8] for start in range(len(SECRET) - 7)}
    return leaks.in_text(text, {"password": SECRET} | pieces) + leaks.in_text(text.lower(), {"lower": SECRET.lower()})


def test_the_commands_do_not_repeat_it(
    environment: CacheEnvironment, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever they print, in every format."""
    for name, value in variables(environment).items():
        monkeypatch.setenv(name, value)
    statuses = (["status", "--format", form] for form in ("text", "json", "prometheus"))
    for arguments in (*(["check", "--format", form] for form in FORMATS), ["health"], *statuses):
        assert main(arguments) != 0
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"AUTH {shlex.quote(SECRET)}\nGET key\n"))
    main(["shell"])
    printed = capfd.readouterr()
    assert "****" in printed.out
    assert held(printed.out + printed.err) == []


def test_the_function_of_a_cloud_does_not_repeat_it(environment: CacheEnvironment) -> None:
    """Its answer is kept in logs and states."""
    answer = function.handle(
        {"environment": variables(environment), "expectation": "{}", "otherPasswords": {"previous": "", "retired": ""}}
    )
    assert held(json.dumps(answer)) == []


def test_an_exception_does_not_repeat_it(environment: CacheEnvironment, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in its chain, which `logging.exception` prints, nor in a repr."""
    with open_cache(environment) as cache:
        for ask in (lambda: cache.get("key"), lambda: cache.get_many(["a"]), lambda: cache.delete("key")):
            with pytest.raises(CacheError) as raised:
                ask()
            assert raised.value.detail
            assert (raised.value.__cause__, raised.value.__context__) == (None, None)
            try:
                raise raised.value
            except CacheError:
                logging.getLogger("application").exception("no cache")
            shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + repr(vars(raised.value))
            assert held(shown + repr(cache) + repr(environment)) == []
    assert held(caplog.text) == []


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_check_does_not_repeat_it(encoding: str) -> None:
    """A proxy that greets may repeat it in the answer to any command, a rotation's other passwords too."""
    with listener(echoing(ENCODINGS[encoding], greets=True)) as port:
        environment = CacheEnvironment(host="127.0.0.1", port=port, password="another-one", max_retries=0)
        report = checks.run(environment, Expectation(), others=OtherPasswords(previous=SECRET, retired=SECRET[::-1]))
    for form in FORMATS.values():
        assert held(form(report)) == []


def test_a_search_that_finds_nothing_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the redaction the same search finds it."""
    monkeypatch.setattr("verify.redaction.without", lambda _secrets, text, **_: text)
    with listener(echoing(ENCODINGS["raw"], greets=False)) as port:
        environment = CacheEnvironment(host="127.0.0.1", port=port, password=SECRET, max_retries=0)
        assert "password" in held(checks.run(environment, Expectation()).to_text())


def test_what_the_fixture_needs() -> None:
    """The environment of the tests has no REDIS_* variables of its own."""
    assert not [name for name in os.environ if name.startswith("REDIS_")]
