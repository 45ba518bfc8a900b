"""Check: a name, a title and the judgement, and how the three become a result."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from verify.checks.finding import Finding, failed, skipped
from verify.evidence import NotTold
from verify.faults import CHECK_BROKE, CacheError
from verify.report import Result

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Check(Generic[Seen]):
    """A check: its stable id, the words that people see, and what judges that which was seen."""

    name: str
    title: str
    judge: Callable[[Seen], Finding]
    volatile: bool = False

    def result(self, seen: Seen | None, *, blind: str) -> Result:
        """Judge what was seen, or skip with the reason `blind` if nothing was; never raises."""
        finding = skipped(blind) if seen is None else self._judge(seen)
        fault = finding.fault
        return Result(
            name=self.name,
            title=self.title,
            verdict=finding.verdict,
            detail=finding.detail,
            cause=fault.cause if fault else "",
            remedy=fault.remedy if fault else "",
            code=fault.code if fault else "",
            milliseconds=finding.milliseconds,
            volatile=self.volatile,
            measured=finding.measured,
        )

    def _judge(self, seen: Seen) -> Finding:
        try:
            return self.judge(seen)
        except NotTold as reason:
            return skipped(str(reason))
        except CacheError as error:
            return failed(error.fault, error.detail)
        except Exception as error:  # noqa: BLE001 — a check that breaks is a failure, and never ends the others
            return failed(CHECK_BROKE, f"{type(error).__name__}: {error}")
