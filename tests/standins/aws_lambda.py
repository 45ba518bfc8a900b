"""Lambda and its roles, as Pulumi's provider of AWS declares them; a call runs the code that was deployed."""

import base64
import functools
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import grpc  # type: ignore[import-untyped]
from botocore.exceptions import ClientError  # type: ignore[import-untyped]
from moto.awslambda.models import lambda_backends
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

from runner.inprocess.providers import Diff, Properties, Provider
from tests.standins import lambda_runtime
from tests.standins.aws_providers import AwsResource, Tags, mapping, pairs

if TYPE_CHECKING:
    from tests.standins.aws import Account

INVOCATION = "aws:lambda/getInvocation:getInvocation"


class Role(AwsResource):
    """aws:iam/role:Role."""

    is_named = True
    replaces = frozenset({"name"})

    def make(self, news: Properties) -> str:
        self.account.iam.create_role(
            RoleName=news["name"], AssumeRolePolicyDocument=news["assumeRolePolicy"], Tags=pairs(news.get("tags"))
        )
        return str(news["name"])

    def describe(self, id_: str) -> Properties | None:
        try:
            role = self.account.iam.get_role(RoleName=id_)["Role"]
        except ClientError:
            return None
        return {
            "name": id_,
            "arn": role["Arn"],
            "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
            "tags": mapping(role.get("Tags", [])),
        }

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.iam.delete_role(RoleName=id_)

    def tag(self, id_: str, outputs: Properties, tags: Tags) -> None:
        del outputs
        self.account.iam.tag_role(RoleName=id_, Tags=pairs(tags))


class RolePolicyAttachment(AwsResource):
    """aws:iam/rolePolicyAttachment:RolePolicyAttachment."""

    replaces = frozenset({"role", "policyArn"})

    def make(self, news: Properties) -> str:
        _offer(self.account, news["policyArn"])
        self.account.iam.attach_role_policy(RoleName=news["role"], PolicyArn=news["policyArn"])
        return f"{news['role']}/{news['policyArn']}"

    def describe(self, id_: str) -> Properties | None:
        role, _, policy = id_.partition("/")
        try:
            attached = self.account.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        except ClientError:
            return None
        return {"role": role, "policyArn": policy} if policy in [each["PolicyArn"] for each in attached] else None

    def remove(self, id_: str, outputs: Properties) -> None:
        del id_
        self.account.iam.detach_role_policy(RoleName=outputs["role"], PolicyArn=outputs["policyArn"])


@functools.cache
def _aws_policies() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found


def _offer(account: "Account", arn: str) -> None:
    """Let a policy of AWS's own be there: moto would make all fourteen hundred, which takes a second."""
    name = arn.rpartition("/")[2]
    if arn.split(":")[4] == "aws" and name in _aws_policies():
        policy = AWSManagedPolicy.from_data(name, account.id, account.region, _aws_policies()[name])
        iam_backends[account.id]["aws"].managed_policies[policy.arn] = policy


class Function(AwsResource):
    """aws:lambda/function:Function."""

    replaces = frozenset({"name"})
    # Inputs that are read back under another name.
    configuration: ClassVar[dict[str, str]] = {
        "role": "Role",
        "handler": "Handler",
        "runtime": "Runtime",
        "description": "Description",
        "memorySize": "MemorySize",
        "timeout": "Timeout",
    }

    def diff(self, id_: str, olds: Properties, outputs: Properties, news: Properties) -> Diff:
        """An archive is what is in it, wherever it lies."""
        unchanged = base64.b64encode(hashlib.sha256(self._archive(news)).digest()).decode() == outputs["codeSha256"]
        return super().diff(id_, olds, {**outputs, "code": news["code"] if unchanged else None}, news)

    def make(self, news: Properties) -> str:
        self.account.functions.create_function(
            FunctionName=news["name"],
            Code={"ZipFile": self._archive(news)},
            Architectures=news["architectures"],
            Tags=news.get("tags", {}),
            **self._request(news),
        )
        return str(news["name"])

    def describe(self, id_: str) -> Properties | None:
        try:
            found = self.account.functions.get_function(FunctionName=id_)
        except ClientError:
            return None
        configuration = found["Configuration"]
        network = configuration["VpcConfig"]
        return {
            **{key: configuration[name] for key, name in self.configuration.items()},
            "name": id_,
            "arn": configuration["FunctionArn"],
            "architectures": configuration["Architectures"],
            "codeSha256": configuration["CodeSha256"],
            "tracingConfig": {"mode": configuration["TracingConfig"]["Mode"]},
            "vpcConfig": {"subnetIds": network["SubnetIds"], "securityGroupIds": network["SecurityGroupIds"]},
            "tags": found.get("Tags", {}),
        }

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        """The code by one call, everything else by another."""
        if "code" in changed:
            self.account.functions.update_function_code(FunctionName=id_, ZipFile=self._archive(news))
        if changed.keys() - {"code"}:
            self.account.functions.update_function_configuration(FunctionName=id_, **self._request(news))

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.functions.delete_function(FunctionName=id_)

    def tag(self, id_: str, outputs: Properties, tags: Tags) -> None:
        del id_
        self.account.functions.tag_resource(Resource=outputs["arn"], Tags=tags)

    def _request(self, news: Properties) -> dict[str, Any]:
        network, log = news["vpcConfig"], news["loggingConfig"]
        return {
            **{name: news[key] for key, name in self.configuration.items()},
            "VpcConfig": {"SubnetIds": network["subnetIds"], "SecurityGroupIds": network["securityGroupIds"]},
            "LoggingConfig": {"LogFormat": log["logFormat"], "LogGroup": log["logGroup"]},
            "TracingConfig": {"Mode": news["tracingConfig"]["mode"]},
        }

    def _archive(self, news: Properties) -> bytes:
        """Read the archive, whose path starts from the project as it does for the real engine."""
        path = Path(news["code"]["path"])
        assert not path.is_absolute(), f"the state would hold a path of this machine: {path}"
        return (self.account.project / path).read_bytes()


class InvocationFailed(grpc.RpcError):  # type: ignore[misc]
    """What the SDK gets of a data source that failed, through the engine and Pulumi's bridge to Terraform.

    Source: terraform-provider-aws, internal/service/lambda/invocation_data_source.go.
    """

    def __init__(self, function: str, problem: str) -> None:
        self._details = (
            f"invocation of {INVOCATION} returned an error: invoking {INVOCATION}: 1 error occurred:\n"
            f"\t* invoking Lambda Function ({function}): {problem}\n\n"
        )

    @staticmethod
    def code() -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self._details


def invoke(account: "Account", arguments: Properties) -> Properties:
    """Call a function; it runs in a process of its own, which reaches what this machine reaches."""
    name = arguments["functionName"]
    account.calls.append(name)
    try:
        configuration = account.functions.get_function(FunctionName=name)["Configuration"]
        deployed = lambda_backends[account.id][account.region].get_function(name)
        result, log = lambda_runtime.call_bundle(
            deployed.code_bytes, configuration["Handler"], arguments["input"], seconds=configuration["Timeout"]
        )
    except (ClientError, lambda_runtime.FunctionError) as problem:
        raise InvocationFailed(name, str(problem)) from None
    assert log == "", log
    return {"functionName": name, "input": arguments["input"], "id": name, "result": result}


PROVIDERS: dict[str, Callable[["Account"], Provider]] = {
    "aws:iam/role:Role": Role,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": RolePolicyAttachment,
    "aws:lambda/function:Function": Function,
}
