"""What the checks look at, taken from the server in as few round trips as there can be.

After the preflight: the greeting, a pipeline that asks and writes everything, the latency samples while the
short-lived key runs out, a look whether it did, and the removal of what was written.
"""

import contextlib
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from verify import redis_information
from verify.diagnosis import cache_error
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.faults import CacheError, Fault
from verify.preflight import Preflight, look
from verify.report import UNKNOWN_SERVER

if TYPE_CHECKING:
    import redis

SMALL_BYTES: Final = 200
LARGE_BYTES: Final = 100_000
EXPIRY_MS: Final = 50
EXPIRY_MARGIN_MS: Final = 10
_KEYS_LIVE_SECONDS: Final = 60  # in case that the run is killed before it removes them
_LATENCY_SAMPLES: Final = 100
_LATENCY_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Login:
    """How far a client came: `client` is ready for commands, or None with the `fault` that kept it out.

    `preflight` is None if a client without a password was not answered at all. `detail` is the driver's text, and
    `milliseconds` the time that the server took for both.
    """

    environment: CacheEnvironment
    expectation: Expectation
    preflight: Preflight | None = None
    client: "redis.Redis | None" = None
    fault: Fault | None = None
    detail: str = ""
    milliseconds: float = 0.0


class NotTold(Exception):
    """The server does not tell this user what a check looks at; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What was asked of the server, and what it answered."""

    environment: CacheEnvironment
    expectation: Expectation
    replies: Mapping[str, Any]
    latencies_ms: tuple[float, ...]
    small: bytes
    large: bytes

    def reply(self, name: str) -> Any:
        """Return the server's reply to the command of that name. Raises `CacheError` if it was an error."""
        answer = self.replies[name]
        if isinstance(answer, Exception):
            raise cache_error(answer, self.environment)
        return answer

    def number(self, name: str, command: str) -> int:
        """Return a reply that is a whole number. Raises `CacheError` for an error or anything else."""
        answer = self.reply(name)
        if isinstance(answer, bool) or not isinstance(answer, int):
            raise redis_information.unreadable(f"the answer to {command}", answer, "a whole number")
        return answer

    def value(self, name: str) -> bytes | None:
        """Return a reply that is a key's value. Raises `CacheError` for an error or anything else."""
        answer = self.reply(name)
        if answer is None or isinstance(answer, bytes):
            return answer
        raise redis_information.unreadable("the answer to GET", answer, "a value")

    @property
    def information(self) -> redis_information.Information:
        """What INFO said, by its fields. Raises `NotTold` where this user may not ask, else `CacheError`."""
        try:
            answer: redis_information.Information = self.reply("info")
        except CacheError as error:
            reason = redis_information.REFUSALS.get(error.fault)
            if reason is None:
                raise
        else:
            return answer
        raise NotTold(reason)

    def field(self, name: str) -> Any:
        """Return a field of INFO. Raises `NotTold` where there is none, else `CacheError`."""
        found = self.information.get(name)
        if found is None:
            raise NotTold("the server's INFO does not tell")
        return found

    def figure(self, name: str) -> int:
        """Return a field of INFO that is a whole number. Raises `NotTold` where there is none, else `CacheError`."""
        return redis_information.number({name: self.field(name)}, name) or 0

    @property
    def server(self) -> str:
        """Product and version, or "unknown"."""
        answer = self.replies["info"]
        return redis_information.server(answer) if isinstance(answer, Mapping) else UNKNOWN_SERVER


def approach(environment: CacheEnvironment, expectation: Expectation) -> Login:
    """Go as far as a client can, in one attempt: the first look, then the greeting with the password."""
    preflight = client = None
    try:
        preflight = look(environment)
        # Only now: redis-py costs more to import than everything before it together.
        from verify.redis_client import open_client

        client = open_client(environment, retries=0)
        # The checks read the answers as they came, since redis-py breaks on an odd one.
        client.response_callbacks.clear()
        started = time.perf_counter()
        client.ping()
    except Exception as error:  # noqa: BLE001 — a report names it, whatever it is
        told = cache_error(error, environment)
        if client is not None:
            client.close()
        return Login(
            environment=environment,
            expectation=expectation,
            preflight=preflight,
            fault=told.fault,
            detail=told.detail,
            milliseconds=preflight.milliseconds if preflight else 0.0,
        )
    return Login(
        environment=environment,
        expectation=expectation,
        preflight=preflight,
        client=client,
        milliseconds=preflight.milliseconds + _since(started),
    )


def gather(login: Login, client: "redis.Redis") -> Evidence:
    """Ask the server everything that the checks want to know; nothing of it stays there.

    Raises `CacheError` if the connection breaks. A command that the server refuses is a reply like any other.
    """
    # Of this run alone, so that two do not meet and no key of the application is touched.
    prefix = f"{login.environment.probe_prefix}{secrets.token_hex(8)}"
    small_key, large_key, deleted_key, expiring_key = (
        f"{prefix}:{purpose}" for purpose in ("small", "large", "deleted", "expiring")
    )
    small, large = os.urandom(SMALL_BYTES), os.urandom(LARGE_BYTES)
    broken: CacheError | None = None
    try:
        replies = _ask(
            client,
            {
                "info": ("INFO",),
                "save-points": ("CONFIG", "GET", "save"),
                "set-small": ("SET", small_key, small, "EX", _KEYS_LIVE_SECONDS),
                "get-small": ("GET", small_key),
                "set-large": ("SET", large_key, large, "EX", _KEYS_LIVE_SECONDS),
                "get-large": ("GET", large_key),
                "set-deleted": ("SET", deleted_key, b"", "EX", _KEYS_LIVE_SECONDS),
                "delete": ("DEL", deleted_key),
                "get-deleted": ("GET", deleted_key),
                "set-expiring": ("SET", expiring_key, b"", "PX", EXPIRY_MS),
                "ttl-expiring": ("PTTL", expiring_key),
            },
        )
        replies["info"] = _information(replies["info"])
        written = time.perf_counter()
        replies["ping"], latencies_ms = _pings(client)
        time.sleep(max(EXPIRY_MS + EXPIRY_MARGIN_MS - _since(written), 0) / 1000)
        replies |= _ask(client, {"get-expired": ("GET", expiring_key)})
    except Exception as error:  # noqa: BLE001 — a report names it, whatever it is
        broken = cache_error(error, login.environment)
    finally:
        # What cannot be removed now goes by itself within a minute.
        with contextlib.suppress(Exception):
            _ask(client, {key: ("DEL", key) for key in (small_key, large_key, deleted_key, expiring_key)})
    if broken is not None:
        raise broken
    return Evidence(
        environment=login.environment,
        expectation=login.expectation,
        replies=replies,
        latencies_ms=latencies_ms,
        small=small,
        large=large,
    )


def _ask(client: "redis.Redis", commands: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    """Send the commands at once and give each reply, or error reply, under its command's name."""
    with client.pipeline(transaction=False) as pipeline:
        for command in commands.values():
            pipeline.execute_command(*command)
        return dict(zip(commands, pipeline.execute(raise_on_error=False), strict=True))


def _information(answer: object) -> object:
    """Return the fields of INFO, or the error that it was, or that it is in reading it."""
    if isinstance(answer, Exception):
        return answer
    try:
        return redis_information.parse(answer)
    except CacheError as unreadable:
        return unreadable


def _pings(client: "redis.Redis") -> tuple[object, tuple[float, ...]]:
    """Ping until there are enough samples, or for a second where the server is far away; return the last answer too."""
    samples: list[float] = []
    answer: object = None
    begun = time.perf_counter()
    while len(samples) < _LATENCY_SAMPLES and (not samples or _since(begun) < _LATENCY_SECONDS * 1000):
        started = time.perf_counter()
        answer = client.execute_command("PING")
        samples.append(_since(started))
    return answer, tuple(samples)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
