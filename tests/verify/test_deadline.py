"""Servers that never come to an end: every command says so in time, and keeps little of what they send."""

import itertools
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.listeners import Handler, listener, silent
from benchmarks.servers import RedisServer
from verify import checks, deadline
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.faults import CacheError
from verify.open_cache import open_cache

DEADLINE_SECONDS = 1.0
# Far longer than any of this takes, and far shorter than the connect timeouts below, which would be the limit else.
IN_TIME_SECONDS = 60.0
MOST_MEMORY = 100_000_000

GREETING = b"%1\r\n$5\r\nproto\r\n:3\r\n"


def after_the_greeting(answer: Callable[[socket.socket], None]) -> Handler:
    """Speak Redis for as long as a client greets, and then answer the first command in this way."""

    def handle(connection: socket.socket) -> None:
        while word := connection.recv(65536):
            if b"HELLO" in word:
                connection.sendall(GREETING)
            elif b"PING" in word:
                connection.sendall(b"+PONG\r\n")
            else:
                answer(connection)
                silent(connection)

    return handle


def at_once(answer: Callable[[socket.socket], None]) -> Handler:
    """Answer the first word in this way."""

    def handle(connection: socket.socket) -> None:
        connection.recv(65536)
        answer(connection)

    return handle


def drip(begin: bytes) -> Callable[[socket.socket], None]:
    """Send a beginning, and then a byte at a time."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(begin)
        while True:
            connection.sendall(b"1")
            time.sleep(0.01)

    return answer


def flood(begin: bytes, more: Iterator[bytes]) -> Callable[[socket.socket], None]:
    """Send a beginning, and then more as fast as it goes."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(begin)
        for part in more:
            connection.sendall(part)

    return answer


def again(part: bytes) -> Iterator[bytes]:
    """Repeat a part in large pieces."""
    return itertools.repeat(part * (65536 // len(part)))


def different_numbers() -> Iterator[bytes]:
    """Count: what takes the most memory for its bytes, where it becomes the keys of a map."""
    for start in itertools.count(step=1000):
        yield b"".join(b":%d\r\n" % number for number in range(start, start + 1000))


DRIPS = {
    "a line": lambda: drip(b"+"),
    "a bulk": lambda: drip(b"$1000\r\n"),
    "a length": lambda: drip(b"$"),
    "a list": lambda: drip(b"*1000000000\r\n:"),
}
ENDLESS = {
    "a line": lambda: flood(b"+", again(b"x")),
    "a bulk": lambda: flood(b"$99999999999\r\n", again(b"x")),
    "a list": lambda: flood(b"*999999999\r\n", again(b":1\r\n")),
    "a map": lambda: flood(b"%999999999\r\n", different_numbers()),
    "lists in lists": lambda: flood(b"", again(b"*1\r\n")),
    "messages that nobody asked for": lambda: flood(b"", again(b">1\r\n$7\r\nmessage\r\n")),
}
# Asks a server, within so many seconds, and returns the code of the fault that it finds.
Ask = Callable[[CacheEnvironment, float], str]


def health(environment: CacheEnvironment, seconds: float) -> str:
    """Ask for the health."""
    with open_cache(environment, probe_seconds=seconds) as cache:
        fault = cache.health().fault
    return fault.code if fault else ""


def status(environment: CacheEnvironment, seconds: float) -> str:
    """Ask for the status."""
    with open_cache(environment, probe_seconds=seconds) as cache:
        fault = cache.status().fault
    return fault.code if fault else ""


def metrics(environment: CacheEnvironment, seconds: float) -> str:
    """Ask for the metrics."""
    with open_cache(environment, probe_seconds=seconds) as cache:
        fault = cache.metrics().fault
    return fault.code if fault else ""


def check(environment: CacheEnvironment, seconds: float) -> str:
    """Run all checks."""
    with deadline.within(seconds):
        report = checks.run(environment, Expectation())
    return next(iter(report.failures())).code


def asked_in_time(ask: Ask, handler: Handler, seconds: float = DEADLINE_SECONDS) -> str:
    """Return the code that a way to ask finds, which must not take long."""
    with listener(handler) as port:
        started = time.monotonic()
        code = ask(CacheEnvironment(host="127.0.0.1", port=port, connect_timeout_ms=600_000), seconds)
        assert time.monotonic() - started < IN_TIME_SECONDS
    return code


@pytest.mark.parametrize("ask", [health, status, metrics, check])
class TestEveryCommand:
    """Health, status, metrics and check."""

    @pytest.mark.parametrize("how", DRIPS)
    def test_a_drip_is_told(self, ask: Ask, how: str) -> None:
        """It is not taken for a silence: something answers there."""
        assert asked_in_time(ask, after_the_greeting(DRIPS[how]())) == "answer-drips"

    def test_a_drip_from_the_first_word_on_is_told(self, ask: Ask) -> None:
        """The first look and the greeting keep to the deadline too."""
        assert asked_in_time(ask, at_once(drip(b"+"))) == "answer-drips"

    @pytest.mark.parametrize("how", ENDLESS)
    def test_a_flood_is_told(self, ask: Ask, how: str) -> None:
        """Whatever it is made of."""
        assert asked_in_time(ask, after_the_greeting(ENDLESS[how]()), seconds=30) == "answer-without-end"

    def test_a_silence_is_told(self, ask: Ask) -> None:
        """It ends at the deadline, and not at the connect timeout."""
        assert asked_in_time(ask, silent) == "no-answer"

    def test_an_answer_that_is_none_is_told(self, ask: Ask) -> None:
        """A length that is no number, and a key that is a list, are what redis-py's parser stumbles over."""
        for nonsense in (b"$x\r\n", b"*-\r\n", b"%1\r\n*1\r\n:1\r\n:1\r\n", b":x\r\n", b"?\r\n"):
            handler = after_the_greeting(lambda connection, said=nonsense: connection.sendall(said))  # type: ignore[misc]
            assert asked_in_time(ask, handler) == "not-redis", nonsense


def test_an_application_may_read_a_large_value(shared_server: RedisServer) -> None:
    """What it asks for is its own, however long it takes and however large it is."""
    value = os.urandom(2 * deadline.MOST_BYTES)
    with open_cache(shared_server.environment()) as cache:
        cache.set("large", value, ttl_seconds=60)
        assert cache.get("large") == value
        cache.delete("large")


@pytest.mark.parametrize("how", ["a bulk", "a map", "a list"])
@pytest.mark.parametrize("command", ["check", "health", "status"])
def test_little_is_kept(command: str, how: str) -> None:
    """The process takes less than 100 MB more than one that finds nobody at the port."""
    with listener(after_the_greeting(ENDLESS[how]())) as port:
        code, memory = measured(command, port)
    assert code == "answer-without-end"
    assert memory - measured(command, 1)[1] < MOST_MEMORY


def measured(command: str, port: int) -> tuple[str, int]:
    """Run a command; return the code that it found, and the most bytes of memory that it had."""
    variables = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(port), "REDIS_MAX_RETRIES": "0"}
    arguments = [sys.executable, "-m", "verify", command, "--json", "--deadline", "30"]
    with subprocess.Popen(
        arguments, env=os.environ | variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        body = json.load(process.stdout)
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    code = next(result["code"] for result in body["checks"] if result["code"]) if command == "check" else body["code"]
    return code, usage.ru_maxrss * 1024


class TestDeadline:
    """The deadline itself."""

    def test_an_inner_one_ends_with_the_outer(self) -> None:
        """A probe inside of a command has no more time than the command."""
        with deadline.within(10), deadline.within(1000):
            assert deadline.limit(100) <= 10

    def test_an_outer_one_does_not_lengthen_the_inner(self) -> None:
        """Nor does the inner one shorten what comes after it."""
        with deadline.within(1000):
            with deadline.within(10):
                assert deadline.limit(100) <= 10
            assert deadline.limit(100) == 100

    def test_outside_of_one_there_is_no_limit(self) -> None:
        """An application's own operations know none."""
        assert not deadline.is_set()
        assert deadline.limit(100) == 100

    def test_nothing_begins_after_it(self) -> None:
        """A second look does not come for free."""
        with deadline.within(0), pytest.raises(CacheError, match="no-answer"):
            deadline.limit(100)

    def test_what_knows_no_deadline_is_left_behind(self) -> None:
        """A name server that is silent, say."""
        over = threading.Event()
        with deadline.within(0.05), pytest.raises(deadline.OutOfTime):
            deadline.in_time(over.wait, IN_TIME_SECONDS)
        over.set()

    def test_what_is_done_in_time_comes_back_or_raises(self) -> None:
        """As if it had been done here."""
        assert deadline.in_time(lambda: 1, IN_TIME_SECONDS) == 1
        with pytest.raises(ZeroDivisionError):
            deadline.in_time(lambda: 1 // 0, IN_TIME_SECONDS)
