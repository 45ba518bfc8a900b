"""Permissions: what Pulumi's provider asks of a cloud for a type of resource."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

# For actions that AWS cannot limit to a resource.
EVERYWHERE: Final = ("*",)

Condition = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Actions on resources of AWS. `reads` is what a preview with a refresh asks for, `changes` what an `up` adds.

    `on` and the condition's values have {partition}, {region}, {account}, {stack}, {project}, which is the tag of that
    name, {name}, which everything of one stack is called (infra/naming.py), and {reader}, the ARN of the application's
    role. The condition's values also have {subnet}, for each of the cache's.
    """

    on: tuple[str, ...]
    reads: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    condition: Condition = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Google's predefined roles: `reads` for a preview with a refresh, `changes` for an `up`, in their place."""

    reads: tuple[str, ...]
    changes: tuple[str, ...]


# By the type, as Pulumi calls it.
Permissions = Mapping[str, Sequence[Grant | Roles]]
