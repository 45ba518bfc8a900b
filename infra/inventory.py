"""Everything that the backends, the sinks and the verifiers say of the resources that they declare."""

from collections import defaultdict

from infra import sinks, verifiers
from infra.backend import all_backends
from infra.governance import Governance
from infra.permission import Grant, Roles


def governance() -> Governance:
    """Return all of it, in the order of the tables: backends, sinks, verifiers."""
    everything = (*all_backends(), *sinks.governance(), *verifiers.governance())
    permissions: defaultdict[str, list[Grant | Roles]] = defaultdict(list)
    for each in everything:
        for type_, asked in each.permissions.items():
            # Two may declare the same type, as the cache and its verifier do with their logs.
            permissions[type_] += [one for one in asked if one not in permissions[type_]]
    return Governance(
        controls=[control for each in everything for control in each.controls],
        not_assessed=[entry for each in everything for entry in each.not_assessed],
        exemptions=[exemption for each in everything for exemption in each.exemptions],
        permissions=dict(permissions),
    )
