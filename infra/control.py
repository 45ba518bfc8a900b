"""Controls: what is asked of declared resources, and by which rules. Backends, sinks and verifiers have theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from infra.plan import Plan, Resource

# The ids of one source's rules, by the source's name.
Rules = Mapping[str, Sequence[str]]


class Check(Protocol):
    """What looks at a resource."""

    def __call__(self, resource: Resource, plan: Plan, /) -> str | None:
        """Return what is wrong, in a few words, or None."""


class Recognition(Protocol):
    """What tells the resources that an exemption is for."""

    def __call__(self, resource: Resource, plan: Plan, /) -> bool:
        """Whether it is for this resource."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """What resources of `types` have to be like, with every rule that asks for it.

    `types` are Terraform's names. `name` is our own id, a rule like the others. `cure` says STACK where the stack's
    name belongs. `declined` is the reason for which this project does something else on purpose: where it is set, a
    control that is not met is shown as a conflict and is not red.
    """

    name: str
    title: str
    types: Sequence[str]
    check: Check
    cure: str
    rules: Rules = field(default_factory=dict)
    declined: str = ""


@dataclass(frozen=True, kw_only=True)
class NotAssessed:
    """Rules that are known and not assessed here: they look at something else, or at what no plan holds.

    They are shown where a resource of `types` is declared, and are never green.
    """

    title: str
    types: Sequence[str]
    status: Literal["n/a", "manual"]
    reason: str
    rules: Rules


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """A rule of checkov's that is not red for some resources, which `holds` recognises."""

    rule: str
    title: str
    holds: Recognition
    status: Literal["n/a", "conflict"]
    reason: str


def attribute_is(attribute: str, expected: object, *, called: str = "") -> Check:
    """Return a check for one value of an attribute, which a message calls `called`, or by its own name."""

    def check(resource: Resource, _: Plan) -> str | None:
        found = resource.known(attribute)
        return None if found == expected else f"{called or attribute} is {_shown(found)}"

    return check


def _shown(value: object) -> str:
    return "not set" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)
