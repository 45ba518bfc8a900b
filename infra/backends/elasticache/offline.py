"""What AWS's functions say offline: their account and network are made up, and no rule is judged by them."""

import os
from collections.abc import Mapping
from typing import Any, Final

from infra.backend import Answer, NothingFound

# The account of AWS's own examples.
ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"


def _caller_identity(_: Mapping[str, Any], config: Mapping[str, str]) -> dict[str, Any]:
    account = config.get("cache:accountId", ACCOUNT)
    return {
        "id": account,
        "accountId": account,
        "arn": f"arn:aws:iam::{account}:user/offline",
        "userId": "OFFLINE",
    }


def _region(_: Mapping[str, Any], config: Mapping[str, str]) -> dict[str, Any]:
    region = config.get("aws:region") or os.environ.get("AWS_REGION") or REGION
    return {"id": region, "region": region, "name": region}


def _subnet(arguments: Mapping[str, Any], config: Mapping[str, str]) -> dict[str, Any]:
    """Answer that each subnet is the VPC's and in a zone of its own, as a stack that can be brought up has it."""
    subnet = str(arguments.get("id", ""))
    return {"id": subnet, "vpcId": config.get("cache:vpcId", ""), "availabilityZone": f"zone of {subnet}"}


def _no_replication_group(_: Mapping[str, Any], __: Mapping[str, str]) -> dict[str, Any]:
    """Answer as the provider does where there is none: what is judged is a stack that is yet to come."""
    raise NothingFound("no matching ElastiCache Replication Group found")


FUNCTIONS: Final[Mapping[str, Answer]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:elasticache/getReplicationGroup:getReplicationGroup": _no_replication_group,
}
