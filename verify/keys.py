"""The three data sets that the application caches: how their keys look, and how long their values live.

Their sizes are the provisioning guide's (its capacity planning, for a million organizations). The guide leaves the
lives to the application's `backend/config/runtime.ts`; these are ours, each as long as its data stay true.
"""

from dataclasses import dataclass
from string import Formatter
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A kind of data: its key pattern with named parts, seconds to live, and bytes of a value on average."""

    name: str
    pattern: str
    ttl_seconds: int
    value_bytes: int

    def key(self, **parts: str) -> str:
        """Fill the pattern. Raises `ValueError` for a part that is missing, unknown, or would mix up two keys."""
        names = {part for _, part, _, _ in Formatter().parse(self.pattern) if part}
        if parts.keys() != names:
            raise ValueError(f"a key of {self.name} has the parts {', '.join(sorted(names))}")
        for part, value in parts.items():
            if not value or ":" in value:
                raise ValueError(f"{part} {value!r} is empty or holds the colon that parts a key")
        return self.pattern.format(**parts)


DAILY_REPORT: Final = DataSet(
    name="daily reports",
    pattern="daily-report:{organization}:{day}",
    ttl_seconds=24 * _HOUR,
    value_bytes=100,
)
BALANCE: Final = DataSet(name="balances", pattern="balance:{organization}", ttl_seconds=5 * _MINUTE, value_bytes=200)
SUMMARY: Final = DataSet(name="summaries", pattern="summary:{organization}", ttl_seconds=_HOUR, value_bytes=150)

DATA_SETS: Final = (DAILY_REPORT, BALANCE, SUMMARY)
