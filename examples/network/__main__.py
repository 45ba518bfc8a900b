"""A network on AWS for the cache and its application: a VPC with private subnets in two zones.

Its outputs are what `cache:networkStack` reads: vpcId, subnetIds and applicationSecurityGroupId.
"""

import ipaddress

import pulumi
import pulumi_aws as aws

ZONES = 2
# A subnet's share of the VPC: 4,091 addresses of a /16.
SUBNET_BITS = 4

stack = pulumi.get_stack()
name = f"hospitality-{stack}"
tags = {"project": pulumi.get_project(), "stack": stack, "managed-by": "pulumi"}
network = ipaddress.ip_network(pulumi.Config().require("cidr"))

vpc = aws.ec2.Vpc(name, cidr_block=str(network), enable_dns_support=True, enable_dns_hostnames=True, tags=tags)

# AWS gives every VPC a group that lets its members reach each other. Declared without rules, it has none.
aws.ec2.DefaultSecurityGroup(name, vpc_id=vpc.id, tags=tags)

# No route leads to the internet: the cache needs none, and the application's part of the network is its own affair.
zones = aws.get_availability_zones(state="available").names[:ZONES]
subnets = [
    aws.ec2.Subnet(
        f"{name}-{zone}",
        vpc_id=vpc.id,
        availability_zone=zone,
        cidr_block=str(block),
        map_public_ip_on_launch=False,
        tags={**tags, "Name": f"{name}-{zone}"},
    )
    for zone, block in zip(zones, network.subnets(prefixlen_diff=SUBNET_BITS), strict=False)
]

# Whatever is started with this group may connect to the cache, and only to it until you add rules of your own.
application = aws.ec2.SecurityGroup(
    f"{name}-application", description="Application of the hospitality platform", vpc_id=vpc.id, tags=tags
)
aws.vpc.SecurityGroupEgressRule(
    f"{name}-application-to-cache",
    security_group_id=application.id,
    description="Redis inside the network",
    ip_protocol="tcp",
    from_port=6379,
    to_port=6379,
    cidr_ipv4=str(network),
    tags=tags,
)

pulumi.export("vpcId", vpc.id)
pulumi.export("subnetIds", [subnet.id for subnet in subnets])
pulumi.export("applicationSecurityGroupId", application.id)
