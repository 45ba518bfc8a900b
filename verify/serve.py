"""GET /cache/health and /cache/status over HTTP, with the provisioning guide's bodies, and GET /metrics beside them.

/metrics is on an address of its own (`verify.operations`): it says much of the server, and the others may be public.

The cache is asked in the background, and a request is answered with what is known, so that none waits for the cache.

The server is the standard library's asyncio: waitress, uvicorn, cheroot and aiohttp set no end to a request whose
header comes a byte at a time, and three pages without a body need little else of HTTP. One request is read of each
connection.
"""

import asyncio
import contextlib
import json
import logging
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from verify import metrics
from verify.cache import Cache, Health, Metrics, Status
from verify.exposition import CONTENT_TYPE
from verify.faults import NO_ANSWER, UNKNOWN, Fault
from verify.operations import Operations

_PAUSE_SECONDS: Final = 1.0
# A probe has a deadline of its own, of a second. One that is stuck all the same says nothing of the cache.
_LONGEST_PROBE_SECONDS: Final = 5.0
# How long a request waits for the very first answer of the cache.
_FIRST_ANSWER_SECONDS: Final = 0.5

_HEADER_BYTES: Final = 8192
_HEADER_SECONDS: Final = 5.0
_MOST_CONNECTIONS: Final = 200
# How long what a client still sends is read and dropped: closed at once, it might never see the answer (RFC 9112, 9.6).
_LINGER_SECONDS: Final = 1.0

_log: Final = logging.getLogger(__name__)

# What the cache said when it was asked.
Known = TypeVar("Known")


@dataclass(frozen=True)
class Answer:
    """The answer to a request: HTTP's status line, and a JSON object, or else text in Prometheus's format.

    `headers` are lines beside those that every answer has.
    """

    status: str
    body: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    headers: str = ""

    def message(self, *, with_body: bool) -> bytes:
        """Return the whole message."""
        if self.text:
            body, content_type = self.text.encode(), CONTENT_TYPE
        else:
            body, content_type = json.dumps(self.body).encode(), "application/json"
        header = (
            f"HTTP/1.1 {self.status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            f"Cache-Control: no-store\r\n{self.headers}Connection: close\r\n\r\n"
        )
        return header.encode() + (body if with_body else b"")


_REQUEST: Final = re.compile(r"(?P<method>[A-Z]+) (?P<path>[^ ?]+)(\?[^ ]*)? HTTP/1\.[01]\r\n")

_NO_REQUEST: Final = Answer("400 Bad Request", {"error": "that is no request of HTTP"})
_TOO_LONG: Final = Answer(
    "431 Request Header Fields Too Large", {"error": f"a request's header may have {_HEADER_BYTES} bytes"}
)
_NO_PAGE: Final = Answer("404 Not Found", {"error": "there are /cache/health and /cache/status"})
_NO_OPERATIONS_PAGE: Final = Answer("404 Not Found", {"error": "there is /metrics"})
_NO_TOKEN: Final = Answer(
    "401 Unauthorized", {"error": "the bearer token is missing or wrong"}, headers="WWW-Authenticate: Bearer\r\n"
)
_NO_METHOD: Final = Answer("405 Method Not Allowed", {"error": "these are read with GET"})


class Pages:
    """The two pages: what the cache said when it was asked last.

    Bodies hold codes of `verify.faults`, and neither an address nor a driver's text: health endpoints are read by
    people who should know neither.
    """

    def __init__(self, cache: Cache, operations: Operations | None = None) -> None:
        """Answer for this cache, and for operations where they have an address."""
        self._operations = operations
        self._health = _Probe[Health](cache.health, lambda fault: Health(backend="redis", fault=fault))
        self._status = _Probe[Status](cache.status, lambda fault: Status(backend="redis", fault=fault))
        self._metrics = _Probe[Metrics](cache.metrics, metrics.unreached)
        self._asked = asyncio.Event()
        self._told: Fault | str | None = "nothing yet"

    async def keep_asking(self) -> None:
        """Ask again and again, until this is cancelled."""
        while True:
            await self.ask()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def ask(self) -> None:
        """Ask the cache, and write a line to the log if its state is another than before."""
        probes = [self._health.ask(), self._status.ask()]
        if self._operations:
            probes.append(self._metrics.ask())
        await asyncio.gather(*probes)
        self._asked.set()
        fault = self._health.known.fault
        if fault != self._told:
            self._told = fault
            _log.warning(
                "the cache is %s", "healthy" if fault is None else f"not healthy: {fault.cause} ({fault.code})"
            )

    async def answer(self, method: str, path: str, _header: str = "") -> Answer:
        """Return the answer to one request on the first address."""
        if path not in ("/cache/health", "/cache/status"):
            return _NO_PAGE
        if method not in ("GET", "HEAD"):
            return _NO_METHOD
        await self._first_answer()
        if path == "/cache/status":
            return Answer("200 OK", self._status.known.body())
        health = self._health.known
        return Answer("200 OK" if health.healthy else "503 Service Unavailable", health.body())

    async def answer_operations(self, method: str, path: str, header: str = "") -> Answer:
        """Return the answer to one request on the address for operations."""
        if self._operations is None or not self._operations.admits(header):
            return _NO_TOKEN
        if path != "/metrics":
            return _NO_OPERATIONS_PAGE
        if method not in ("GET", "HEAD"):
            return _NO_METHOD
        await self._first_answer()
        text = f"{self._metrics.known.text}\n"
        return Answer("200 OK", text=text, headers="X-Content-Type-Options: nosniff\r\n")

    async def _first_answer(self) -> None:
        """Wait a little for the very first answer of the cache."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), _FIRST_ANSWER_SECONDS)


class _Probe(Generic[Known]):
    """One question to the cache, and its last answer."""

    def __init__(self, question: Callable[[], Known], failed: Callable[[Fault], Known]) -> None:
        self._question = question
        self._failed = failed
        self.known = failed(NO_ANSWER)

    async def ask(self) -> None:
        try:
            self.known = await asyncio.wait_for(asyncio.to_thread(self._question), _LONGEST_PROBE_SECONDS)
        except TimeoutError:
            self.known = self._failed(NO_ANSWER)
        except Exception:  # noqa: BLE001 — a probe that breaks is an answer too, and no text of it gets out
            self.known = self._failed(UNKNOWN)


class _Server:
    """Reads one request of each connection. The oldest connection gives way where there are too many."""

    def __init__(self, answer: Callable[[str, str, str], Awaitable[Answer]]) -> None:
        """Answer by this function of a request's method, path and header."""
        self._answer = answer
        self._open: dict[asyncio.Task[Any], None] = {}
        self._is_full = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, and close it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 — asyncio runs a handler as a task
        self._open[task] = None
        self._make_room()
        try:
            async with asyncio.timeout(_HEADER_SECONDS):
                await self._converse(reader, writer)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            # A client that is slow or gone, or one that gives way: nobody is there to be told.
            pass
        finally:
            self._open.pop(task, None)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, answer = "", _NO_REQUEST
        try:
            header = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if request := _REQUEST.match(header):
                method = request["method"]
                answer = await self._answer(method, request["path"], header)
        except asyncio.LimitOverrunError:
            answer = _TOO_LONG
        writer.write(answer.message(with_body=method != "HEAD"))
        await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(_LINGER_SECONDS):
            while await reader.read(_HEADER_BYTES):
                pass

    def _make_room(self) -> None:
        if len(self._open) <= _MOST_CONNECTIONS:
            self._is_full = self._is_full and len(self._open) > _MOST_CONNECTIONS // 2
            return
        if not self._is_full:
            self._is_full = True
            _log.warning("there are more than %d connections: the oldest are closed", _MOST_CONNECTIONS)
        oldest = next(iter(self._open))
        del self._open[oldest]
        oldest.cancel()


async def serve(cache: Cache, listener: socket.socket, operations: Operations | None = None) -> None:
    """Answer on this socket, and on that for operations, until cancelled."""
    pages = Pages(cache, operations)
    async with contextlib.AsyncExitStack() as servers:
        await servers.enter_async_context(await _listen(listener, pages.answer))
        if operations:
            await servers.enter_async_context(await _listen(operations.listener, pages.answer_operations))
        await pages.keep_asking()


async def _listen(
    listener: socket.socket, answer: Callable[[str, str, str], Awaitable[Answer]]
) -> asyncio.AbstractServer:
    return await asyncio.start_server(_Server(answer).handle, sock=listener, limit=_HEADER_BYTES, backlog=1024)
