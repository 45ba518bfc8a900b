"""Waivers: what a stack may leave unmet, with a reason, until a day."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from compliance.matrix import Row, merged
from infra.backends import BACKENDS
from infra.sizing import TierName
from runner.project import ProjectError

FILE: Final = "compliance/waivers.toml"


SHORTEST_REASON: Final = 10

# What is said of a field whose value will not do.
MESSAGES: Final[Mapping[str, str]] = {
    "stack": "stack is the name of one",
    "tier": f"tier is one of {', '.join(get_args(TierName))}",
    "backend": f"backend is one of {', '.join(BACKENDS)}",
    "rules": "rules are the ids of one rule or more, as a list",
    "reason": f"reason is a text of {SHORTEST_REASON} characters or more",
    "until": "until is a day, as 2027-06-30",
}


class Waiver(BaseModel):
    """One entry of the file. It holds for a stack, or for every stack of a tier, through the day `until`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stack: str | None = None
    tier: TierName | None = None
    backend: Annotated[str, Field(pattern=f"^({'|'.join(BACKENDS)})$")] | None = None
    rules: Annotated[tuple[str, ...], Field(min_length=1)]
    reason: Annotated[str, Field(min_length=SHORTEST_REASON)]
    # Strict, since a moment is no day.
    until: Annotated[date, Field(strict=True)]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The stack that is assessed."""

    stack: str
    tier: str
    backend: str

    def has(self, waiver: Waiver) -> bool:
        """Whether a waiver is about this stack."""
        return all(
            named is None or named == found
            for named, found in (
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
    entries = content.get("waiver", [])
    for place, entry in enumerate(entries, start=1):
        problems += [f"  waiver {place}: {message}" for message in dict.fromkeys(_problems(entry))]
    if problems:
        raise ProjectError("\n".join([f"{FILE} has problems:", *problems]))
    return [Waiver.model_validate(entry) for entry in entries]


def _problems(entry: Mapping[str, Any]) -> Iterator[str]:
    if ("stack" in entry) == ("tier" in entry):
        yield "name a stack or a tier, and not both"
    try:
        Waiver.model_validate(entry)
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0])
            yield MESSAGES.get(name, f"{name} is no part of it; there are {', '.join(MESSAGES)}")


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
