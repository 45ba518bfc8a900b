"""A stand-in for AWS and for Pulumi's provider of it: boto3 against moto, in this process.

What moto lacks of ElastiCache is in aws_elasticache.py, what AWS refuses and moto takes in aws_cache_refusals.py and
aws_secret_refusals.py, and how a function runs in lambda_runtime.py. Requests are validated by botocore, as they are on
their way to the real AWS.
"""

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.model import OperationModel  # type: ignore[import-untyped]
from moto import mock_aws

from runner.inprocess.providers import Properties, Provider
from tests.standins import aws_cache_refusals, aws_lambda, aws_providers, aws_secret_refusals, aws_secrets
from tests.standins.aws_elasticache import ElastiCache, fault

ACCOUNT_ID = "123456789012"
# What the declaration says beside inputs, and the stand-ins see to or need not: the provider's version, and how long
# the real one may take.
HONOURED = ("version", "customTimeouts")
REFUSALS = (*aws_cache_refusals.REFUSALS, *aws_secret_refusals.REFUSALS)
PROVIDERS = {**aws_providers.PROVIDERS, **aws_lambda.PROVIDERS, **aws_secrets.PROVIDERS}
FUNCTIONS = {**aws_providers.FUNCTIONS, aws_lambda.INVOCATION: aws_lambda.invoke}
CALLER = {"Arn": f"arn:aws:iam::{ACCOUNT_ID}:user/tester", "UserId": "AIDATESTER"}


@dataclass
class Account:
    """An account in one region."""

    cache: ElastiCache
    region: str = "us-east-1"
    # The folder that relative paths of archives start from: the project's.
    project: Path = Path()
    # The functions that were called.
    calls: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The account's number."""
        return ACCOUNT_ID

    @property
    def elasticache(self) -> Any:
        """ElastiCache as boto3 gives it."""
        return _client("elasticache", self.region)

    @property
    def ec2(self) -> Any:
        """EC2 as boto3 gives it."""
        return _client("ec2", self.region)

    @property
    def kms(self) -> Any:
        """KMS as boto3 gives it."""
        return _client("kms", self.region)

    @property
    def logs(self) -> Any:
        """CloudWatch Logs as boto3 gives it."""
        return _client("logs", self.region)

    @property
    def iam(self) -> Any:
        """IAM as boto3 gives it."""
        return _client("iam", self.region)

    @property
    def functions(self) -> Any:
        """Lambda as boto3 gives it."""
        return _client("lambda", self.region)

    @property
    def secrets(self) -> Any:
        """Secrets Manager as boto3 gives it."""
        return _client("secretsmanager", self.region)

    @property
    def parameters(self) -> Any:
        """Parameter Store as boto3 gives it."""
        return _client("ssm", self.region)

    def find(self, type_: str, _: Properties) -> Provider | None:
        """Find the provider of a type, for the in-process engine."""
        provider = PROVIDERS.get(type_)
        return provider(self) if provider else None

    def invoke(self, function: str, arguments: Properties) -> Properties:
        """Answer the functions of Pulumi's provider."""
        if function in FUNCTIONS:
            return FUNCTIONS[function](self, arguments)
        match function:
            case "aws:index/getCallerIdentity:getCallerIdentity":
                return {"accountId": self.id, "arn": CALLER["Arn"], "userId": CALLER["UserId"], "id": self.id}
            case "aws:index/getRegion:getRegion":
                return {
                    "region": self.region,
                    "name": self.region,
                    "id": self.region,
                    "endpoint": "",
                    "description": "",
                }
            case "aws:ec2/getSubnet:getSubnet":
                (subnet,) = self.ec2.describe_subnets(SubnetIds=[arguments["id"]])["Subnets"]
                return {
                    "id": subnet["SubnetId"],
                    "vpcId": subnet["VpcId"],
                    "availabilityZone": subnet["AvailabilityZone"],
                }
            case "aws:index/getAvailabilityZones:getAvailabilityZones":
                zones = self.ec2.describe_availability_zones()["AvailabilityZones"]
                return {"names": [zone["ZoneName"] for zone in zones], "zoneIds": [zone["ZoneId"] for zone in zones]}
        raise NotImplementedError(function)

    def network(self, *, zones: int = 2) -> dict[str, str]:
        """Make a VPC with a subnet in each of some zones, and give the settings that name them."""
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            self.ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.0.{place}.0/24", AvailabilityZone=f"{self.region}{'ab'[place % zones]}"
            )["Subnet"]["SubnetId"]
            for place in range(2)
        ]
        application = self.ec2.create_security_group(GroupName="application", Description="application", VpcId=vpc)
        return {
            "vpcId": vpc,
            "subnetIds": ",".join(subnets),
            "applicationSecurityGroupIds": application["GroupId"],
        }

    def answer(self, model: OperationModel, context: dict[str, Any]) -> tuple[Any, Any] | None:
        """Refuse what AWS would, answer what moto cannot, and leave the rest to moto."""
        request: Mapping[str, Any] = context["request"]
        for row in REFUSALS:
            if row.operation == model.name and row.refuses(request, self):
                raise fault(model.name, row.code, row.words)
        if model.service_model.service_name != "elasticache":
            return None
        response = self.cache.answer(model, request)
        return None if response is None else (_Done(), response)

    def complete(self, context: dict[str, Any]) -> None:
        """Return a new group the nodes that were asked for, of which moto makes one alone."""
        request = context["request"]
        if request["ReplicationGroupId"] in self.cache.moto.replication_groups:
            self.cache.set_nodes(request["ReplicationGroupId"], request["NumCacheClusters"])


class _Done:
    """The part of an HTTP response that botocore looks at."""

    status_code = 200


# The account of the test that runs: there is one at a time, as there is one moto.
_current: list[Account] = []


@functools.cache
def _client(service: str, region: str) -> Any:
    """Make a client once for all tests: reading a service's model takes longer than most of them."""
    client = _session().client(service, region_name=region)
    events = client.meta.events
    events.register(f"before-parameter-build.{service}", _remember)
    events.register(f"before-call.{service}", lambda model, context, **_: _current[-1].answer(model, context))
    events.register(
        "after-call.elasticache.CreateReplicationGroup", lambda context, **_: _current[-1].complete(context)
    )
    return client


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session()


def _remember(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Keep a request as it was asked; further on botocore has it only as bytes for the wire."""
    context["request"] = dict(params)


@contextmanager
def account(region: str = "us-east-1") -> Iterator[Account]:
    """Return an account with nothing in it."""
    with mock_aws():
        _current.append(Account(cache=ElastiCache(account_id=ACCOUNT_ID, region=region), region=region))
        try:
            yield _current[-1]
        finally:
            _current.pop()
