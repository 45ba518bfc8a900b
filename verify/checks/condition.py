"""How the server does at the moment: what these checks see changes by itself."""

import math
from typing import Final

from verify import redis_information
from verify.checks.finding import Finding, failed, passed, skipped, warned
from verify.evidence import Evidence
from verify.faults import (
    CONNECTIONS_REJECTED,
    KEYS_WITHOUT_TTL,
    MEMORY_NEARLY_FULL,
    REPLICA_BEHIND,
    SAVE_FAILED,
)

_NEARLY_FULL: Final = 0.9
_BEHIND_SECONDS: Final = 10  # a replica reports once a second; Redis gives it up after 60 (repl-timeout)


def replicas_in_sync(evidence: Evidence) -> Finding:
    """Every replica that is connected has the data and keeps up."""
    replicas = redis_information.replicas(evidence.information)
    if not replicas:
        return skipped("there are no replicas")
    behind = [
        name
        for name, replica in replicas.items()
        if replica.get("state") != "online" or replica["lag"] > _BEHIND_SECONDS
    ]
    if behind:
        return failed(REPLICA_BEHIND, f"{len(behind)} of {len(replicas)}")
    return passed(f"{len(replicas)} of {len(replicas)}")


def last_save(evidence: Evidence) -> Finding:
    """The last snapshot and the last write to the append-only file succeeded; there may have been none."""
    names = ("rdb_last_bgsave_status", "aof_last_write_status", "aof_last_bgrewrite_status")
    seen = {name: evidence.information[name] for name in names if name in evidence.information}
    if not seen:
        return skipped("the server's INFO does not tell")
    wrong = [name for name, status in seen.items() if status != "ok"]
    return failed(SAVE_FAILED, ", ".join(wrong)) if wrong else passed()


def memory(evidence: Evidence) -> Finding:
    """A full memory refuses writes, unless the policy may evict any key: then full is how a cache should be."""
    used = redis_information.number(evidence.information, "used_memory") or 0
    limit = redis_information.number(evidence.information, "maxmemory") or 0
    measured = {"memory_used_bytes": float(used), "memory_limit_bytes": float(limit)}
    if not limit:
        return skipped("there is no limit")
    policy = str(evidence.information.get("maxmemory_policy", ""))
    detail = f"{used / limit:.0%} used, {policy}"
    if used / limit > _NEARLY_FULL and not policy.startswith("allkeys-"):
        return warned(MEMORY_NEARLY_FULL, detail, measured=measured)
    return passed(detail, measured=measured)


def rejected_connections(evidence: Evidence) -> Finding:
    """No client was turned away since the server started."""
    seen = evidence.figure("rejected_connections")
    measured = {"rejected_connections": float(seen)}
    if seen:
        return warned(CONNECTIONS_REJECTED, f"{seen} since it started", measured=measured)
    return passed(measured=measured)


def keys_without_ttl(evidence: Evidence) -> Finding:
    """Every key goes by itself some day; our own, which were written later, are not among those counted."""
    databases = redis_information.databases(evidence.information).values()
    keys = sum(database["keys"] for database in databases)
    lasting = keys - sum(database["expires"] for database in databases)
    measured = {"keys": float(keys), "keys_without_ttl": float(lasting)}
    if lasting:
        return warned(KEYS_WITHOUT_TTL, f"{lasting} of {keys} have none", measured=measured)
    return passed(f"{keys} keys", measured=measured)


def latency(evidence: Evidence) -> Finding:
    """How long a PING takes; a measurement, which no limit is held against."""
    if (answer := evidence.reply("ping")) not in (b"PONG", "PONG"):
        raise redis_information.unreadable("the answer to PING", answer, "PONG")
    samples = sorted(evidence.latencies_ms)
    p50, p95, p99 = (samples[math.ceil(len(samples) * share) - 1] for share in (0.5, 0.95, 0.99))
    return passed(
        f"p50 {p50:.2f} ms, p95 {p95:.2f} ms, p99 {p99:.2f} ms over {len(samples)} pings",
        milliseconds=sum(samples),
        measured={
            "latency_p50_seconds": p50 / 1000,
            "latency_p95_seconds": p95 / 1000,
            "latency_p99_seconds": p99 / 1000,
        },
    )
