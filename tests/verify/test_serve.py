import asyncio
import contextlib
import itertools
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path

import pytest

from benchmarks.servers import RedisServer, dead_port, new_password, until
from tests.soak import Soak
from tests.verify.exposition import parse
from verify import serve
from verify.application import run
from verify.cache import Cache, Health, Metrics, Status
from verify.environment import CacheEnvironment
from verify.faults import NO_ANSWER
from verify.memory_cache import MemoryCache
from verify.open_cache import open_cache
from verify.operations import Operations
from verify.serve import Answer, Pages

ServerMaker = Callable[..., RedisServer]


def pages(cache: Cache, *paths: str, method: str = "GET") -> list[Answer]:
    """Ask the cache once, and return what the pages say then."""

    async def ask() -> list[Answer]:
        made = Pages(cache)
        await made.ask()
        return [await made.answer(method, path) for path in paths]

    return asyncio.run(ask())


class Broken(MemoryCache):
    """A cache whose probes break with a text that nobody should see."""

    def health(self) -> Health:
        """Break."""
        raise RuntimeError("secret address")

    def status(self) -> Status:
        """Break."""
        raise RuntimeError("secret address")


class Stuck(MemoryCache):
    """A cache whose probes do not come back before they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def health(self) -> Health:
        """Wait."""
        self.go.wait()
        return super().health()


def test_the_bodies_are_the_guides(shared_server: RedisServer) -> None:
    """What the application answers to `curl`, word for word."""
    with open_cache(shared_server.environment()) as cache:
        health, status = pages(cache, "/cache/health", "/cache/status")
    assert health == Answer(
        "200 OK", {"healthy": True, "backend": "redis", "message": "Cache is healthy using redis backend"}
    )
    assert (status.status, status.body["type"], status.body["available"]) == ("200 OK", "redis", True)
    assert status.body["redisInfo"]["connected"] is True
    assert isinstance(status.body["redisInfo"]["keys"], int)


def test_a_dead_cache_is_503_with_a_code() -> None:
    """A load balancer sees the status; the body has no address, no port and no driver's text."""
    with dead_port() as port, open_cache(CacheEnvironment(host="127.0.0.1", port=port)) as cache:
        health, status = pages(cache, "/cache/health", "/cache/status")
    assert (health.status, health.body["healthy"]) == ("503 Service Unavailable", False)
    assert health.body["code"] == "connection-refused"
    assert (status.body["available"], status.body["redisInfo"]["connected"]) == (False, False)
    assert str(port) not in str(health) + str(status)
    assert "127.0.0.1" not in str(health) + str(status)


def test_a_probe_that_breaks_is_an_answer_too() -> None:
    """Never a 500, and never the error's text."""
    health, status = pages(Broken(), "/cache/health", "/cache/status")
    assert health.status == "503 Service Unavailable"
    assert "secret" not in str(health) + str(status)


def test_whoever_asks_while_the_cache_is_asked_gets_the_answer_before() -> None:
    """Nobody waits for the cache; before its very first answer nothing good is known of it."""
    cache = Stuck()

    async def ask() -> tuple[Answer, Answer, Answer]:
        made = Pages(cache)
        asking = asyncio.create_task(made.ask())
        first = await made.answer("GET", "/cache/health")
        cache.go.set()
        await asking
        known = await made.answer("GET", "/cache/health")
        cache.go.clear()
        asking = asyncio.create_task(made.ask())
        await asyncio.sleep(0)
        meanwhile = await made.answer("GET", "/cache/health")
        cache.go.set()
        await asking
        return first, known, meanwhile

    first, known, meanwhile = asyncio.run(ask())
    assert (first.status, first.body["code"]) == ("503 Service Unavailable", "no-answer")
    assert known.status == meanwhile.status == "200 OK"


def test_a_probe_that_is_stuck_is_no_good_news(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the cache said before does not stand for ever."""
    monkeypatch.setattr(serve, "_LONGEST_PROBE_SECONDS", 0.05)
    cache = Stuck()

    async def ask() -> Answer:
        made = Pages(cache)
        await made.ask()
        cache.go.set()
        return await made.answer("GET", "/cache/health")

    assert asyncio.run(ask()).body["code"] == NO_ANSWER.code


def test_a_state_is_one_line_of_the_log(start_server: ServerMaker, caplog: pytest.LogCaptureFixture) -> None:
    """However often it is asked for."""
    server = start_server()

    async def ask() -> None:
        with open_cache(server.environment()) as cache:
            made = Pages(cache)
            for change in (server.stop, server.start, lambda: None):
                for _ in range(3):
                    await made.ask()
                change()

    asyncio.run(ask())
    told = [record.getMessage() for record in caplog.records]
    assert [line.startswith("the cache is healthy") for line in told] == [True, False, True]
    assert "(connection-refused)" in told[1]


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
    assert [answer.status for answer in pages(MemoryCache(), path, method=method)] == [status]


class TestCommand:
    """The whole way: a process, a port and two pages."""

    def test_it_serves_on_loopback(self) -> None:
        """`verify app` finds it to its liking."""
        with serving() as served:
            with urllib.request.urlopen(f"{served.url}/cache/health?x=1", timeout=60) as response:  # noqa: S310 — our own
                assert json.load(response)["backend"] == "memory"
                assert response.headers["Cache-Control"] == "no-store"
            assert run(served.url, expect="memory").passed

    @pytest.mark.parametrize(
        ("request_", "status"),
        [
            (b"HEAD /cache/health HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            (b"nonsense\r\n\r\n", 400),
            (b"\xff\xfe\x00 / HTTP/1.1\r\n\r\n", 400),
            (b"GET /cache/health HTTP/2.0\r\n\r\n", 400),
            (b"GET /cache/health HTTP/1.1\r\nX: " + b"x" * 100_000, 431),
            (b"GET /" + b"x" * 100_000, 431),
        ],
    )
    def test_odd_requests_are_answered(self, request_: bytes, status: int) -> None:
        """None is a 500, and a header has its limit."""
        with serving() as served, socket.create_connection(served.address, timeout=60) as client:
            client.sendall(request_)
            head, _, body = b"".join(iter(lambda: client.recv(65536), b"")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert bool(body) is not request_.startswith(b"HEAD")

    def test_a_large_body_is_refused_before_it_is_taken_in(self) -> None:
        """The answer comes after the header, and nothing of the body is kept."""
        with serving() as served:
            before = served.memory()
            client = HTTPConnection(*served.address, timeout=60)
            client.putrequest("POST", "/cache/health")
            client.putheader("Content-Length", str(60_000_000))
            client.endheaders()
            with contextlib.suppress(OSError):
                for _ in range(60):
                    client.send(bytes(1_000_000))
            assert client.getresponse().status == 405
            client.close()
            assert served.memory() - before < 10_000_000

    def test_slow_connections_shut_nobody_out(self) -> None:
        """They are many more than are served at a time; the oldest give way, with one line of the log."""
        with serving() as served, contextlib.ExitStack() as stack:
            for _ in range(2 * serve._MOST_CONNECTIONS):
                slow = stack.enter_context(socket.create_connection(served.address, timeout=60))
                slow.sendall(b"GET /cache/health HTTP/1.1\r\nX-Slow: ")
            assert served.probe() == 200
            assert served.descriptors() < serve._MOST_CONNECTIONS + 50
        assert sum("connections" in line for line in served.lines) == 1

    @pytest.mark.long
    def test_a_header_that_drips_has_an_end(self) -> None:
        """Each byte comes in time, and the whole does not."""
        with serving() as served, socket.create_connection(served.address, timeout=60) as slow:
            slow.sendall(b"GET /cache/health HTTP/1.1\r\nX-Slow: ")
            with contextlib.suppress(ConnectionError):
                # Without an end this would go on until the test's own timeout.
                while True:
                    slow.sendall(b"x")
                    time.sleep(0.05)


TOKEN = "t0ken-of-sixteen-or-more"


class TestOperations:
    """/metrics, on the address for operations alone."""

    def test_metrics_are_on_the_second_address_alone(self, shared_server: RedisServer) -> None:
        """Whoever may ask for the health learns nothing more; the pages of the first address are not on the second."""
        with serving("--operations-listen", "127.0.0.1:0", **shared_server.variables) as served:
            status, body, headers = served.scrape()
            families = parse(body)
            assert (status, families["redis_up"].value()) == (200, 1)
            assert families["redis_keyspace_hits_total"].kind == "counter"
            assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert [served.scrape(path=path)[0] for path in ("/", "/cache/health", "/cache/status")] == [404] * 3
            assert served.scrape(method="POST")[0] == 405
            assert served.scrape(method="HEAD")[:2] == (200, "")
            served.metrics_url = f"{served.url}/metrics"
            assert served.scrape()[0] == 404
            assert served.probe() == 200

    def test_without_the_option_there_is_no_second_address(self) -> None:
        """It is off unless it is named."""
        with serving() as served:
            assert served.probe() == 200
        assert not any("/metrics" in line for line in served.lines)

    def test_a_token_is_asked_for_where_there_is_one(self, tmp_path: Path) -> None:
        """Also on loopback, for every page, and never shown."""
        file = tmp_path / "token"
        file.write_text(f"{TOKEN}\n")
        options = ("--operations-listen", "127.0.0.1:0", "--operations-token-file", str(file))
        with serving(*options) as served:
            for refused in (
                [],
                ["Bearer wrong"],
                [f"Bearer {TOKEN[:-1]}"],
                [f"Basic {TOKEN}"],
                ["Bearer \xe9"],
                [TOKEN],
            ):
                status, body, headers = served.scrape(*refused)
                assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
                assert "redis_" not in body
                assert TOKEN not in body
            assert served.scrape(f"Bearer {TOKEN}", "Bearer wrong")[0] == 401
            assert served.scrape(path="/")[0] == 401
            assert served.scrape(f"Bearer {TOKEN}")[0] == 200
            assert served.scrape(f"bearer  {TOKEN} ")[0] == 200
            assert served.probe() == 200
        assert TOKEN not in "\n".join(served.lines)

    def test_a_server_that_went_is_no_error_of_the_page(self, start_server: ServerMaker) -> None:
        """A scrape is answered, with redis_up 0 and the fault's code."""
        server = start_server(password=new_password())
        with serving("--operations-listen", "127.0.0.1:0", **server.variables) as served:
            until(lambda: parse(served.scrape()[1])["redis_up"].value() == 1)
            server.stop()
            until(lambda: parse(served.scrape()[1])["redis_up"].value() == 0)
            status, body, _ = served.scrape()
        assert status == 200
        assert parse(body)["redis_exporter_last_scrape_error"].value(err="connection-refused") == 1
        assert "redis_memory_used_bytes" not in body

    def test_a_probe_that_breaks_is_redis_up_0(self) -> None:
        """Never a 500, and never the error's text."""

        class BrokenMetrics(MemoryCache):
            def metrics(self) -> Metrics:
                raise RuntimeError("secret address")

        async def ask() -> Answer:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                made = Pages(BrokenMetrics(), Operations(listener))
                await made.ask()
                return await made.answer_operations("GET", "/metrics")

        answer = asyncio.run(ask())
        assert (answer.status, parse(answer.text)["redis_up"].value()) == ("200 OK", 0)
        assert "secret" not in str(answer)


# 200 probes a second for five minutes; an ordinary run takes three seconds.
@pytest.mark.soak(60_000)
def test_probes_go_on_whatever_becomes_of_redis(tmp_path: Path, soak: Soak) -> None:
    """Redis is stopped, killed and started: no probe waits, none is a 500, and nothing grows."""
    # A busy machine holds processes up, also in an ordinary run; what this must never be again is 8 to 46 s.
    longest_seconds = 1.0 if soak.cases >= 60_000 else 5.0
    with (
        RedisServer(tmp_path / "redis", password=new_password()) as server,
        serving("--operations-listen", "127.0.0.1:0", **server.variables) as served,
    ):
        until(lambda: served.probe() == 200)
        memory, descriptors = served.memory(), served.descriptors()
        over = threading.Event()
        trouble = threading.Thread(target=make_trouble, args=(server, soak.random(), over))
        trouble.start()
        try:
            with ThreadPoolExecutor(20) as pool:
                probes, scrapes = [], []
                begun = time.monotonic()
                for number in range(soak.cases):
                    probes.append(pool.submit(served.timed_probe))
                    if number % 100 == 0:
                        scrapes.append(pool.submit(served.timed_scrape))
                    time.sleep(max(begun + number / 200 - time.monotonic(), 0))
                answers = [probe.result() for probe in probes]
                metrics_read = [scrape.result() for scrape in scrapes]
        finally:
            over.set()
            trouble.join()
        assert {status for status, _ in answers} <= {200, 503}
        assert {status for status, *_ in metrics_read} == {200}
        assert max(seconds for _, seconds, *_ in [*answers, *metrics_read]) < longest_seconds
        if soak.cases >= 60_000:
            assert {is_up for *_, is_up in metrics_read} == {True, False}
        until(lambda: served.probe() == 200)
        assert served.memory() - memory < 20_000_000
        until(lambda: served.descriptors() <= descriptors + 5)
    states = [line for line in served.lines if "the cache is" in line]
    assert all(line != after for line, after in itertools.pairwise(states))


def make_trouble(server: RedisServer, chance: random.Random, over: threading.Event) -> None:
    """Stop or kill the server again and again, and have it run at the end."""
    while not over.wait(chance.uniform(0.1, 1.5)):
        if chance.random() < 0.5:
            os.kill(server.process_id, signal.SIGSTOP)
            over.wait(chance.uniform(0.1, 3))
            os.kill(server.process_id, signal.SIGCONT)
        else:
            server.stop()
            over.wait(chance.uniform(0.1, 1.5))
            server.start()


class Served:
    """A running `verify serve`; `lines` is what it wrote to its error output, once it has ended."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.url = url
        self.address = ("127.0.0.1", int(url.rpartition(":")[2]))
        self.lines: list[str] = []
        self.metrics_url = ""
        self._folder = Path(f"/proc/{process.pid}")

    def scrape(self, *authorizations: str, path: str = "/metrics", method: str = "GET") -> tuple[int, str, Message]:
        """Read a page for operations; return the status, the body and the headers."""
        client = HTTPConnection(self.metrics_url.split("/")[2], timeout=60)
        try:
            client.putrequest(method, path)
            for authorization in authorizations:
                client.putheader("Authorization", authorization)
            client.endheaders()
            answer = client.getresponse()
            return answer.status, answer.read().decode(), answer.headers
        finally:
            client.close()

    def timed_scrape(self) -> tuple[int, float, bool]:
        """Read the metrics once; return the status, the seconds that it took, and whether the server was up."""
        started = time.monotonic()
        status, body, _ = self.scrape()
        return status, time.monotonic() - started, parse(body)["redis_up"].value() == 1

    def timed_probe(self) -> tuple[int, float]:
        """Ask for the health once; return the status, and the seconds that it took."""
        started = time.monotonic()
        client = HTTPConnection(*self.address, timeout=60)
        try:
            client.request("GET", "/cache/health")
            return client.getresponse().status, time.monotonic() - started
        finally:
            client.close()

    def probe(self) -> int:
        """Ask for the health once; return the status."""
        return self.timed_probe()[0]

    def memory(self) -> int:
        """The bytes of memory that the process has."""
        found = re.search(r"VmRSS:\s+(\d+) kB", (self._folder / "status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    def descriptors(self) -> int:
        """The files and sockets that the process has open."""
        return len(list((self._folder / "fd").iterdir()))


@contextlib.contextmanager
def serving(*options: str, **variables: str) -> Iterator[Served]:
    """Run `python -m verify serve` until the test is over."""
    process = subprocess.Popen(
        [sys.executable, "-m", "verify", "serve", "--port", "0", *options],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | variables,
    )
    assert process.stderr is not None
    with process, process.stderr:
        try:
            # The port is open before it is printed, so nothing has to be waited for.
            served = Served(process, process.stderr.readline().split("/cache/health")[0])
            if "--operations-listen" in options:
                served.metrics_url = process.stderr.readline().strip()
            yield served
        finally:
            process.terminate()
        served.lines += process.stderr.read().splitlines()
