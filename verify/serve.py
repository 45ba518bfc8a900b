"""GET /cache/health and /cache/status over HTTP, with the provisioning guide's bodies.

The server is waitress: pure Python without a dependency of its own, kept by the Pylons project, and made to stand
in production without a proxy before it. It is an extra: whoever imports this module alone does not need it, and
neither does the bundle that goes to a vantage.
"""

import importlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from verify.cache import Cache, Health, Status
from verify.faults import HTTP_LIBRARY_MISSING, UNKNOWN, CacheError

# A load balancer asks several times a second, and a cache should not notice that it is watched.
_FRESH_SECONDS: Final = 5.0
_FRESH_SECONDS_OF_A_FAULT: Final = 1.0

_Start = Callable[[str, list[tuple[str, str]]], object]


@dataclass(frozen=True)
class _Answer:
    status: str
    body: dict[str, Any]


class Application:
    """A WSGI application. Probes are kept for a few seconds, and whoever asks meanwhile waits for the same one.

    Bodies hold codes of `verify.faults`, and neither an address nor a driver's text: health endpoints are read by
    people who should know neither.
    """

    def __init__(self, cache: Cache, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Answer for this cache. `clock` gives seconds, and is for tests."""
        self._probes = {
            "/cache/health": _Probe(lambda: _health(cache), clock),
            "/cache/status": _Probe(lambda: _status(cache), clock),
        }

    def __call__(self, environ: Mapping[str, Any], start_response: _Start) -> Iterable[bytes]:
        """Answer one request; never raises."""
        probe = self._probes.get(environ["PATH_INFO"])
        method = environ["REQUEST_METHOD"]
        if probe is None:
            answer = _Answer("404 Not Found", {"error": "there are /cache/health and /cache/status"})
        elif method not in ("GET", "HEAD"):
            answer = _Answer("405 Method Not Allowed", {"error": "these are read with GET"})
        else:
            answer = probe.answer()
        body = json.dumps(answer.body).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        start_response(answer.status, headers)
        return [] if method == "HEAD" else [body]


class _Probe:
    """One question, asked again when its answer is old; one thread asks and the others wait."""

    def __init__(self, ask: Callable[[], _Answer], clock: Callable[[], float]) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._stale_at = float("-inf")
        self._last: _Answer | None = None

    def answer(self) -> _Answer:
        with self._lock:
            if self._last is None or self._clock() >= self._stale_at:
                self._last = self._ask()
                good = "code" not in self._last.body
                self._stale_at = self._clock() + (_FRESH_SECONDS if good else _FRESH_SECONDS_OF_A_FAULT)
            return self._last


def _health(cache: Cache) -> _Answer:
    try:
        health = cache.health()
    except Exception:  # noqa: BLE001 — a probe that breaks is an answer too, and no text of it gets out
        health = Health(backend="redis", fault=UNKNOWN)
    return _Answer("200 OK" if health.healthy else "503 Service Unavailable", health.body())


def _status(cache: Cache) -> _Answer:
    try:
        status = cache.status()
    except Exception:  # noqa: BLE001 — as above
        status = Status(backend="redis", fault=UNKNOWN)
    return _Answer("200 OK", status.body())


def http_library() -> ModuleType:
    """Import waitress. Raises `CacheError` (http-library-missing) where it is not installed."""
    try:
        # By its name, since the extra is not there for the type checker either.
        return importlib.import_module("waitress")
    except ModuleNotFoundError as missing:
        raise CacheError(HTTP_LIBRARY_MISSING) from missing


def serve(cache: Cache, listener: socket.socket) -> None:
    """Answer on this socket until interrupted. Raises `CacheError` (http-library-missing) without waitress."""
    http_library().serve(Application(cache), sockets=[listener], ident=None, _quiet=True)
