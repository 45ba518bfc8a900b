"""Where the cache stands in the network, and who may reach it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from infra.backends.elasticache.settings import ElastiCacheSettings

PORT: Final = 6379

# A security group is replaced when its description changes, and it cannot go while a cache uses it (cloudposse/
# terraform-aws-elasticache-redis issues 116 and 121): these never change.
CACHE_DESCRIPTION: Final = "Hospitality Redis cache"
VERIFIER_DESCRIPTION: Final = "Verifier of the Hospitality Redis cache"


@dataclass(frozen=True, kw_only=True)
class Network:
    """The place for a cache, and its clients by a name each: arguments of the rule that lets one in."""

    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    clients: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class SecurityGroups:
    """The cache's group, that of whoever verifies it from inside the network, and what lets through between them."""

    cache: aws.ec2.SecurityGroup
    verifier: aws.ec2.SecurityGroup
    verifiers_way: Sequence[pulumi.Resource]


def find(settings: ElastiCacheSettings) -> Network:
    """Take the network from the settings, or from the outputs of the stack that they name."""
    clients: dict[str, Mapping[str, Any]] = {
        **{group: {"referenced_security_group_id": group} for group in settings.application_security_group_ids},
        **{cidr: {"cidr_ipv4": cidr} for cidr in settings.application_cidrs},
    }
    if settings.network_stack is None:
        return Network(vpc_id=settings.vpc_id or "", subnet_ids=settings.subnet_ids, clients=clients)
    outputs = pulumi.StackReference(settings.network_stack)
    application = outputs.require_output("applicationSecurityGroupId")
    return Network(
        vpc_id=outputs.require_output("vpcId"),
        subnet_ids=outputs.require_output("subnetIds"),
        clients={**clients, "application": {"referenced_security_group_id": application}},
    )


def subnet_group(name: str, network: Network, *, zones: int, tags: Mapping[str, str]) -> aws.elasticache.SubnetGroup:
    """Declare the group of the cache's subnets, which have to be the VPC's and lie in `zones` zones or more."""
    # Looked up in the preview: AWS would refuse them a quarter of an hour into the creation.
    subnets: pulumi.Output[list[aws.ec2.GetSubnetResult]] = pulumi.Output.from_input(network.subnet_ids).apply(
        lambda ids: pulumi.Output.all(*(aws.ec2.get_subnet_output(id=subnet_id) for subnet_id in ids))
    )
    checked = pulumi.Output.all(network.vpc_id, subnets).apply(lambda known: _checked(*known, zones=zones))
    return aws.elasticache.SubnetGroup(name, subnet_ids=checked, description=CACHE_DESCRIPTION, tags=tags)


def _checked(vpc_id: str, subnets: Sequence[aws.ec2.GetSubnetResult], *, zones: int) -> list[str]:
    elsewhere = [subnet.id for subnet in subnets if subnet.vpc_id != vpc_id]
    if elsewhere:
        raise pulumi.RunError(f"the subnets {', '.join(elsewhere)} are not of {vpc_id}: check cache:subnetIds")
    seen = {subnet.availability_zone for subnet in subnets}
    if len(seen) < zones:
        raise pulumi.RunError(
            f"all subnets lie in {', '.join(sorted(seen))}, and a cache with replicas needs {zones} zones: add a "
            "subnet in another one to cache:subnetIds"
        )
    return [subnet.id for subnet in subnets]


def security_groups(name: str, network: Network, *, tags: Mapping[str, str]) -> SecurityGroups:
    """Declare who may reach the cache: its clients and the verifier, on its port, and nobody else.

    Neither group has any other way in or out.
    """
    # No rules inside the groups: beside rule resources they fight each other (pulumi-aws, SecurityGroup).
    cache = aws.ec2.SecurityGroup(name, description=CACHE_DESCRIPTION, vpc_id=network.vpc_id, tags=tags)
    verifier = aws.ec2.SecurityGroup(
        f"{name}-verifier", description=VERIFIER_DESCRIPTION, vpc_id=network.vpc_id, tags=tags
    )
    clients = {**network.clients, "verifier": {"referenced_security_group_id": verifier.id}}
    ways_in = {
        client: aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-{client}",
            security_group_id=cache.id,
            description=f"Redis from {client}",
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            tags=tags,
            **source,
        )
        for client, source in clients.items()
    }
    way_out = aws.vpc.SecurityGroupEgressRule(
        f"{name}-verifier-to-cache",
        security_group_id=verifier.id,
        description="Redis to the cache",
        ip_protocol="tcp",
        from_port=PORT,
        to_port=PORT,
        referenced_security_group_id=cache.id,
        tags=tags,
    )
    return SecurityGroups(cache=cache, verifier=verifier, verifiers_way=[way_out, ways_in["verifier"]])
