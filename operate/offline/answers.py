"""Answers to the functions that a program asks of its cloud, given without asking anybody.

What they say of an account or a network is made up, and no rule is judged by it.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pulumi

from infra.backends.rediscloud.api import ACCESS_KEY, SECRET_KEY
from infra.settings.loading import BACKEND_KEY, unanswered
from runner.inprocess.engine import Invoke
from runner.inprocess.providers import ProviderError

# The account of AWS's own examples.
ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"

Answer = Callable[[Mapping[str, Any], Mapping[str, str]], dict[str, Any]]


def completed(configuration: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Complete a configuration that names no network yet with one that is made up, and say so.

    No rule is judged by which network it is, and nobody should need an account to see what a stack is worth.
    """
    asked = unanswered({BACKEND_KEY: configuration.get(BACKEND_KEY, "")})
    network = asked if asked.keys() <= unanswered(configuration).keys() else {}
    words = "The stack names no network yet: judged with one that is made up." if network else ""
    return {**configuration, **network}, words


@contextmanager
def keys() -> Iterator[None]:
    """Have the keys without which a program declares nothing: made up, since nobody is asked anything with them."""
    missing = [name for name in (ACCESS_KEY, SECRET_KEY) if not os.environ.get(name)]
    os.environ.update(dict.fromkeys(missing, "offline"))
    try:
        yield
    finally:
        for name in missing:
            del os.environ[name]


def functions(configuration: Mapping[str, str]) -> Invoke:
    """Answer for a stack of this configuration. Raises `pulumi.RunError` for a function that is not known here."""

    def invoke(token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = ANSWERS.get(token)
        if answer is None:
            raise pulumi.RunError(f"{token} has no answer offline; give it one in operate/offline/answers.py")
        return answer(arguments, configuration)

    return invoke


def _caller_identity(_: Mapping[str, Any], configuration: Mapping[str, str]) -> dict[str, Any]:
    account = configuration.get("cache:accountId", ACCOUNT)
    return {
        "id": account,
        "accountId": account,
        "arn": f"arn:aws:iam::{account}:user/offline",
        "userId": "OFFLINE",
    }


def _region(_: Mapping[str, Any], configuration: Mapping[str, str]) -> dict[str, Any]:
    region = configuration.get("aws:region") or os.environ.get("AWS_REGION") or REGION
    return {"id": region, "region": region, "name": region}


def _subnet(arguments: Mapping[str, Any], configuration: Mapping[str, str]) -> dict[str, Any]:
    """Say that each subnet is the VPC's and in a zone of its own, as a stack that can be brought up has it."""
    subnet = str(arguments.get("id", ""))
    return {"id": subnet, "vpcId": configuration.get("cache:vpcId", ""), "availabilityZone": f"zone of {subnet}"}


def _no_replication_group(_: Mapping[str, Any], __: Mapping[str, str]) -> dict[str, Any]:
    """Answer as the provider does where there is none: what is judged is a stack that is yet to come."""
    raise ProviderError("no matching ElastiCache Replication Group found")


ANSWERS: Final[Mapping[str, Answer]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:elasticache/getReplicationGroup:getReplicationGroup": _no_replication_group,
}
