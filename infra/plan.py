"""What a stack would declare, as its controls see it: with Terraform's names, which scanners read too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pulumi.runtime import rpc

# In the place of a value that only the creation tells: a text that no other value has in it.
UNKNOWN: Final[str] = rpc.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of the plan.

    `values` has Terraform's names; secrets are masked, and what only the creation tells is `UNKNOWN`. `references` are
    the addresses of the resources that an attribute is made of. `called` is what Pulumi calls it, like
    "aws:kms:Key hospitality-redis-prod".
    """

    type: str
    name: str
    called: str
    values: Mapping[str, Any]
    references: Mapping[str, Sequence[str]]
    protected: bool

    @property
    def address(self) -> str:
        """What Terraform and checkov call it."""
        return f"{self.type}.{self.name}"

    def known(self, attribute: str) -> Any:
        """Return an attribute; None where it is absent, or where it or a part of it is not known yet."""
        value = self.values.get(attribute)
        return None if UNKNOWN in str(value) else value

    def blocks(self, attribute: str) -> list[Mapping[str, Any]]:
        """Return the blocks of one name; none where they are not known yet."""
        value = self.values.get(attribute)
        return [block for block in value if isinstance(block, Mapping)] if isinstance(value, list) else []


@dataclass(frozen=True)
class Plan:
    """All resources, by their address."""

    resources: Mapping[str, Resource]

    def of_type(self, type_: str) -> list[Resource]:
        """Return the resources of one type."""
        return [resource for resource in self.resources.values() if resource.type == type_]

    def referred(self, resource: Resource, attribute: str) -> list[Resource]:
        """Return the resources that an attribute is made of."""
        return [self.resources[address] for address in resource.references.get(attribute, ())]
