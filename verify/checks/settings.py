"""Whether the server is set up as it was asked to be."""

from typing import TypeVar

from verify.checks.finding import Finding, failed, passed, skipped, warned
from verify.evidence import Evidence, NotTold
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
from verify.redis_information import unreadable
from verify.report import UNKNOWN_SERVER

Asked = TypeVar("Asked")


def maxmemory(evidence: Evidence) -> Finding:
    """The memory limit is the one that was asked for, in bytes."""
    asked = _asked(evidence.expectation.maxmemory_bytes)
    seen = evidence.figure("maxmemory")
    if seen != asked:
        return failed(MAXMEMORY_DIFFERS, f"{_size(seen)}, and {_size(asked)} was asked for")
    return passed(_size(asked))


def maxmemory_policy(evidence: Evidence) -> Finding:
    """The eviction policy is the one that was asked for."""
    asked = _asked(evidence.expectation.maxmemory_policy)
    seen = evidence.field("maxmemory_policy")
    return passed(asked) if seen == asked else failed(POLICY_DIFFERS, f"{seen}, and {asked} was asked for")


def persistence(evidence: Evidence) -> Finding:
    """Data outlive a restart in the way that was asked for, or do not where none was.

    The append-only file shows in INFO; save points show only in CONFIG, which managed services block.
    """
    asked = _asked(evidence.expectation.persistence)
    appends = evidence.figure("aof_enabled")
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
    asked, seen = _asked(evidence.expectation.version), evidence.server
    if seen == UNKNOWN_SERVER:
        return skipped("the server's INFO does not tell")
    beginnings = (seen, seen.split()[-1])
    right = any(whole == asked or whole.startswith(f"{asked}.") for whole in beginnings)
    return passed(seen) if right else failed(VERSION_DIFFERS, f"{seen}, and {asked} was asked for")


def cluster_mode(evidence: Evidence) -> Finding:
    """Cluster mode is on or off as asked; unasked it is a warning, since the application does not speak it."""
    asked, seen = evidence.expectation.cluster, evidence.figure("cluster_enabled")
    state = "on" if seen else "off"
    if asked is None:
        return warned(CLUSTER_MODE, state) if seen else passed(state)
    return passed(state) if bool(seen) == asked else failed(CLUSTER_DIFFERS, f"it is {state}")


def role(evidence: Evidence) -> Finding:
    """The server is a primary: a replica takes no writes, and goes on without its primary."""
    return passed() if evidence.field("role") == "master" else failed(READ_ONLY)


def replicas(evidence: Evidence) -> Finding:
    """There are as many replicas as were asked for, or more."""
    asked, seen = _asked(evidence.expectation.replicas), evidence.figure("connected_slaves")
    if seen < asked:
        return failed(REPLICAS_DIFFER, f"{seen}, and {asked} asked for")
    return passed(str(seen))


def _asked(value: Asked | None) -> Asked:
    """Return what was asked for. Raises `NotTold` where nothing was."""
    if value is None:
        raise NotTold("nothing was asked")
    return value


def _size(count: int) -> str:
    if count == 0:
        return "no limit"
    return f"{count // 1048576} MiB" if count % 1048576 == 0 else f"{count} bytes"
