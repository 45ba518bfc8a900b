import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.servers import RedisServer, dead_port
from verify.application import run
from verify.cache import Health, Status, open_cache
from verify.command_line import main
from verify.environment import CacheEnvironment
from verify.exit_code import ExitCode
from verify.faults import HTTP_LIBRARY_MISSING, CacheError
from verify.memory_cache import MemoryCache
from verify.serve import Application, serve

ServerMaker = Callable[..., RedisServer]


def ask(application: Application, path: str, method: str = "GET") -> tuple[str, dict[str, Any]]:
    """Ask the application as a WSGI server would, and give status and body."""
    told: list[str] = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method}
    body = b"".join(application(environ, lambda status, _: told.append(status)))
    return told[0], json.loads(body) if body else {}


class Counting(MemoryCache):
    """A cache that counts how often it is asked, and takes its time."""

    def __init__(self, seconds: float = 0) -> None:
        super().__init__()
        self.asked = 0
        self.seconds = seconds

    def health(self) -> Health:
        """Count."""
        self.asked += 1
        time.sleep(self.seconds)
        return super().health()


class Broken(MemoryCache):
    """A cache whose probes break with a text that nobody should see."""

    def health(self) -> Health:
        """Break."""
        raise RuntimeError("secret address")

    def status(self) -> Status:
        """Break."""
        raise RuntimeError("secret address")


def test_the_bodies_are_the_guides(shared_server: RedisServer) -> None:
    """What the application answers to `curl`, word for word."""
    with open_cache(shared_server.environment()) as cache:
        application = Application(cache)
        assert ask(application, "/cache/health") == (
            "200 OK",
            {"healthy": True, "backend": "redis", "message": "Cache is healthy using redis backend"},
        )
        status, body = ask(application, "/cache/status")
    assert (status, body["type"], body["available"]) == ("200 OK", "redis", True)
    assert body["redisInfo"]["connected"] is True
    assert isinstance(body["redisInfo"]["keys"], int)


def test_a_dead_cache_is_503_with_a_code() -> None:
    """A load balancer sees the status; the body has no address, no port and no driver's text."""
    with dead_port() as port, open_cache(CacheEnvironment(host="127.0.0.1", port=port, max_retries=0)) as cache:
        application = Application(cache)
        status, health = ask(application, "/cache/health")
        _, body = ask(application, "/cache/status")
    assert (status, health["healthy"], health["code"]) == ("503 Service Unavailable", False, "connection-refused")
    assert (body["available"], body["redisInfo"]["connected"]) == (False, False)
    assert str(port) not in str(health) + str(body)
    assert "127.0.0.1" not in str(health) + str(body)


def test_a_probe_that_breaks_is_an_answer_too() -> None:
    """Never a 500, and never the error's text."""
    application = Application(Broken())
    assert ask(application, "/cache/health")[0] == "503 Service Unavailable"
    assert "secret" not in str(ask(application, "/cache/health")) + str(ask(application, "/cache/status"))


def test_answers_are_kept_for_a_few_seconds() -> None:
    """A load balancer that asks all the time does not reach the cache all the time."""
    now = [100.0]
    cache = Counting()
    application = Application(cache, clock=lambda: now[0])
    for _ in range(3):
        ask(application, "/cache/health")
    assert cache.asked == 1
    now[0] += 5
    ask(application, "/cache/health")
    assert cache.asked == 2


def test_whoever_asks_meanwhile_waits_for_the_same_probe() -> None:
    """Ten requests at once are one question to a slow cache."""
    cache = Counting(seconds=0.05)
    application = Application(cache, clock=lambda: 100.0)
    threads = [threading.Thread(target=ask, args=(application, "/cache/health")) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.asked == 1


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", "404 Not Found"),
        ("/cache/health", "POST", "405 Method Not Allowed"),
        ("/cache/health", "HEAD", "200 OK"),
    ],
)
def test_other_paths_and_methods(path: str, method: str, status: str) -> None:
    """There are two pages, to be read."""
    assert ask(Application(MemoryCache()), path, method)[0] == status


def test_without_waitress_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server library is an extra, which the bundle does not carry."""
    monkeypatch.setitem(sys.modules, "waitress", None)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(CacheError) as missing:
        serve(MemoryCache(), listener)
    assert missing.value.fault is HTTP_LIBRARY_MISSING


def test_without_waitress_nothing_is_bound_and_no_address_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends at once, and its cure is one for this project too."""
    monkeypatch.setitem(sys.modules, "waitress", None)
    monkeypatch.setattr(socket, "create_server", lambda *_: pytest.fail("a port was taken"))
    assert main(["serve", "--port", "0"]) == ExitCode.CONFIGURATION
    told = capsys.readouterr().err
    assert "http://" not in told
    assert "pip install waitress" in told
    assert "python3 runner/environment.py --set serve --venv .venv-serve" in told


def test_the_command_serves_on_loopback() -> None:
    """The whole way: a process, a port and two pages, which `verify app` finds to its liking."""
    pytest.importorskip("waitress", reason="waitress, the extra that serves HTTP, is not installed")
    with serving() as url:
        with urllib.request.urlopen(f"{url}/cache/health", timeout=60) as response:  # noqa: S310 — our own
            assert json.load(response)["backend"] == "memory"
            assert response.headers["Cache-Control"] == "no-store"
        assert run(url, expect="memory").passed


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Run `python -m verify serve` until the test is over, and give its URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "verify", "serve", "--port", "0"], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    with process, process.stderr:
        try:
            # The port is open before it is printed, so nothing has to be waited for.
            yield process.stderr.readline().split("/cache/health")[0]
        finally:
            process.terminate()
