"""The table of what the provider asks of AWS, held against the code and against two lists that AWS publishes.

cfn-lint carries both: the actions of every service and what they can be limited to (Service Authorization Reference),
and CloudFormation's resource schemas, whose handlers say what they ask for.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pydantic.alias_generators import to_snake

from infra import inventory
from infra.permission import EVERYWHERE, Grant
from tests.stacks.project import ROOT
from tests.test_repository import tracked

PERMISSIONS = inventory.governance().permissions
GRANTS: Mapping[str, list[Grant]] = {
    type_: [each for each in asked if isinstance(each, Grant)]
    for type_, asked in PERMISSIONS.items()
    if type_.startswith("aws:")
}

CLOUDFORMATION: Mapping[str, str] = {
    "aws:cloudwatch/logGroup:LogGroup": "AWS::Logs::LogGroup",
    "aws:ec2/securityGroup:SecurityGroup": "AWS::EC2::SecurityGroup",
    "aws:elasticache/parameterGroup:ParameterGroup": "AWS::ElastiCache::ParameterGroup",
    "aws:elasticache/replicationGroup:ReplicationGroup": "AWS::ElastiCache::ReplicationGroup",
    "aws:elasticache/subnetGroup:SubnetGroup": "AWS::ElastiCache::SubnetGroup",
    "aws:elasticache/user:User": "AWS::ElastiCache::User",
    "aws:elasticache/userGroup:UserGroup": "AWS::ElastiCache::UserGroup",
    "aws:iam/role:Role": "AWS::IAM::Role",
    "aws:iam/rolePolicy:RolePolicy": "AWS::IAM::RolePolicy",
    "aws:kms/alias:Alias": "AWS::KMS::Alias",
    "aws:kms/key:Key": "AWS::KMS::Key",
    "aws:lambda/function:Function": "AWS::Lambda::Function",
    "aws:secretsmanager/secret:Secret": "AWS::SecretsManager::Secret",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "AWS::SecretsManager::ResourcePolicy",
    "aws:ssm/parameter:Parameter": "AWS::SSM::Parameter",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "AWS::EC2::SecurityGroupEgress",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "AWS::EC2::SecurityGroupIngress",
}

# What CloudFormation's handlers ask for and ours do not: the action or the beginning of its name, and why.
NOT_OURS: Mapping[str, str] = {
    "ec2:AuthorizeSecurityGroup": "our rules are resources of their own, which have it",
    "ec2:DescribeInstances": "CloudFormation's own, from the days of EC2-Classic",
    "elasticfilesystem:": "the function has no file system",
    "firehose:": "no log of ours goes to Firehose",
    "iam:AttachRolePolicy": "our attachment is a resource of its own, which has it",
    "iam:CreateServiceLinkedRole": "the replication group has it",
    "iam:DeleteRolePolicy": "our role has no policy written into it",
    "iam:DetachRolePolicy": "our attachment is a resource of its own, which has it",
    "iam:GetRolePolicy": "our role has no policy written into it",
    "iam:PutRolePolicy": "our role has no policy written into it",
    "kms:": "the function's variables, of which it has none, would be encrypted",
    "lambda:AssociateRuntimeAlias": "no runtime is pinned",
    "lambda:GetCodeSigningConfig": "no code is signed",
    "lambda:GetFunctionRecursionConfig": "the provider leaves it alone where nothing is said",
    "lambda:GetFunctionScalingConfig": "the provider leaves it alone where nothing is said",
    "lambda:GetLayerVersion": "no layers",
    "lambda:GetRuntimeManagementConfig": "no runtime is pinned",
    "lambda:PassCapacityProvider": "no capacity of its own",
    "lambda:PutFunction": "no concurrency, recursion or scaling is set",
    "lambda:PutRuntimeManagementConfig": "no runtime is pinned",
    "logs:CreateLogStream": "ElastiCache writes its logs itself",
    "logs:DeleteDataProtectionPolicy": "no data protection policy",
    "logs:DescribeIndexPolicies": "no index policy",
    "logs:GetDataProtectionPolicy": "no data protection policy",
    "logs:PutBearerTokenAuthentication": "nobody sends logs over HTTP",
    "logs:PutDataProtectionPolicy": "no data protection policy",
    "logs:PutIndexPolicy": "no index policy",
    "logs:PutLogEvents": "ElastiCache writes its logs itself",
    "logs:CreateLogDelivery": "the replication group has it",
    "logs:DescribeResourcePolicies": "the replication group has it",
    "logs:PutResourcePolicy": "the replication group has it",
    "s3:": "no snapshot and no code of ours comes from S3",
    "s3files:": "the function has no file system",
    "secretsmanager:GetRandomPassword": "the password is made by the program",
    "secretsmanager:GetSecretValue": "the version has it",
    "secretsmanager:RemoveRegionsFromReplication": "no replicas",
    "secretsmanager:ReplicateSecretToRegions": "no replicas",
}


def folder(package: str) -> Path:
    """Return the folder of an installed package without importing it, which takes seconds with these."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@cache
def published() -> Mapping[str, Any]:
    """Return every service's actions, in lower case, and its resources."""
    return json.loads((folder("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text())


@cache
def handlers() -> Mapping[str, frozenset[str]]:
    """Return what the handlers of each of CloudFormation's types ask for to create, read and delete."""
    found = {}
    wanted = re.compile('"typeName": ?"(' + "|".join(CLOUDFORMATION.values()) + ')"')
    for file in (folder("cfnlint") / "data" / "schemas" / "resources").glob("*.json"):
        text = file.read_text()
        if wanted.search(text):
            schema = json.loads(text)
            found[schema["typeName"]] = frozenset(
                action
                for verb in ("create", "read", "delete")
                for action in schema.get("handlers", {}).get(verb, {}).get("permissions", [])
            )
    return found


def every_grant() -> Iterator[tuple[str, Grant, str]]:
    """Return every action of the table, with its type and its grant."""
    for type_, asked in GRANTS.items():
        for grant in asked:
            for action in (*grant.reads, *grant.changes):
                yield type_, grant, action


def limits(action: str) -> list[str]:
    """Return the forms of ARN that AWS can limit an action to."""
    service, _, name = action.partition(":")
    kinds = published()[service]["Actions"][name.lower()].get("Resources", [])
    known = {kind.lower(): entry["ARNFormats"] for kind, entry in published()[service]["Resources"].items()}
    return [form for kind in kinds for form in known[kind.lower()]]


def fits(pattern: str, form: str) -> bool:
    """Return whether a pattern of ours names resources of a form, compared by their fixed beginnings."""
    ours = re.sub(r"\{[a-z]+\}", "X", "arn:aws:iam::X:role/X" if pattern == "{reader}" else pattern)
    theirs = re.sub(r"\$\{[A-Za-z]+\}", "[^:]*", form)
    return re.fullmatch(theirs, ours) is not None


def test_every_action_is_one_that_aws_has() -> None:
    """IAM takes a misspelt action without a word, and then it is missing."""
    unknown = {
        action
        for _, _, action in every_grant()
        if action.partition(":")[2].lower() not in published()[action.partition(":")[0]]["Actions"]
    }
    assert unknown == set()


def test_an_action_is_limited_wherever_aws_can_limit_it() -> None:
    """And where it cannot, a limit would make the statement say nothing."""
    wrong = []
    for type_, grant, action in every_grant():
        forms = limits(action)
        if grant.on == EVERYWHERE:
            if forms:
                wrong.append(f"{type_}: {action} could be limited to {forms}")
        elif not any(fits(pattern, form) for pattern in grant.on for form in forms):
            wrong.append(f"{type_}: {action} can be limited to {forms or 'nothing'}, and not to {grant.on}")
    assert wrong == []


def test_every_condition_on_a_resource_is_one_that_aws_has() -> None:
    """IAM takes an unknown key without a word, and then the statement lets nobody in."""
    wrong = []
    for type_, grant, action in every_grant():
        service = action.partition(":")[0]
        kinds = published()[service]["Actions"][action.partition(":")[2].lower()].get("Resources", [])
        known = {kind.lower(): entry for kind, entry in published()[service]["Resources"].items()}
        keys = {key for kind in kinds for key in known[kind.lower()].get("ConditionKeys", [])}
        wrong += [
            f"{type_}: {action} by {key}"
            for tests in grant.condition.values()
            for key in tests
            if key.startswith("ec2:") and key not in keys
        ]
    assert wrong == []


@pytest.mark.parametrize("type_", CLOUDFORMATION)
def test_what_cloudformation_asks_for_is_in_the_table(type_: str) -> None:
    """AWS's own account of what it takes to create, read and delete a thing of this type."""
    ours = {action for grant in GRANTS[type_] for action in (*grant.reads, *grant.changes)}
    asked = handlers()[CLOUDFORMATION[type_]]
    assert asked, "cfn-lint no longer carries it"
    assert {action for action in asked - ours if not action.startswith(tuple(NOT_OURS))} == set()


def test_nothing_is_excused_that_nobody_asks_for() -> None:
    """The list of excuses is as long as it has to be."""
    asked = {action for type_ in CLOUDFORMATION.values() for action in handlers()[type_]}
    assert [start for start in NOT_OURS if not any(action.startswith(start) for action in asked)] == []


def declared_in_code() -> dict[str, str]:
    """Return the type tokens of all resources of the clouds that infra/ declares anywhere, and where."""
    found = {}
    for path in tracked():
        if path.suffix != ".py" or path.relative_to(ROOT).parts[0] != "infra":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            match ast.unparse(node.func).split("."):
                case ["aws" | "gcp" as cloud, module, name] if name[0].isupper() and not name.endswith("Args"):
                    written = (folder(f"pulumi_{cloud}") / module / f"{to_snake(name)}.py").read_text()
                    token = re.search(rf'^@pulumi.type_token\("(.+)"\)\nclass {name}\(', written, re.MULTILINE)
                    assert token is not None, f"{path}: {ast.unparse(node.func)} is no resource"
                    found[token[1]] = str(path.relative_to(ROOT))
    return found


def test_every_type_that_any_stack_can_declare_is_in_a_table() -> None:
    """Read from the code, so that no combination of settings is left out."""
    found = declared_in_code()
    assert len(found) > 10
    assert {type_: file for type_, file in found.items() if type_ not in PERMISSIONS} == {}


def test_no_type_is_in_a_table_for_nothing() -> None:
    """A right that nobody uses is one too many."""
    assert PERMISSIONS.keys() - declared_in_code().keys() == set()
