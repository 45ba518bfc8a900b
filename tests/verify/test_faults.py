"""Each fault of benchmarks/faulty_servers.py is named by the check and raised by the client."""

import contextlib
import errno
import os
import select
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis

from benchmarks.certificates import Authority
from benchmarks.faulty_servers import (
    CASES,
    NOTHING,
    Case,
    Workbench,
    client_certificate_is_required,
    it_answers_half_a_line,
    password_is_wrong,
    read_and_write,
)
from tests.clock import Clock
from verify import checks, preflight, redis_client
from verify.diagnosis import diagnose
from verify.faults import FAULTS, CacheError
from verify.open_cache import open_cache

# Made below and in the tests of the cache, of the checks, of the deadline and of the command line.
ELSEWHERE = {
    "answer-drips",
    "answer-without-end",
    "no-host",
    "command-blocked",
    "connections-in-use",
    "no-route",
    "tls-failed",
    "client-missing",
    "unknown",
}


def test_a_password_that_is_off_is_set_at_the_service() -> None:
    """An up only proves that it is off; what it says to restart has it on again."""
    remedy = next(fault.remedy for fault in FAULTS if fault.code == "authentication-not-enforced")
    assert remedy.startswith("Set the password again at the service")
    assert "`make up` does" not in remedy


@pytest.fixture
def bench(tmp_path: Path, authority: Authority) -> Iterator[Workbench]:
    """Everything that a fault is made with."""
    with contextlib.ExitStack() as stack:
        yield Workbench(stack, tmp_path, authority)


@pytest.fixture(autouse=True)
def _second_look_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product cuts it short; a busy machine must not."""
    monkeypatch.setattr(preflight, "_SECOND_LOOK_SECONDS", 60)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.make.__name__)
class TestEachFault:
    """One fault after the other, made for real."""

    def test_the_check_names_it_in_one_attempt(self, bench: Workbench, case: Case, connections: Counter[int]) -> None:
        """The report's failure has the code and the remedy, and nothing was tried twice."""
        environment = case.make(bench)
        connections.clear()
        report = checks.run(environment, NOTHING)
        failures = {failure.code: failure for failure in report.failures()}
        assert case.code in failures, report.to_text()
        assert case.remedy in failures[case.code].remedy
        # The first look, and after it the client or, where TLS and plain text may be mixed up, a second look.
        assert connections[environment.port] <= 2

    def test_the_probe_names_it_too(self, bench: Workbench, case: Case) -> None:
        """`health` has the same diagnosis, where it is not for a command that it does not ask for."""
        environment = case.make(bench)
        with open_cache(environment, probe_seconds=60) as cache:
            fault = cache.health().fault
        if not case.at_a_command:
            assert fault is not None
            # The probe writes, and every replica refuses that first.
            assert fault.code == {"master-down": "read-only"}.get(case.code, case.code)

    def test_waiting_is_for_what_may_pass(self, bench: Workbench, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
        """`--wait` tries a retryable fault again, and a fatal one not once."""
        monkeypatch.setattr(checks, "time", Clock())
        attempts: list[str] = []
        checks.run(case.make(bench), NOTHING, wait_seconds=0.1, on_wait=attempts.append)
        assert all(case.code in words for words in attempts)
        assert bool(attempts) is (case.retryable and not case.at_a_command)

    def test_the_client_raises_it_after_as_many_attempts_as_it_deserves(
        self, bench: Workbench, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The cache client connects once for a fatal fault, and REDIS_MAX_RETRIES times more for a retryable one."""
        environment = case.make(bench)
        connections: list[object] = []
        connect = redis_client._Connection.connect_check_health

        def counted(self: redis_client._Connection, *arguments: bool, **options: bool) -> None:
            if not self.is_connected:
                connections.append(self)
            connect(self, *arguments, **options)

        monkeypatch.setattr(redis_client._Connection, "connect_check_health", counted)
        with open_cache(environment) as cache, pytest.raises(CacheError) as raised:
            read_and_write(cache)
        assert raised.value.fault.code == case.code, raised.value.detail
        assert len(connections) == (1 + environment.max_retries if case.retryable else 1)


def test_nothing_is_said_of_authentication_where_the_answer_is_cut_off(bench: Workbench) -> None:
    """Half a refusal is no answer to a client without a password."""
    environment = replace(it_answers_half_a_line(bench), password="s3cret")
    assert [failure.code for failure in checks.run(environment, NOTHING).failures()] == ["connection-closed"]


def test_a_refusal_that_comes_before_the_first_command_is_heard(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command meets a closed connection then: the client and the check look again without a word."""
    speak = ssl.SSLSocket.sendall
    closed: list[ssl.SSLSocket] = []

    def late(link: ssl.SSLSocket, *arguments: Any) -> None:
        events = select.poll()
        events.register(link, 0)
        if events.poll(60_000):
            closed.append(link)
        speak(link, *arguments)

    monkeypatch.setattr(ssl.SSLSocket, "sendall", late)
    environment = client_certificate_is_required(bench)
    with pytest.raises(CacheError, match="client-certificate-required"):
        preflight.look(environment)
    with open_cache(environment) as cache, pytest.raises(CacheError, match="client-certificate-required"):
        read_and_write(cache)
    assert len(closed) == 2


def test_every_fault_of_the_table_is_made_somewhere() -> None:
    """A row without a test is a promise that nobody has seen kept."""
    made = {case.code for case in CASES} | ELSEWHERE
    rows = {fault.code for fault in FAULTS if fault.layer not in ("expectation", "application")}
    assert made == rows


def test_codes_are_unique() -> None:
    """Alarms match on them."""
    assert len({fault.code for fault in FAULTS}) == len(FAULTS)


def wrapped(words: str, cause: Exception) -> redis.ConnectionError:
    """Return redis-py's error for one of TLS."""
    error = redis.ConnectionError(words)
    error.__cause__ = cause
    return error


def test_a_wrong_password_is_one_line_in_the_servers_log(bench: Workbench) -> None:
    """Four lines for one mistake look like an attack."""
    environment = password_is_wrong(bench)
    checks.run(environment, NOTHING, wait_seconds=1)
    with redis.Redis(port=environment.port, password="right", decode_responses=True) as admin:
        assert [entry["count"] for entry in admin.acl_log()] == [1]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH)), "no-route"),
        (OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)), "no-route"),
        (ssl.SSLError("[SSL] something new"), "tls-failed"),
        # As redis-py tells of it; Python 3.13 and later say "reset" where those before say "end of file".
        (
            wrapped("Error 8 while writing to socket. EOF occurred", ssl.SSLEOFError(8, "EOF occurred")),
            "connection-closed",
        ),
        (
            wrapped("Error 8 connecting to cache:6379. EOF occurred", ssl.SSLEOFError(8, "EOF occurred")),
            "tls-closed",
        ),
        (ModuleNotFoundError("No module named 'redis'"), "client-missing"),
        (redis.ResponseError("NEWCODE of a later server"), "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_made_on_one_machine_is_told_by_its_error(error: Exception, code: str) -> None:
    """A missing route needs another network, and an unknown reply a later server."""
    assert diagnose(error, tls=False).code == code
