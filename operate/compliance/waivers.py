"""Waivers: what a stack may leave unmet, with a reason, until a day."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from infra.settings import BackendName
from infra.sizing import TierName
from operate.compliance.matrix import Row, merged
from runner.project import ProjectError

FILE: Final = "operate/compliance/waivers.toml"


class Waiver(BaseModel):
    """One entry of the file. It holds for a stack, or for every stack of a tier, through the day `until`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stack: str | None = None
    tier: TierName | None = None
    backend: BackendName | None = None
    rules: Annotated[tuple[str, ...], Field(min_length=1)]
    reason: Annotated[str, Field(min_length=10)]
    until: date

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        if (self.stack is None) == (self.tier is None):
            raise ValueError("name a stack or a tier, and not both")
        return self


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The stack that is judged."""

    stack: str
    tier: str
    backend: str

    def has(self, waiver: Waiver) -> bool:
        """Tell whether a waiver is about this stack."""
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
        content = tomllib.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ProjectError(f"{FILE} cannot be read: {error}") from None
    problems = [f"  {key} is no part of it; there is [[waiver]]" for key in content.keys() - {"waiver"}]
    waivers = []
    for place, entry in enumerate(content.get("waiver", []), start=1):
        try:
            waivers.append(Waiver.model_validate(entry))
        except ValidationError as invalid:
            problems += [
                f"  waiver {place}: {' '.join(map(str, error['loc']))} {error['msg']}".replace("  ", " ")
                for error in invalid.errors(include_url=False)
            ]
    if problems:
        raise ProjectError("\n".join([f"{FILE} has problems:", *problems]))
    return waivers


def apply(waivers: Sequence[Waiver], rows: Sequence[Row], scope: Scope, today: date) -> tuple[list[Row], list[str]]:
    """Take the red from the rows that are waived today; give the rows, and the rules that are waived for nothing."""
    mine = [waiver for waiver in waivers if scope.has(waiver)]
    judged = []
    for row in rows:
        waiver = next((each for each in mine if set(each.rules) & set(row.ids)), None)
        judged.append(row if row.status != "red" or waiver is None else _waived(row, waiver, today))
    red = {rule for row in rows if row.status == "red" for rule in row.ids}
    stale = [f"{rule} is waived for nothing" for waiver in mine for rule in waiver.rules if rule not in red]
    return merged(judged), stale


def _waived(row: Row, waiver: Waiver, today: date) -> Row:
    if today > waiver.until:
        return replace(row, reason=f"{row.reason}; its waiver ended on {waiver.until}: {waiver.reason}")
    return replace(row, status="waived", reason=f"until {waiver.until}: {waiver.reason} ({row.reason})", cure="")
