"""Finding: what a check has to say, before its name and title are put to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from verify.faults import Fault
from verify.report import Verdict


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The verdict of a check; `fault` for what failed or warned, `milliseconds` where the server took any.

    `measured` holds figures by names that end in their unit.
    """

    verdict: Verdict
    detail: str = ""
    fault: Fault | None = None
    milliseconds: float = 0.0
    measured: Mapping[str, float] = field(default_factory=dict)


def passed(detail: str = "", *, milliseconds: float = 0.0, measured: Mapping[str, float] | None = None) -> Finding:
    """It is so, and `detail` says what was seen."""
    return Finding(verdict="pass", detail=detail, milliseconds=milliseconds, measured=measured or {})


def failed(fault: Fault, detail: str = "") -> Finding:
    """It is not so."""
    return Finding(verdict="fail", fault=fault, detail=detail)


def warned(fault: Fault, detail: str = "", *, measured: Mapping[str, float] | None = None) -> Finding:
    """It is so, and somebody should look at it."""
    return Finding(verdict="warn", fault=fault, detail=detail, measured=measured or {})


def skipped(reason: str) -> Finding:
    """It was not looked at, and why."""
    return Finding(verdict="skip", detail=reason)
