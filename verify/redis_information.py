"""What a server says of itself in its answer to INFO, which no vendor blocks."""

from collections.abc import Mapping
from typing import Any

from verify.cache import Usage
from verify.report import UNKNOWN_SERVER


def server(information: Mapping[str, Any]) -> str:
    """Give product and version: "valkey 9.1.2", "redis 7.0.15", or "unknown".

    Valkey reports the Redis that it is compatible with as `redis_version`, and itself apart.
    """
    for product in ("valkey", "redis"):
        version = information.get(f"{product}_version")
        if version:
            return f"{product} {version}"
    return UNKNOWN_SERVER


def usage(information: Mapping[str, Any]) -> Usage:
    """Give the figures of the status; what a vendor leaves out counts as 0."""
    return Usage(
        version=server(information),
        keys=sum(database["keys"] for database in databases(information).values()),
        memory_used_bytes=int(information.get("used_memory", 0)),
        memory_limit_bytes=int(information.get("maxmemory", 0)),
        hits=int(information.get("keyspace_hits", 0)),
        misses=int(information.get("keyspace_misses", 0)),
        evictions=int(information.get("evicted_keys", 0)),
        uptime_seconds=int(information.get("uptime_in_seconds", 0)),
    )


def replicas(information: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give `state`, `lag` (seconds) and `offset` of each replica that is connected."""
    return {
        name: value
        for name, value in information.items()
        if name.removeprefix("slave").isdigit() and isinstance(value, dict)
    }


def databases(information: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Give `keys` and `expires` of each database that has any; redis-py has parsed "db0:keys=1,expires=0"."""
    return {
        name: value
        for name, value in information.items()
        if name.removeprefix("db").isdigit() and isinstance(value, dict)
    }
