"""Data of several types for a cache, and everything that is in one, to be compared."""

import redis

from verify.access import PROBE_PREFIX


def written(client: redis.Redis, number: int, prefix: str = "") -> None:
    """Write keys of several types, a part of them with a time to live."""
    with client.pipeline(transaction=False) as together:
        for index in range(number):
            together.set(f"{prefix}string:{index}", f"value {index}", ex=10_000 + index if index % 2 else None)
            if index % 10 == 0:
                together.hset(f"{prefix}hash:{index}", mapping={"a": index, "b": "ü"})
                together.rpush(f"{prefix}list:{index}", index, index + 1)
                together.zadd(f"{prefix}sorted:{index}", {"m": index})
        together.execute()


def emptied(client: redis.Redis) -> None:
    """Delete every key, with the rights of an application."""
    for key in client.scan_iter(count=1000):
        client.unlink(key)


def content(client: redis.Redis) -> dict[str, tuple[bytes, float]]:
    """Return each key's value, as DUMP has it, and when it expires, in seconds of the clock; -1 for never."""
    known = client.connection_pool.connection_kwargs
    raw = redis.Redis(host=known["host"], port=known["port"], password=known["password"])
    # A verification that was killed leaves its probes to their own short lives.
    keys = sorted(key for key in raw.scan_iter(count=1000) if not key.startswith(PROBE_PREFIX.encode()))
    with raw.pipeline(transaction=False) as together:
        for key in keys:
            together.dump(key)
            together.expiretime(key)
        answers = together.execute()
    return {key.decode(): (answers[2 * at], answers[2 * at + 1]) for at, key in enumerate(keys)}
