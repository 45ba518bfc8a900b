"""What AWS's names look like, to find a wrong one before anything is asked of AWS."""

import ipaddress
from typing import Final

from infra.patterns import Pattern, network_problem

# RFC 1918, and RFC 6598, which Kubernetes on AWS gives to its pods.
PRIVATE_NETWORKS: Final = tuple(
    ipaddress.IPv4Network(value) for value in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


ACCOUNT: Final = Pattern(r"\d{12}", "the twelve digits of an AWS account")
# Ids have 8 or 17 hexadecimal digits (EC2 User Guide, "Resource IDs").
VPC: Final = Pattern(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", "the id of a VPC")
SUBNET: Final = Pattern(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", "the id of a subnet")
SECURITY_GROUP: Final = Pattern(r"sg-([0-9a-f]{8}|[0-9a-f]{17})", "the id of a security group")
_PARTITION: Final = r"aws(?:-cn|-us-gov|-iso|-iso-b|-iso-e|-iso-f|-eusc)?"
# us-east-1, ap-southeast-2, us-gov-west-1, us-isob-east-1, eusc-de-east-1.
_REGION: Final = r"[a-z]{2,4}(?:-[a-z]{2,9}){1,2}-[1-9]"
REGION: Final = Pattern(_REGION, "a region of AWS, like us-east-1; a zone will not do")
# Ids are UUIDs, and those of multi-Region keys have 32 digits (KMS Developer Guide, "Key identifiers"). With a key's id
# in its place, a cache is replaced at every update (pulumi-aws issues 3848 and 684).
KEY: Final = Pattern(
    rf"arn:{_PARTITION}:kms:{_REGION}:\d{{12}}:key/(?:mrk-[0-9a-f]{{32}}|[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})",
    "the ARN of a key; its id or alias will not do",
)
# IAM API reference, CreateRole: a role's path and name.
ROLE: Final = Pattern(
    rf"arn:{_PARTITION}:iam::\d{{12}}:role/([!-~]+/)*[\w+=,.@-]{{1,64}}",
    "the ARN of a role; its name will not do, nor the ARN of a session of it",
)

# The partition of a region, by how the region's name begins (AWS General Reference, "AWS Regions and partitions").
_PARTITIONS: Final = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}


def partition_of(region: str) -> str:
    """Return the partition that a region is in: aws, aws-cn and so on."""
    return next((partition for start, partition in _PARTITIONS.items() if region.startswith(start)), "aws")


def moved(arn: str, region: str) -> str:
    """Return an ARN as it would be in a region; what has no region of its own, like a role, is in its partition."""
    _, _, service, own_region, rest = arn.split(":", 4)
    return ":".join(("arn", partition_of(region), service, own_region and region, rest))


def client_network_problem(value: str) -> str | None:
    """Explain why clients may not come from a network, or None where it is a private one."""
    if problem := network_problem(value, example="10.0.0.0/16", everywhere="opens the cache to the whole world"):
        return problem
    if not any(ipaddress.IPv4Network(value).subnet_of(private) for private in PRIVATE_NETWORKS):
        return f"is not a private network, inside {', '.join(map(str, PRIVATE_NETWORKS))}"
    return None
