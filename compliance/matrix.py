"""The matrix: every control, its rule ids, and what became of it."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from infra.control import Control, NotAssessed, Rules

Status = Literal["red", "waived", "green", "conflict", "manual", "n/a"]

# In the order of the rows: what needs eyes is last, where a terminal stops.
MEANINGS: Final[Mapping[Status, str]] = {
    "green": "met",
    "n/a": "about something that is not here",
    "manual": "for people or for the running account to assess",
    "conflict": "not met on purpose, since another rule or the application asks for the contrary",
    "waived": "not met, and allowed until a day in compliance/waivers.toml",
    "red": "not met",
}
STATUSES: Final = tuple(MEANINGS)

# The source whose rules checkov itself has to report.
CHECKOV: Final = "checkov"
OWN: Final = "own"

WIDTH: Final = 120
INDENT: Final = " " * 10


@dataclass(frozen=True, kw_only=True)
class Row:
    """One control, and the resources that it came out the same for.

    `reason` says what is wrong, or why the row is neither green nor red; `cure` stands with red rows.
    """

    status: Status
    title: str
    rules: Rules
    resources: Sequence[str] = ()
    reason: str = ""
    cure: str = ""

    @property
    def ids(self) -> list[str]:
        """All rule ids."""
        return [rule for rules in self.rules.values() for rule in rules]


def merged(rows: Iterable[Row]) -> list[Row]:
    """Return one row of those that differ in nothing but the resource, ordered by status."""
    together: list[Row] = []
    for row in rows:
        same = next((place for place, each in enumerate(together) if replace(each, resources=row.resources) == row), -1)
        if same < 0:
            together.append(row)
        else:
            together[same] = replace(together[same], resources=[*together[same].resources, *row.resources])
    return sorted(together, key=lambda row: STATUSES.index(row.status))


def to_text(rows: Sequence[Row]) -> str:
    """Return a few lines for each row: status and control, resources, rule ids, and what is wrong with its cure."""
    lines: list[str] = []
    for row in rows:
        lines.append(f"{_mark(row.status)}{row.title}")
        lines += _wrapped(", ".join(row.resources))
        lines += _wrapped(listed(row.rules))
        if row.reason:
            lines += _wrapped(f"why: {row.reason}")
        if row.cure:
            lines += _wrapped(f"cure: {row.cure}")
    return "\n".join([*lines, "", summary(rows)])


def to_json(rows: Sequence[Row]) -> str:
    """Return everything as JSON."""
    return json.dumps(
        {
            "passed": passed(rows),
            "counts": counts(rows),
            "rows": [
                {
                    "status": row.status,
                    "control": row.title,
                    "rules": {source: list(rules) for source, rules in row.rules.items()},
                    "resources": list(row.resources),
                    "reason": row.reason,
                    "cure": row.cure,
                }
                for row in rows
            ],
        },
        indent=2,
    )


def all_rules(entry: Control | NotAssessed) -> Rules:
    """Return the rules by source, our own first."""
    return {OWN: [entry.name], **entry.rules} if isinstance(entry, Control) else entry.rules


def listed(rules: Rules) -> str:
    """Return rules as people read them: sources, each with its ids."""
    return "; ".join(f"{source} {', '.join(found)}" for source, found in rules.items())


def passed(rows: Sequence[Row]) -> bool:
    """Whether something was assessed and nothing is red; a matrix without a green row proves nothing."""
    statuses = {row.status for row in rows}
    return "red" not in statuses and "green" in statuses


def counts(rows: Sequence[Row]) -> dict[str, int]:
    """Count the rule ids by their worst status."""
    worst: dict[str, Status] = {}
    for row in rows:
        worst.update(dict.fromkeys(row.ids, row.status))
    return {status: count for status in STATUSES if (count := Counter(worst.values())[status])}


def summary(rows: Sequence[Row]) -> str:
    """Count the rule ids in one line."""
    if not any(row.status in ("red", "green", "waived") for row in rows):
        return "No rule that is known here looks at what this stack declares, which proves nothing."
    found = counts(rows)
    parts = ", ".join(f"{count} {status}" for status, count in found.items())
    return f"{sum(found.values())} rules: {parts}"


def _mark(status: Status) -> str:
    """Make red stand out where there are no colours, as in a CI log."""
    return f"{status.upper() if status == 'red' else status:<{len(INDENT)}}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=INDENT,
        subsequent_indent=f"{INDENT}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
