"""A deadline over all that a command or a probe does, whatever the other side does.

`within` holds what runs inside it to a time and to a number of bytes received. What an application itself asks of its
cache runs outside of one, and waits and receives as long as its connections do.
"""

import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NoReturn, TypeVar

from verify.faults import ANSWER_DRIPS, ANSWER_WITHOUT_END, NO_ANSWER, CacheError, Fault

Done = TypeVar("Done")

# An answer kept in Python takes up to 25 times the bytes that it had on its way (a map of small numbers does), so this
# keeps a command below 100 MB. The largest answer that a check asks for has 100 KB.
MOST_BYTES: Final = 4_000_000
# Whoever has sent more than this in answer to one command, and goes on at the deadline, does not drip.
_FLOOD_BYTES: Final = 200_000
# What one call of TLS may send; each has the whole timeout.
_PIECE_BYTES: Final = 16_384


@dataclass
class _Deadline:
    ends_at: float
    bytes_left: int

    def seconds_left(self) -> float:
        return self.ends_at - time.monotonic()

    def received(self, count: int) -> None:
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise CacheError(ANSWER_WITHOUT_END, f"more than {MOST_BYTES} bytes came")


_current: Final[ContextVar[_Deadline | None]] = ContextVar("deadline", default=None)


class OutOfTime(Exception):
    """What was to be done in some seconds was not."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Hold what runs inside to this time, and to the bytes that a command may receive.

    Inside another one it ends with that one at the latest. Connections raise `CacheError` when it is over: no-answer,
    answer-drips or answer-without-end.
    """
    outer = _current.get()
    ends_at = time.monotonic() + seconds
    if outer is not None:
        ends_at = min(ends_at, outer.ends_at)
    token = _current.set(_Deadline(ends_at, MOST_BYTES if outer is None else outer.bytes_left))
    try:
        yield
    finally:
        _current.reset(token)


def is_set() -> bool:
    """Whether this runs inside of a deadline."""
    return _current.get() is not None


def limit(seconds: float) -> float:
    """Return these seconds, or the fewer that are left. Raises `CacheError` (no-answer) where none are."""
    deadline = _current.get()
    if deadline is None:
        return seconds
    left = deadline.seconds_left()
    if left <= 0:
        raise CacheError(NO_ANSWER, "the deadline is over")
    return min(seconds, left)


def in_time(work: Callable[[], Done], seconds: float) -> Done:
    """Do what knows no deadline in a thread, and return what comes of it. Raises what it raises, or `OutOfTime`.

    After so many seconds, or at the deadline, the thread is left to itself.
    """
    done: queue.SimpleQueue[Callable[[], Done]] = queue.SimpleQueue()

    def do() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 — it is raised where it is waited for
            done.put(partial(_fail, error))
        else:
            done.put(lambda: result)

    threading.Thread(target=do, daemon=True).start()
    try:
        outcome = done.get(timeout=limit(seconds))
    except queue.Empty:
        raise OutOfTime from None
    return outcome()


def _fail(error: Exception) -> NoReturn:
    raise error


def guard(link: socket.socket) -> Any:
    """Return the connection, or what stands for it inside of a deadline and keeps to it."""
    return _Guarded(link) if is_set() else link


class _Guarded:
    """A connection whose every call ends at the deadline; what it does not name is the connection's own."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._timeout = link.gettimeout()
        self._heard_bytes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    def settimeout(self, seconds: float | None) -> None:
        """Set how long one call may take, within the deadline."""
        self._timeout = seconds
        self._link.settimeout(seconds)

    def sendall(self, data: bytes) -> None:
        """Send all, and expect another answer."""
        self._heard_bytes = 0
        view = memoryview(data)
        for start in range(0, len(view), _PIECE_BYTES):
            self._keep_to_the_deadline()
            self._link.sendall(view[start : start + _PIECE_BYTES])

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive some bytes."""
        data: bytes = self._in_time(self._link.recv, size, *([flags] if flags else []))
        if not flags:
            self._note(len(data))
        return data

    def recv_into(self, buffer: Any) -> int:
        """Receive some bytes into a buffer, as redis-py does with hiredis."""
        count: int = self._in_time(self._link.recv_into, buffer)
        self._note(count)
        return count

    def _in_time(self, receive: Callable[..., Any], *arguments: Any) -> Any:
        self._keep_to_the_deadline()
        try:
            return receive(*arguments)
        except TimeoutError:
            self._keep_to_the_deadline()
            raise

    def _keep_to_the_deadline(self) -> None:
        deadline = _current.get()
        # A timeout of 0 only looks whether there is something.
        if deadline is None or self._timeout == 0:
            return
        left = deadline.seconds_left()
        if left <= 0:
            raise CacheError(self._fault(), f"{self._heard_bytes} bytes came before the deadline")
        self._link.settimeout(left if self._timeout is None else min(left, self._timeout))

    def _fault(self) -> Fault:
        if not self._heard_bytes:
            return NO_ANSWER
        return ANSWER_DRIPS if self._heard_bytes < _FLOOD_BYTES else ANSWER_WITHOUT_END

    def _note(self, count: int) -> None:
        self._heard_bytes += count
        deadline = _current.get()
        if deadline is not None:
            deadline.received(count)
