"""open_cache: the cache that an environment names."""

from verify.cache import PROBE_SECONDS, Cache
from verify.diagnosis import cache_error
from verify.environment import CacheEnvironment
from verify.memory_cache import MemoryCache


def open_cache(
    environment: CacheEnvironment, *, fail_open: bool = False, probe_seconds: float = PROBE_SECONDS
) -> Cache:
    """Return the cache that the environment names: Redis, or memory where REDIS_HOST is unset or empty.

    With `fail_open` a Redis that is out of reach counts as empty, as `RedisCache` explains. `probe_seconds` is how long
    `health` and `status` may take each.

    Never falls back from one to the other by itself: an application that loses its Redis must hear of it.
    Raises `CacheError` (client-missing) where redis-py is not installed.
    """
    if environment.host is None:
        return MemoryCache()
    # Imports redis-py, which an in-memory cache has no use for.
    try:
        from verify.redis_cache import RedisCache
    except ModuleNotFoundError as missing:
        raise cache_error(missing, environment) from None
    return RedisCache(environment, fail_open=fail_open, probe_seconds=probe_seconds)
