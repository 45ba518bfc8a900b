"""GET /cache/health and /cache/status over HTTP, with the provisioning guide's bodies.

The cache is asked in the background, and a request is answered with what is known, so that none waits for the cache.

The server is the standard library's asyncio: waitress, uvicorn, cheroot and aiohttp set no end to a request whose
header comes a byte at a time, and two pages without a body need little else of HTTP. One request is read of each
connection.
"""

import asyncio
import contextlib
import json
import logging
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from verify.cache import Cache, Health, Status
from verify.faults import NO_ANSWER, UNKNOWN, Fault

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
    """The answer to a request: HTTP's status line, and a JSON object."""

    status: str
    body: dict[str, Any]

    def message(self, *, with_body: bool) -> bytes:
        """Return the whole message."""
        body = json.dumps(self.body).encode()
        header = (
            f"HTTP/1.1 {self.status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        return header.encode() + (body if with_body else b"")


_REQUEST: Final = re.compile(r"(?P<method>[A-Z]+) (?P<path>[^ ?]+)(\?[^ ]*)? HTTP/1\.[01]\r\n")

_NO_REQUEST: Final = Answer("400 Bad Request", {"error": "that is no request of HTTP"})
_TOO_LONG: Final = Answer(
    "431 Request Header Fields Too Large", {"error": f"a request's header may have {_HEADER_BYTES} bytes"}
)
_NO_PAGE: Final = Answer("404 Not Found", {"error": "there are /cache/health and /cache/status"})
_NO_METHOD: Final = Answer("405 Method Not Allowed", {"error": "these are read with GET"})


class Pages:
    """The two pages: what the cache said when it was asked last.

    Bodies hold codes of `verify.faults`, and neither an address nor a driver's text: health endpoints are read by
    people who should know neither.
    """

    def __init__(self, cache: Cache) -> None:
        """Answer for this cache."""
        self._health = _Probe[Health](cache.health, lambda fault: Health(backend="redis", fault=fault))
        self._status = _Probe[Status](cache.status, lambda fault: Status(backend="redis", fault=fault))
        self._asked = asyncio.Event()
        self._told: Fault | str | None = "nothing yet"

    async def keep_asking(self) -> None:
        """Ask again and again, until this is cancelled."""
        while True:
            await self.ask()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def ask(self) -> None:
        """Ask the cache, and write a line to the log if its state is another than before."""
        await asyncio.gather(self._health.ask(), self._status.ask())
        self._asked.set()
        fault = self._health.known.fault
        if fault != self._told:
            self._told = fault
            _log.warning(
                "the cache is %s", "healthy" if fault is None else f"not healthy: {fault.cause} ({fault.code})"
            )

    async def answer(self, method: str, path: str) -> Answer:
        """Return the answer to one request."""
        if path not in ("/cache/health", "/cache/status"):
            return _NO_PAGE
        if method not in ("GET", "HEAD"):
            return _NO_METHOD
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), _FIRST_ANSWER_SECONDS)
        if path == "/cache/status":
            return Answer("200 OK", self._status.known.body())
        health = self._health.known
        return Answer("200 OK" if health.healthy else "503 Service Unavailable", health.body())


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

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
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
            header = await reader.readuntil(b"\r\n\r\n")
            if request := _REQUEST.match(header.decode("latin-1")):
                method = request["method"]
                answer = await self._pages.answer(method, request["path"])
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


async def serve(cache: Cache, listener: socket.socket) -> None:
    """Answer on this socket until cancelled."""
    pages = Pages(cache)
    server = await asyncio.start_server(_Server(pages).handle, sock=listener, limit=_HEADER_BYTES, backlog=1024)
    async with server:
        await pages.keep_asking()
