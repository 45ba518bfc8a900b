import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from benchmarks.listeners import answering, black_hole, listener
from benchmarks.servers import dead_port
from tests.clock import Clock
from verify import application
from verify.application import run
from verify.exit_code import ExitCode
from verify.formats import junit

HEALTH = {"healthy": True, "backend": "redis", "message": "Cache is healthy using redis backend"}
STATUS = {"type": "redis", "available": True, "redisInfo": {"connected": True, "keys": 12}}
MEMORY_HEALTH = {"healthy": True, "backend": "memory", "message": "Cache is healthy using memory backend"}
MEMORY_STATUS = {"type": "memory", "available": True}


@contextmanager
def an_application(health: Any = HEALTH, status: Any = STATUS, code: int = 200) -> Iterator[str]:
    """Answer the two pages with these bodies, and give the URL."""

    def handle(connection: Any) -> None:
        page = connection.recv(65536).split()[1]
        body = json.dumps(health if page == b"/cache/health" else status).encode()
        head = f"HTTP/1.1 {code} Status\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + body)

    with listener(handle) as port:
        yield f"http://127.0.0.1:{port}"


def codes(url: str, **options: Any) -> list[str]:
    """Return the codes of what failed."""
    return [failure.code for failure in run(url, **options).failures()]


def test_an_application_on_redis_passes() -> None:
    """Healthy, on redis, available and connected; a slash at the end of the URL does no harm."""
    with an_application() as url:
        report = run(f"{url}/")
    assert report.passed, report.to_text()
    assert [result.verdict for result in report.results] == ["pass"] * 5


def test_an_application_in_memory_proves_a_rollback() -> None:
    """What fails on redis' account passes where memory is expected, and the reverse."""
    with an_application(MEMORY_HEALTH, MEMORY_STATUS) as url:
        assert run(url, expect="memory").passed
        assert "application-backend" in codes(url)
    with an_application() as url:
        assert codes(url, expect="memory") == ["application-backend"]


def test_an_answer_that_drips_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, and the whole does not."""
    monkeypatch.setattr(application, "_ANSWER_SECONDS", 1.0)

    def drip(connection: Any) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            connection.sendall(b"x")
            time.sleep(0.01)

    with listener(drip) as port:
        (failure,) = run(f"http://127.0.0.1:{port}").failures()
    assert (failure.code, failure.detail) == ("application-silent", "no whole answer came within 1 s")


@pytest.mark.parametrize(
    ("health", "status", "code"),
    [
        ({**HEALTH, "healthy": False, "code": "wrong-password"}, STATUS, "application-not-healthy"),
        (HEALTH, {**STATUS, "type": "memory"}, "application-backend"),
        (HEALTH, {**STATUS, "available": False}, "application-not-connected"),
        (HEALTH, {**STATUS, "redisInfo": {"connected": False}}, "application-not-connected"),
        (HEALTH, {"type": "redis", "available": True}, "application-not-connected"),
        ([], STATUS, "application-answer"),
    ],
)
def test_each_wrong_answer_fails(health: Any, status: Any, code: str) -> None:
    """One thing wrong is one failure, with its remedy."""
    with an_application(health, status) as url:
        (failure,) = run(url).failures()
    assert (failure.code, bool(failure.remedy)) == (code, True)


def test_the_body_of_a_503_is_read() -> None:
    """An application tells of a cache that is not healthy with 503, and says why."""
    with an_application({**HEALTH, "healthy": False, "code": "wrong-password"}, code=503) as url:
        (failure,) = run(url).failures()
    assert (failure.code, failure.detail) == ("application-not-healthy", "wrong-password")


def test_a_page_that_is_not_there_is_another_failure() -> None:
    """A wrong URL answers 404."""
    with an_application(code=404) as url:
        assert codes(url) == ["application-answer"]


def test_a_page_of_another_kind_is_another_failure() -> None:
    """A login page answers 200, too."""
    page = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>"
    with listener(answering(page)) as port:
        assert codes(f"http://127.0.0.1:{port}") == ["application-answer"]


def test_an_application_that_does_not_run_is_broken() -> None:
    """The host answers, so it is not out of reach."""
    with dead_port() as port:
        report = run(f"http://127.0.0.1:{port}")
    assert (report.failures()[0].code, report.exit_code) == ("application-silent", ExitCode.FAILED)


def test_an_application_that_speaks_no_http_is_broken() -> None:
    """Whatever listens there is not an application."""
    with listener(answering(b"-ERR what?\r\n")) as port:
        assert codes(f"http://127.0.0.1:{port}") == ["application-silent"]


@pytest.mark.parametrize("kind", ["name", "black hole"])
def test_an_application_out_of_reach_is_unproven(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the exit code of a cache out of reach."""
    monkeypatch.setattr(application, "_TIMEOUT_SECONDS", 0.3)
    with black_hole() as port:
        url = "http://application.invalid" if kind == "name" else f"http://127.0.0.1:{port}"
        report = run(url)
    assert (report.failures()[0].code, report.exit_code) == ("application-unreachable", ExitCode.UNREACHABLE)
    assert report.stable()["verdict"] == "unproven"


def test_waiting_ends_when_the_new_version_is_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment takes a while, and what it waits for is told."""
    monkeypatch.setattr(application, "time", Clock())
    health = dict(MEMORY_HEALTH)
    told: list[str] = []

    def deploy(words: str) -> None:
        told.append(words)
        health.update(HEALTH)

    with an_application(health) as url:
        assert run(url, wait_seconds=10, on_wait=deploy).passed
    assert "application-backend" in told[0]


def test_waiting_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes fails."""
    clock = Clock()
    monkeypatch.setattr(application, "time", clock)
    with an_application(MEMORY_HEALTH) as url:
        assert not run(url, wait_seconds=2.5).passed
    assert clock.slept == [1, 1, 0.5]


@pytest.mark.parametrize("url", ["your-app.encr.app", "ftp://application", "http://", "file:///etc/passwd"])
def test_what_is_no_url_is_refused(url: str) -> None:
    """Neither a file nor another protocol is opened."""
    with pytest.raises(ValueError, match="no http or https URL"):
        run(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}", "http://localhost:{}"])
def test_no_proxy_stands_before_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's proxy in the environment does not know what runs here."""
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    with an_application() as address:
        assert run(url.format(address.rpartition(":")[2])).passed


@pytest.mark.parametrize("page", [b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n", b"", b"<html>"])
def test_a_proxy_is_named_where_the_application_does_not_answer(page: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable that it comes from and the one that leaves it out, and without its password."""
    with listener(answering(page)) as port:
        monkeypatch.setenv("http_proxy", f"http://me:pass-phrase@127.0.0.1:{port}")
        (failure,) = run("http://application.example").failures()
    assert f"through the proxy http://127.0.0.1:{port} of http_proxy" in failure.detail
    assert "NO_PROXY=application.example" in failure.detail
    assert "pass-phrase" not in failure.detail


def test_a_password_in_the_url_is_sent_and_not_shown() -> None:
    """An application that is not public yet may ask for one."""
    heard: list[bytes] = []

    def handle(connection: Any) -> None:
        heard.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 404 s3cret:p@ss-word\r\nConnection: close\r\n\r\n")

    with listener(handle) as port:
        report = run(f"http://me:s3cret:p%40ss-word@127.0.0.1:{port}/")
    assert b"Authorization: Basic bWU6czNjcmV0OnBAc3Mtd29yZA==" in heard[0]
    assert "s3cret" not in report.to_json()
    assert f"http://127.0.0.1:{port}/cache/health answered 404" in report.to_json()


@pytest.mark.parametrize(
    "url", ["http://me:s3cret@[::1", "http://me:s3cret@host:port", "http://me:s3cret\u2100@host", "s3cret://@x"]
)
def test_what_is_no_url_is_refused_without_its_password(url: str) -> None:
    """Python's own words repeat what they do not understand."""
    with pytest.raises(ValueError, match="no http or https URL") as refused:
        run(url)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["http://a..b", "http://h\u00e9..example", "http://exa mple", "http://x/\x1b[31m", f"http://{'a' * 64}"]
)
def test_an_odd_url_is_a_failure_and_no_traceback(url: str) -> None:
    """Whatever Python's library makes of it."""
    report = run(url)
    assert not report.passed
    assert report.to_text().replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}", b"\xff\xfe", b'{"healthy": true, "message": "\\ud800"}']
)
def test_an_odd_answer_is_a_failure_and_no_traceback(body: bytes) -> None:
    """Too deep, too large a number, and no text."""
    page = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    with listener(answering(page + body)) as port:
        report = run(f"http://127.0.0.1:{port}")
    assert not report.passed
    ET.fromstring(junit(report))  # noqa: S314 — our own


def test_what_an_application_says_is_cut_and_harmless() -> None:
    """Its message may be long, and may hold what a terminal obeys and XML cannot hold."""
    with an_application({**HEALTH, "message": "\x1b[31m\0" + "x" * 141_000}) as url:
        report = run(url)
    assert report.passed
    assert len(report.to_text()) < 2000
    assert "\x1b" not in report.to_text()
    ET.fromstring(junit(report))  # noqa: S314 — our own
