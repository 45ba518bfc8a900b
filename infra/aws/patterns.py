"""What AWS's names look like, to find a wrong one before anything is asked of AWS."""

import ipaddress
from typing import Final

from infra.patterns import Form, network_problem

# RFC 1918, and RFC 6598, which Kubernetes on AWS gives to its pods.
PRIVATE_NETWORKS: Final = tuple(
    ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


ACCOUNT: Final = Form(r"\d{12}", "the twelve digits of an AWS account")
# Ids have 8 or 17 hexadecimal digits (EC2 User Guide, "Resource IDs").
VPC: Final = Form(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", "the id of a VPC")
SUBNET: Final = Form(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", "the id of a subnet")
SECURITY_GROUP: Final = Form(r"sg-([0-9a-f]{8}|[0-9a-f]{17})", "the id of a security group")
# With a key's id in its place, a cache is replaced at every update (pulumi-aws issues 3848 and 684).
KEY: Final = Form(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+", "the ARN of a key; its id or alias will not do")
# IAM API reference, CreateRole: a role's path and name.
ROLE: Final = Form(
    r"arn:aws[a-z-]*:iam::\d{12}:role/([!-~]+/)*[\w+=,.@-]{1,64}",
    "the ARN of a role; its name will not do, nor the ARN of a session of it",
)


def client_network_problem(text: str) -> str | None:
    """Say why clients may not come from a network, or None where it is a private one."""
    if problem := network_problem(text, example="10.0.0.0/16", everywhere="opens the cache to the whole world"):
        return problem
    if not any(ipaddress.IPv4Network(text).subnet_of(private) for private in PRIVATE_NETWORKS):
        return f"is not a private network, inside {', '.join(map(str, PRIVATE_NETWORKS))}"
    return None
