"""Waivers: what a stack may leave unmet, with a reason, until a day."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, get_args

from compliance.matrix import Row, merged
from infra.backends import BACKENDS
from infra.sizing import TierName
from runner.project import ProjectError

FILE: Final = "compliance/waivers.toml"


SHORTEST_REASON: Final = 10


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """One entry of the file. It holds for a stack, or for every stack of a tier, through the day `until`."""

    stack: str | None = None
    tier: TierName | None = None
    backend: str | None = None
    rules: tuple[str, ...]
    reason: str
    until: date


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The stack that is assessed."""

    stack: str
    tier: str
    backend: str

    def has(self, waiver: Waiver) -> bool:
        """Whether a waiver is about this stack."""
        return all(
            wanted is None or wanted == found
            for wanted, found in (
                (waiver.stack, self.stack),
                (waiver.tier, self.tier),
                (waiver.backend, self.backend),
            )
        )


def load(file: Path) -> list[Waiver]:
    """Read the file. Raises `ProjectError` with all problems at once."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProjectError(f"{FILE} cannot be read: {error}") from None
    problems = [f"  {key} is no part of it; there is [[waiver]]" for key in content.keys() - {"waiver"}]
    waivers = []
    for place, entry in enumerate(content.get("waiver", []), start=1):
        found = [f"  waiver {place}: {message}" for message in _problems(entry)]
        if found:
            problems += found
        else:
            waivers.append(Waiver(**(entry | {"rules": tuple(entry["rules"])})))
    if problems:
        raise ProjectError("\n".join([f"{FILE} has problems:", *problems]))
    return waivers


def _problems(entry: Mapping[str, Any]) -> Iterator[str]:
    names = [field.name for field in fields(Waiver)]
    yield from (f"{name} is no part of it; there are {', '.join(names)}" for name in entry if name not in names)
    if ("stack" in entry) == ("tier" in entry):
        yield "name a stack or a tier, and not both"
    if not isinstance(entry.get("stack", ""), str):
        yield "stack is the name of one"
    for name, choices in (("tier", get_args(TierName)), ("backend", BACKENDS)):
        if name in entry and entry[name] not in choices:
            yield f"{name} is one of {', '.join(choices)}"
    rules = entry.get("rules")
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, str) for rule in rules):
        yield "rules are the ids of one rule or more, as a list"
    reason = entry.get("reason")
    if not isinstance(reason, str) or len(reason) < SHORTEST_REASON:
        yield f"reason is a text of {SHORTEST_REASON} characters or more"
    # A moment is a date too, and cannot be compared with one.
    if type(entry.get("until")) is not date:
        yield "until is a day, as 2027-06-30"


def apply(waivers: Sequence[Waiver], rows: Sequence[Row], scope: Scope, today: date) -> tuple[list[Row], list[str]]:
    """Take the red from the rows that are waived today. Return the rows, and the rules that are waived for nothing."""
    mine = [waiver for waiver in waivers if scope.has(waiver)]
    applied = []
    for row in rows:
        waiver = next((each for each in mine if set(each.rules) & set(row.ids)), None)
        applied.append(row if row.status != "red" or waiver is None else _waived(row, waiver, today))
    red = {rule for row in rows if row.status == "red" for rule in row.ids}
    stale = [f"{rule} is waived for nothing" for waiver in mine for rule in waiver.rules if rule not in red]
    return merged(applied), stale


def _waived(row: Row, waiver: Waiver, today: date) -> Row:
    if today > waiver.until:
        return replace(row, reason=f"{row.reason}; its waiver ended on {waiver.until}: {waiver.reason}")
    return replace(row, status="waived", reason=f"until {waiver.until}: {waiver.reason} ({row.reason})", cure="")
