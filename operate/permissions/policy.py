"""What one stack comes to: the types that it declares, and from them an IAM policy or Google's roles."""

import json
import os
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from infra import inventory
from infra.aws.patterns import partition_of
from infra.naming import NAME_PREFIX, name_of, project_tag
from infra.permission import Grant, Roles
from infra.settings.base import items
from offline import answers
from offline.recorder import record
from runner.project import Project

Permission = TypeVar("Permission", Grant, Roles)

# Who asks: a preview on a pull request, or an `up`.
Purpose = Literal["preview", "deploy"]
PURPOSES: Final[tuple[Purpose, ...]] = ("preview", "deploy")


class NotInTable(Exception):
    """A stack declares a type whose needs nobody wrote down."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a stack is made: what the patterns of ARNs are filled in with."""

    # Pulumi's project.
    project: str
    stack: str
    prefix: str = NAME_PREFIX
    region: str
    account: str
    reader: str
    # A star where the network is another stack's output, which no file knows.
    subnet_ids: tuple[str, ...] = ("*",)

    @property
    def partition(self) -> str:
        """The part of AWS that the region is in."""
        return partition_of(self.region)

    def fill(self, text: str) -> str:
        """Fill in a pattern."""
        return text.format(
            partition=self.partition,
            region=self.region,
            account=self.account,
            project=project_tag(self.project, self.prefix),
            stack=self.stack,
            name=name_of(self.prefix, self.stack),
            reader=self.reader,
        )

    def condition(self, text: str) -> str | list[str]:
        """Fill in a condition's value; one that names {subnet} becomes a list."""
        if "{subnet}" not in text:
            return self.fill(text)
        return [self.fill(text.replace("{subnet}", subnet)) for subnet in self.subnet_ids]


def declared(project: Project, stack: str) -> tuple[frozenset[str], Place]:
    """Return the types of the clouds' resources that a stack declares, and where.

    Raises `ProjectError`, and `pulumi.RunError` for a configuration that the program refuses.
    """
    configuration, _ = answers.completed(project.configuration(stack))
    types = frozenset(each.type for each in record(project, stack, configuration))
    place = Place(
        project=project.name,
        stack=stack,
        prefix=configuration.get("cache:namePrefix", NAME_PREFIX),
        region=configuration.get("aws:region") or os.environ.get("AWS_REGION", "*"),
        account=configuration.get("cache:accountId", "*"),
        # Where a stack names none, nothing is declared for one.
        reader=configuration.get("cache:secretReaderRoleArn", ""),
        subnet_ids=items(configuration.get("cache:subnetIds", "*")),
    )
    return types, place


def iam_policy(types: Collection[str], place: Place, purpose: Purpose) -> dict[str, Any]:
    """Return AWS's policy document for these types. Raises `NotInTable`."""
    actions: dict[tuple[tuple[str, ...], str], set[str]] = defaultdict(set)
    for grant in _asked(types, Grant):
        condition = {
            operator: {key: place.condition(value) for key, value in tests.items()}
            for operator, tests in grant.condition.items()
        }
        where = tuple(place.fill(pattern) for pattern in grant.on)
        changes = grant.changes if purpose == "deploy" else ()
        actions[where, json.dumps(condition, sort_keys=True)].update(grant.reads, changes)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": sorted(asked),
                "Resource": list(where),
                **({"Condition": json.loads(condition)} if condition != "{}" else {}),
            }
            for (where, condition), asked in sorted(actions.items())
            if asked
        ],
    }


def google_roles(types: Collection[str], purpose: Purpose) -> list[str]:
    """Return Google's predefined roles for these types. Raises `NotInTable`."""
    asked = _asked(types, Roles)
    return sorted({role for each in asked for role in (each.reads if purpose == "preview" else each.changes)})


def _asked(types: Collection[str], kind: type[Permission]) -> list[Permission]:
    """Return what the types of clouds ask for in one kind of terms, in their order. Raises `NotInTable`."""
    table = inventory.governance().permissions
    # Docker's daemon has its own access, and resources of ours live in the state alone.
    clouds = {type_.partition(":")[0] for type_ in table}
    in_clouds = sorted(type_ for type_ in types if type_.partition(":")[0] in clouds)
    for type_ in in_clouds:
        if type_ not in table:
            raise NotInTable(
                f"{type_} has no permissions yet; write down what its provider asks for beside what declares it, as in "
                "infra/backends/elasticache/permissions.py"
            )
    return [each for type_ in in_clouds for each in table[type_] if isinstance(each, kind)]
