"""The cache without a server: least recently used goes first, within a budget of bytes."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from verify import metrics
from verify.cache import Cache, Health, Metrics, Status, Usage, ttl_milliseconds
from verify.faults import OUT_OF_MEMORY, CacheError

DEFAULT_LIMIT_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    expires_at: float
    size: int


class MemoryCache(Cache):
    """A cache in this process, safe to share between threads. `clock` gives seconds, and is for tests."""

    def __init__(self, limit_bytes: int = DEFAULT_LIMIT_BYTES, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep at most `limit_bytes` of keys and values."""
        self._limit = limit_bytes
        self._clock = clock
        self._started = clock()
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._used = self._hits = self._misses = self._evictions = 0

    def get(self, key: str) -> bytes | None:
        """Return the value, and make it the last to go."""
        with self._lock:
            entry = self._live(key)
            if entry is None:
                self._misses += 1
                return None
            self._hits += 1
            self._entries.move_to_end(key)
            return entry.value

    def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Keep the value, at the cost of those that were not used for longest.

        Raises `CacheError` (out-of-memory) for a value that is larger than the whole budget, as Redis does.
        """
        expires_at = self._clock() + ttl_milliseconds(ttl_seconds) / 1000
        size = len(key.encode()) + len(value)
        with self._lock:
            self._drop(key)
            if size > self._limit:
                raise CacheError(OUT_OF_MEMORY)
            while self._used + size > self._limit:
                self._drop(next(iter(self._entries)))
                self._evictions += 1
            self._entries[key] = _Entry(value, expires_at, size)
            self._used += size

    def delete(self, key: str) -> bool:
        """Remove the key; tell whether it was there."""
        with self._lock:
            there = self._live(key) is not None
            self._drop(key)
            return there

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the values that are there."""
        return {key: value for key in keys if (value := self.get(key)) is not None}

    def set_many(self, values: Mapping[str, bytes], *, ttl_seconds: float) -> None:
        """Keep the values, each as `set` does."""
        for key, value in values.items():
            self.set(key, value, ttl_seconds=ttl_seconds)

    def health(self) -> Health:
        """Memory is always there."""
        return Health(backend="memory")

    def status(self) -> Status:
        """Count what is there; what has expired is forgotten first."""
        with self._lock:
            for key in list(self._entries):
                self._live(key)
            return Status(
                backend="memory",
                usage=Usage(
                    version="memory",
                    keys=len(self._entries),
                    memory_used_bytes=self._used,
                    memory_limit_bytes=self._limit,
                    hits=self._hits,
                    misses=self._misses,
                    evictions=self._evictions,
                    uptime_seconds=int(self._clock() - self._started),
                ),
            )

    def metrics(self) -> Metrics:
        """Name the backend alone: what one process keeps says nothing of another's cache."""
        return metrics.without_server("memory")

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._used = 0

    def _live(self, key: str) -> _Entry | None:
        """Return the entry if its time has not come; one whose time has come goes now."""
        entry = self._entries.get(key)
        if entry is not None and entry.expires_at <= self._clock():
            self._drop(key)
            return None
        return entry

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._used -= entry.size
