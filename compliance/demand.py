"""Demand: one thing that is asked of a declared resource, with every rule that asks for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from compliance.terraform import Plan, Resource

# The ids of one source's rules, by the source's name.
Rules = Mapping[str, Sequence[str]]

# Looks at a resource; gives what is wrong in a few words, or None.
Check = Callable[[Resource, Plan], str | None]

# The source whose rules checkov itself has to report.
CHECKOV: Final = "checkov"
OWN: Final = "own"


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What resources of `types` have to be like.

    `name` is our own id, a rule like the others. `cure` says STACK where the stack's name belongs. `declined` is the
    reason for which this project does something else on purpose: where it is set, an unmet demand is shown as a
    conflict and is not red.
    """

    name: str
    words: str
    types: Sequence[str]
    check: Check
    cure: str
    rules: Rules = field(default_factory=dict)
    declined: str = ""


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Rules that are known and not judged here: they look at something else, or at what no plan holds.

    They are shown where a resource of `types` is declared, and are never green.
    """

    words: str
    types: Sequence[str]
    status: Literal["n/a", "manual"]
    reason: str
    rules: Rules


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """A rule of checkov's that is not red for some resources, which `holds` recognises."""

    rule: str
    words: str
    holds: Callable[[Resource, Plan], bool]
    status: Literal["n/a", "conflict"]
    reason: str


def all_rules(entry: Demand | Outside) -> Rules:
    """Give the rules by source, our own first."""
    return {OWN: [entry.name], **entry.rules} if isinstance(entry, Demand) else entry.rules


def listed(rules: Rules) -> str:
    """Give rules as people read them: sources, each with its ids."""
    return "; ".join(f"{source} {', '.join(found)}" for source, found in rules.items())
