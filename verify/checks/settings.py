"""Whether the server is set up as it was asked to be."""

from verify.checks.finding import Finding, failed, passed, skipped, warned
from verify.evidence import Evidence
from verify.expectation import Persistence
from verify.faults import (
    CLUSTER_DIFFERS,
    CLUSTER_MODE,
    MAXMEMORY_DIFFERS,
    PERSISTENCE_DIFFERS,
    POLICY_DIFFERS,
    READ_ONLY,
    REPLICAS_DIFFER,
    UNREADABLE_ANSWER,
    VERSION_DIFFERS,
    CacheError,
)
from verify.redis_information import number, unreadable
from verify.report import UNKNOWN_SERVER

_NOT_ASKED = skipped("nothing was asked")


def maxmemory(evidence: Evidence) -> Finding:
    """The memory limit is the one that was asked for, in bytes."""
    asked = evidence.expectation.maxmemory_bytes
    if asked is None:
        return _NOT_ASKED
    seen = number(evidence.information, "maxmemory")
    if seen is None:
        return skipped("the server's INFO does not tell")
    if seen != asked:
        return failed(MAXMEMORY_DIFFERS, f"{_size(seen)}, and {_size(asked)} was asked for")
    return passed(_size(asked))


def maxmemory_policy(evidence: Evidence) -> Finding:
    """The eviction policy is the one that was asked for."""
    asked = evidence.expectation.maxmemory_policy
    if asked is None:
        return _NOT_ASKED
    seen = evidence.information.get("maxmemory_policy")
    if seen is None:
        return skipped("the server's INFO does not tell")
    return passed(asked) if seen == asked else failed(POLICY_DIFFERS, f"{seen}, and {asked} was asked for")


def persistence(evidence: Evidence) -> Finding:
    """Data outlive a restart in the way that was asked for, or do not where none was.

    The append-only file shows in INFO; save points show only in CONFIG, which managed services block.
    """
    asked = evidence.expectation.persistence
    if asked is None:
        return _NOT_ASKED
    appends = number(evidence.information, "aof_enabled")
    if appends is None:
        return skipped("the server's INFO does not tell")
    try:
        seen = "append-only" if appends else _persistence_by_save_points(evidence)
    except CacheError as error:
        if error.fault is UNREADABLE_ANSWER:
            raise
        return skipped(f"save points show only in CONFIG ({error.fault.code})")
    return passed(asked) if seen == asked else failed(PERSISTENCE_DIFFERS, f"{seen}, and {asked} was asked for")


def _persistence_by_save_points(evidence: Evidence) -> Persistence:
    match evidence.reply("save-points"):
        # A map in the newer protocol, a name and its value in the older one.
        case {b"save": bytes(points)} | [b"save", bytes(points)]:
            return "snapshot" if points else "none"
        case other:
            raise unreadable("the answer to CONFIG GET save", other, "its value")


def version(evidence: Evidence) -> Finding:
    """The version begins as the one that was asked for; of Valkey it is its own, not the Redis it resembles."""
    asked, seen = evidence.expectation.version, evidence.server
    if asked is None:
        return _NOT_ASKED
    if seen == UNKNOWN_SERVER:
        return skipped("the server's INFO does not tell")
    beginnings = (seen, seen.split()[-1])
    right = any(whole == asked or whole.startswith(f"{asked}.") for whole in beginnings)
    return passed(seen) if right else failed(VERSION_DIFFERS, f"{seen}, and {asked} was asked for")


def cluster_mode(evidence: Evidence) -> Finding:
    """Cluster mode is on or off as asked; unasked it is a warning, since the application does not speak it."""
    asked, seen = evidence.expectation.cluster, number(evidence.information, "cluster_enabled")
    if seen is None:
        return skipped("the server's INFO does not tell")
    state = "on" if seen else "off"
    if asked is None:
        return warned(CLUSTER_MODE, state) if seen else passed(state)
    return passed(state) if bool(seen) == asked else failed(CLUSTER_DIFFERS, f"it is {state}")


def role(evidence: Evidence) -> Finding:
    """The server is a primary: a replica takes no writes, and goes on without its primary."""
    seen = evidence.information.get("role")
    if seen is None:
        return skipped("the server's INFO does not tell")
    return passed() if seen == "master" else failed(READ_ONLY)


def replicas(evidence: Evidence) -> Finding:
    """There are as many replicas as were asked for, or more."""
    asked, seen = evidence.expectation.replicas, number(evidence.information, "connected_slaves")
    if asked is None:
        return _NOT_ASKED
    if seen is None:
        return skipped("the server's INFO does not tell")
    if seen < asked:
        return failed(REPLICAS_DIFFER, f"{seen}, and {asked} asked for")
    return passed(str(seen))


def _size(count: int) -> str:
    if count == 0:
        return "no limit"
    return f"{count // 1048576} MiB" if count % 1048576 == 0 else f"{count} bytes"
