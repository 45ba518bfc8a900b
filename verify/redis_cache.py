"""The cache on a Redis or Valkey server, over redis-py."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, TypeVar, cast

import redis

from verify import deadline, metrics, redis_information, write_probe
from verify.cache import PROBE_SECONDS, Cache, Health, Metrics, Status, ttl_milliseconds
from verify.diagnosis import cache_error
from verify.environment import CacheEnvironment
from verify.faults import CacheError
from verify.redis_client import open_client

Answer = TypeVar("Answer")

# So that neither side has to hold everything at once. The next batch waits for the answers to the last: writing values
# of 100 KB takes 1.15 times as long as one pipeline does with a megabyte at a time, and 1.04 with four (`make bench`).
_BATCH_BYTES: Final = 4_000_000
_FIRST_BATCH_KEYS: Final = 64
_LARGEST_BATCH_KEYS: Final = 1000

_log: Final = logging.getLogger(__name__)


class RedisCache(Cache):
    """A cache on a server, safe to share between threads. Connects at its first command.

    With `fail_open` a server that cannot be reached is an empty cache: reads miss and writes are dropped, each
    with a warning in the log. What is wrong with the name, TLS, the password or the server itself is raised all
    the same: it does not pass by itself, and an application that runs on without a cache hides it.
    """

    def __init__(
        self, environment: CacheEnvironment, *, fail_open: bool = False, probe_seconds: float = PROBE_SECONDS
    ) -> None:
        """Take the connection from `environment`, whose host must be set.

        `health`, `status` and `metrics` ask once, and take no longer than `probe_seconds`.
        """
        self._probe_seconds = probe_seconds
        self._environment = environment
        self._fail_open = fail_open
        self._client = open_client(environment)

    def get(self, key: str) -> bytes | None:
        """Return the value, or None if there is none (any more)."""
        return cast("bytes | None", self._ask(lambda: self._client.get(key), otherwise=None))

    def set(self, key: str, value: bytes, *, ttl_seconds: float) -> None:
        """Keep the value for that many seconds, to the millisecond."""
        milliseconds = ttl_milliseconds(ttl_seconds)
        self._ask(lambda: self._client.set(key, value, px=milliseconds), otherwise=None)

    def delete(self, key: str) -> bool:
        """Remove the key; tell whether it was there."""
        return bool(self._ask(lambda: self._client.delete(key), otherwise=0))

    def get_many(self, keys: Iterable[str]) -> dict[str, bytes]:
        """Return the values that are there, in batches of about four megabytes.

        The size of an answer is not known beforehand, so each batch is as large as the last one's values allow.
        """
        remaining = iter(keys)
        found: dict[str, bytes] = {}
        size = _FIRST_BATCH_KEYS
        while batch := list(islice(remaining, size)):
            values: list[bytes | None] = self._ask(
                lambda: cast("list[bytes | None]", self._client.mget(batch)), otherwise=[]
            )
            there = {key: value for key, value in zip(batch, values, strict=False) if value is not None}
            found |= there
            received = sum(map(len, there.values()))
            size = max(1, min(_LARGEST_BATCH_KEYS, _BATCH_BYTES * len(batch) // max(received, 1)))
        return found

    def set_many(self, values: Mapping[str, bytes], *, ttl_seconds: float) -> None:
        """Keep the values for that many seconds each, in batches of about four megabytes."""
        milliseconds = ttl_milliseconds(ttl_seconds)
        # A pipeline and not MSET, which takes no time to live.
        with self._client.pipeline(transaction=False) as pipeline:
            for batch in _batches(values):
                for key, value in batch.items():
                    pipeline.set(key, value, px=milliseconds)
                self._ask(pipeline.execute, otherwise=[])

    def health(self) -> Health:
        """Write one key of ours: a server that answers and takes no writes is not healthy."""
        try:
            self._probe(lambda client: write_probe.write(client, self._environment.probe_prefix))
        except CacheError as error:
            return Health(backend="redis", fault=error.fault)
        return Health(backend="redis")

    def status(self) -> Status:
        """Ask the server what it says of itself."""
        try:
            usage = self._probe(redis_information.ask)
        except CacheError as error:
            return Status(backend="redis", fault=error.fault)
        return Status(backend="redis", usage=usage)

    def metrics(self) -> Metrics:
        """Ask the server for every section of INFO."""
        try:
            information, refusal = self._probe(redis_information.everything)
        except CacheError as error:
            return metrics.unreached(error.fault)
        return metrics.reached(information, refusal=refusal, secrets=self._environment.secrets)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, command: Callable[[], Answer], *, otherwise: Answer) -> Answer:
        """Do the command; give `otherwise` for a server out of reach, if this cache fails open."""
        try:
            return self._reach(command)
        except CacheError as error:
            if not self._fail_open or error.fault.layer not in ("name", "network") or not error.fault.retryable:
                raise
            _log.warning("the cache is out of reach and taken for empty: %s (%s)", error.fault.code, error.detail)
            return otherwise

    def _probe(self, ask: Callable[[redis.Redis], Answer]) -> Answer:
        """Ask once, on a connection of its own: the application's may all be in use, or older than a failover."""
        try:
            with deadline.within(self._probe_seconds), open_client(self._environment, retries=0) as client:
                return ask(client)
        except Exception as error:  # noqa: BLE001 — an answer that redis-py cannot read is a fault like any other
            told = cache_error(error, self._environment)
        raise told

    def _reach(self, command: Callable[[], Answer]) -> Answer:
        try:
            return command()
        except (redis.RedisError, OSError, UnicodeError, CacheError) as error:
            told = cache_error(error, self._environment)
        raise told


def _batches(values: Mapping[str, bytes]) -> Iterator[dict[str, bytes]]:
    """Part the values into batches of at most four megabytes, or of one value that is larger."""
    batch: dict[str, bytes] = {}
    size = 0
    for key, value in values.items():
        if batch and (size + len(value) > _BATCH_BYTES or len(batch) == _LARGEST_BATCH_KEYS):
            yield batch
            batch, size = {}, 0
        batch[key] = value
        size += len(value)
    if batch:
        yield batch
