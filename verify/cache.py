"""Cache: what the application does with its cache, whichever backend is behind it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Self

from verify.faults import Fault

Backend = Literal["redis", "memory"]

# Within what a load balancer waits for an answer.
PROBE_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether the cache can be used; `fault` says why not."""

    backend: Backend
    fault: Fault | None = None

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None

    def body(self) -> dict[str, Any]:
        """Return the body of the guide's GET /cache/health; a code stands for the fault, never driver text."""
        condition = "healthy" if self.healthy else "not healthy"
        body = {
            "healthy": self.healthy,
            "backend": self.backend,
            "message": f"Cache is {condition} using {self.backend} backend",
        }
        return body if self.fault is None else body | {"code": self.fault.code}


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a cache holds and how it does; `memory_limit_bytes` 0 means no limit, and None what is not known."""

    version: str
    keys: int | None
    memory_used_bytes: int | None = None
    memory_limit_bytes: int | None = None
    hits: int | None = None
    misses: int | None = None
    evictions: int | None = None
    uptime_seconds: int | None = None

    @property
    def hit_rate(self) -> float | None:
        """The share of reads that found something, from 0 to 1; None before the first read or where it is not known."""
        if self.hits is None or self.misses is None:
            return None
        reads = self.hits + self.misses
        return round(self.hits / reads, 4) if reads else None


@dataclass(frozen=True, kw_only=True)
class Status:
    """What the cache is and holds; `usage` is None where it cannot be reached, and `fault` says why."""

    backend: Backend
    usage: Usage | None = None
    fault: Fault | None = None

    def body(self) -> dict[str, Any]:
        """Return the body of the guide's GET /cache/status, and what we add to it."""
        connected = self.backend == "redis" and self.usage is not None
        information = {} if self.usage is None else _usage_body(self.usage)
        body: dict[str, Any] = {
            "type": self.backend,
            "available": self.usage is not None,
            "redisInfo": {"connected": connected, "keys": 0} | (information if connected else {}),
        }
        if self.backend == "memory":
            body["memoryInfo"] = information
        return body if self.fault is None else body | {"code": self.fault.code}


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What the server says of itself in Prometheus's text format; `fault` says what kept it from telling all."""

    text: str
    fault: Fault | None = None


class Cache(ABC):
    """A cache of bytes. Every value has a time to live: one that stays for ever fills the memory.

    All methods but `health`, `status`, `metrics` and `close` raise `verify.faults.CacheError`, which carries the fault.
    """

    @abstractmethod
    def get(self, key: str) -> bytes | None:
        """Return the value, or None if there is none (any more)."""

    @abstractmethod
    def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Keep the value for that many seconds, to the millisecond. Raises `ValueError` for less than one."""

    @abstractmethod
    def delete(self, key: str) -> bool:
        """Remove the key; tell whether it was there."""

    @abstractmethod
    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the values that are there."""

    @abstractmethod
    def set_many(self, values: Mapping[str, bytes], *, ttl_seconds: float) -> None:
        """Keep the values for that many seconds each, in few round trips and not as one transaction."""

    @abstractmethod
    def health(self) -> Health:
        """Ask the server now whether it answers; never raises a `CacheError`."""

    @abstractmethod
    def status(self) -> Status:
        """Ask the server now what it holds; never raises a `CacheError`."""

    @abstractmethod
    def metrics(self) -> Metrics:
        """Ask the server now for all its figures; never raises a `CacheError`."""

    @abstractmethod
    def close(self) -> None:
        """Return the connections back."""

    def __enter__(self) -> Self:
        """Use the cache in a `with` statement."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the cache at its end."""
        self.close()


def ttl_milliseconds(ttl_seconds: float) -> int:
    """Return a time to live in whole milliseconds. Raises `ValueError` for less than one."""
    milliseconds = round(ttl_seconds * 1000)
    if milliseconds < 1:
        raise ValueError(f"a time to live of {ttl_seconds} seconds is less than a millisecond")
    return milliseconds


def _usage_body(usage: Usage) -> dict[str, Any]:
    return {
        "keys": usage.keys,
        "version": usage.version,
        "memoryUsedBytes": usage.memory_used_bytes,
        "memoryLimitBytes": usage.memory_limit_bytes,
        "hitRate": usage.hit_rate,
        "evictions": usage.evictions,
        "uptimeSeconds": usage.uptime_seconds,
    }
