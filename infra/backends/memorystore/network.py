"""How the network and Google's own are joined: private service access, made here or taken as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
import pulumi_gcp as gcp

from infra.backends.memorystore.settings import MemorystoreSettings

SERVICE: Final = "servicenetworking.googleapis.com"

# An instance takes a /29. The connection is the network's only one, though, and serves every Google service in it, of
# which Cloud SQL takes a /24 for each region (VPC, "Configure private services access").
PREFIX_LENGTH: Final = 24


@dataclass(frozen=True, kw_only=True)
class PrivateServiceAccess:
    """What an instance says of its network. `ready` is what has to be there before it."""

    network: str
    # The range of addresses to take its own from; None leaves it to Google.
    allocated_range: pulumi.Input[str] | None = None
    ready: Sequence[pulumi.Resource] = field(default_factory=tuple)


def private_service_access(
    name: str, settings: MemorystoreSettings, *, labels: Mapping[str, str]
) -> PrivateServiceAccess:
    """Declare the private service access of the network, or take the one that it has."""
    network = settings.network
    if settings.private_service_access == "adopt":
        return PrivateServiceAccess(network=network, allocated_range=settings.allocated_range)
    addresses = gcp.compute.GlobalAddress(
        name,
        name=name,
        project=settings.project,
        network=network,
        purpose="VPC_PEERING",
        address_type="INTERNAL",
        prefix_length=PREFIX_LENGTH,
        description="Addresses of the Hospitality Redis cache",
        labels=labels,
    )
    connection = gcp.servicenetworking.Connection(
        name,
        network=network,
        service=SERVICE,
        reserved_peering_ranges=[addresses.name],
        # Where the network has a connection already, others rely on its ranges: the creation then has to fail, and not
        # to put ours in their place (terraform-provider-google issues 3294 and 16697).
        update_on_creation_fail=False,
        # Google refuses while anything uses it. The provider's other ways would leave the peering to nobody, or cut
        # off whatever else uses it (terraform-provider-google issue 19908; magic-modules pull request 18476).
        deletion_policy="DELETE",
    )
    return PrivateServiceAccess(network=network, allocated_range=addresses.name, ready=[connection])
