"""What happens to data: it comes back as it was, expires in time, and goes when it is deleted."""

from verify.checks.finding import Finding, failed, passed
from verify.evidence import EXPIRY_MS, Evidence
from verify.faults import KEY_NOT_DELETED, KEY_NOT_EXPIRED, VALUE_CHANGED


def small_round_trip(evidence: Evidence) -> Finding:
    """A value of the size of a balance comes back byte for byte."""
    return _round_trip(evidence, "small", evidence.small)


def large_round_trip(evidence: Evidence) -> Finding:
    """A value that fills many packets comes back byte for byte."""
    return _round_trip(evidence, "large", evidence.large)


def _round_trip(evidence: Evidence, which: str, written: bytes) -> Finding:
    evidence.reply(f"set-{which}")
    read = evidence.value(f"get-{which}")
    if read == written:
        return passed(f"{len(read)} bytes, byte for byte")
    return failed(VALUE_CHANGED, f"{len(written)} bytes went and {0 if read is None else len(read)} came back")


def expires(evidence: Evidence) -> Finding:
    """A key with a time to live is gone after it."""
    evidence.reply("set-expiring")
    if evidence.number("ttl-expiring", "PTTL") == -1:
        return failed(KEY_NOT_EXPIRED, "the key was kept without the time to live that it was set with")
    if evidence.value("get-expired") is not None:
        return failed(KEY_NOT_EXPIRED, f"a key set for {EXPIRY_MS} ms was still there after them")
    return passed(f"after {EXPIRY_MS} ms")


def deletes(evidence: Evidence) -> Finding:
    """A deleted key is gone."""
    evidence.reply("set-deleted")
    if evidence.number("delete", "DEL") != 1 or evidence.value("get-deleted") is not None:
        return failed(KEY_NOT_DELETED)
    return passed()
