"""What the cache client costs over redis-py's own, operation by operation."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import redis

from benchmarks.comparison import Comparison, compare
from benchmarks.figures import Row, Section, comparisons
from verify.cache import Cache

AT_MOST: Final = 1.1
GET_MANY_FASTER: Final = 8.0

TTL_SECONDS: Final = 600
SMALL: Final = 200
LARGE: Final = 100_000
# How many values go at once.
MANY: Final[Mapping[int, int]] = {SMALL: 1000, LARGE: 100}

# Many short rounds, since what disturbs one does not last: a second or two for each operation.
_REPEATS: Final = 10
_ROUNDS_OF_ONE: Final = 400
_ROUNDS_OF_MANY: Final = 60


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation of the client, and what does the same with redis-py alone."""

    name: str
    ours: Callable[[], object]
    bare: Callable[[], object]
    rounds: int = _ROUNDS_OF_ONE
    repeats: int = _REPEATS


def operations(cache: Cache, client: redis.Redis, size: int) -> list[Operation]:
    """Return every operation on values of `size` bytes."""
    value = secrets.token_bytes(size)
    values = {f"benchmark:{number}": value for number in range(MANY[size])}
    keys = list(values)
    milliseconds = TTL_SECONDS * 1000

    def bare_get_many() -> dict[str, bytes]:
        # redis-py's signature also allows for an awaitable.
        found: list[bytes | None] = client.mget(keys)  # type: ignore[assignment]
        return {key: there for key, there in zip(keys, found, strict=True) if there is not None}

    def bare_set_many() -> None:
        with client.pipeline(transaction=False) as pipeline:
            for key, each in values.items():
                pipeline.set(key, each, px=milliseconds)
            pipeline.execute()

    return [
        Operation(
            name="set",
            ours=lambda: cache.set("benchmark", value, ttl_seconds=TTL_SECONDS),
            bare=lambda: client.set("benchmark", value, px=milliseconds),
        ),
        Operation(
            name="get",
            ours=lambda: cache.get("benchmark"),
            bare=lambda: client.get("benchmark"),
        ),
        Operation(
            name="delete",
            ours=lambda: cache.delete("benchmark:absent"),
            bare=lambda: client.delete("benchmark:absent"),
        ),
        Operation(
            name=f"set_many of {len(values)}",
            ours=lambda: cache.set_many(values, ttl_seconds=TTL_SECONDS),
            bare=bare_set_many,
            rounds=_ROUNDS_OF_MANY,
            repeats=1,
        ),
        Operation(
            name=f"get_many of {len(values)}",
            ours=lambda: cache.get_many(keys),
            bare=bare_get_many,
            rounds=_ROUNDS_OF_MANY,
            repeats=1,
        ),
    ]


def compare_operations(cache: Cache, client: redis.Redis) -> dict[tuple[int, str], Comparison]:
    """Compare every operation at both sizes; the keys are size in bytes and name."""
    return {
        (size, operation.name): compare(
            operation.ours, operation.bare, rounds=operation.rounds, repeats=operation.repeats
        )
        for size in (SMALL, LARGE)
        for operation in operations(cache, client, size)
    }


def compare_get_many(cache: Cache) -> Comparison:
    """Compare a thousand small values at once with as many gets, by the same client."""
    values = {f"benchmark:{number}": secrets.token_bytes(SMALL) for number in range(MANY[SMALL])}
    cache.set_many(values, ttl_seconds=TTL_SECONDS)

    def one_by_one() -> None:
        for key in values:
            cache.get(key)

    return compare(lambda: cache.get_many(values), one_by_one, rounds=_ROUNDS_OF_MANY // 2)


def section(cache: Cache, client: redis.Redis) -> Section:
    """Measure, and write the part on the client."""
    rows = [
        Row(title=f"{name}, {_size(size)}", comparison=comparison, most=AT_MOST)
        for (size, name), comparison in compare_operations(cache, client).items()
    ]
    many = compare_get_many(cache)
    rows.append(
        Row(title="get_many of 1000, against 1000 gets of ours", comparison=many, most=round(1 / GET_MANY_FASTER, 3))
    )
    return Section(
        title="Operations of the cache client",
        introduction="`verify.cache` against redis-py's client with its defaults and what does the same: `SET` with "
        "`PX`, `GET`, `DEL` of an absent key, a pipeline of `SET`s, `MGET` and a dictionary of what it found. "
        f"One connection each, to one server. A round is {_REPEATS} operations on one value, or one on many.",
        header=comparisons("redis-py"),
        lines=[row.cells() for row in rows],
        remarks=f"The last line's target is to be at least {GET_MANY_FASTER:g} times faster; it is "
        f"{1 / many.ratio:.1f} times. Many large values go in batches of four megabytes, which redis-py alone "
        "sends and asks for at once.",
    )


def _size(size: int) -> str:
    return f"{size} bytes" if size < 1000 else f"{size // 1000} KB"  # noqa: PLR2004 — a kilobyte
