"""What one stack's declaration comes to: a policy of AWS, or roles of Google."""

import json
from pathlib import Path

import pytest

from operate import cli
from operate.permissions import command
from operate.permissions.policy import NotInTable, Place, declared, google_roles, iam_policy
from runner.project import Project
from tests.recorded_stacks import NETWORK, project

PROD = Place(
    project="cache",
    stack="prod",
    region="eu-west-1",
    account="123456789012",
    reader="arn:aws:iam::123456789012:role/app",
)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("*", "aws")],
)
def test_a_pattern_is_filled_in_for_the_region(region: str, partition: str) -> None:
    """China and the government's regions are partitions of their own."""
    place = Place(project="cache", stack="prod", region=region, account="*", reader="")
    assert place.fill("arn:{partition}:kms:{region}:{account}:alias/{name}") == (
        f"arn:{partition}:kms:{region}:*:alias/hospitality-redis-prod"
    )


def test_what_two_types_need_of_the_same_things_is_one_statement() -> None:
    """IAM counts characters."""
    policy = iam_policy({"aws:elasticache/user:User", "aws:elasticache/userGroup:UserGroup"}, PROD, "deploy")
    (statement,) = policy["Statement"]
    assert {"elasticache:CreateUser", "elasticache:CreateUserGroup"} <= set(statement["Action"])


def test_a_preview_asks_for_nothing_that_changes_anything() -> None:
    """Neither a statement of changes nor a change among what is read."""
    preview = iam_policy({"aws:elasticache/user:User", "aws:iam/role:Role"}, PROD, "preview")
    actions = {action for statement in preview["Statement"] for action in statement["Action"]}
    assert "elasticache:DescribeUsers" in actions
    assert not {"elasticache:ModifyUser", "iam:CreateRole"} & actions


@pytest.mark.stack
@pytest.mark.parametrize(
    ("settings", "subnets"),
    [
        ({}, NETWORK["cache:subnetIds"]),
        # Only that stack's outputs know them.
        ({"networkStack": "organization/cache-network/prod"}, ["*"]),
    ],
)
def test_network_interfaces_are_deleted_in_the_caches_subnets_alone(
    tmp_path: Path, settings: dict[str, object], subnets: list[str]
) -> None:
    """Those of a function have no tags; nothing in another subnet of the region can be touched."""
    types, place = declared(project(tmp_path, "prod", like="prod", **settings), "prod")
    policy = iam_policy(types, place, "deploy")
    (deletes,) = [each for each in policy["Statement"] if "ec2:DeleteNetworkInterface" in each["Action"]]
    assert deletes["Action"] == ["ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"]
    assert deletes["Condition"] == {
        "ArnLike": {"ec2:Subnet": [f"arn:aws:ec2:us-east-1:*:subnet/{subnet}" for subnet in subnets]}
    }


def test_a_type_that_nobody_wrote_down_is_named() -> None:
    """A policy that lacks something unsaid would be refused in the middle of an `up`."""
    with pytest.raises(NotInTable, match=r"aws:rds/instance:Instance has no permissions yet; .*permissions.py"):
        iam_policy({"aws:rds/instance:Instance"}, PROD, "deploy")
    with pytest.raises(NotInTable, match="gcp:sql/databaseInstance:DatabaseInstance has no permissions yet"):
        google_roles({"gcp:sql/databaseInstance:DatabaseInstance"}, "deploy")


@pytest.mark.stack
def test_the_applications_own_role_is_the_only_one_beside_the_stacks(tmp_path: Path) -> None:
    """Where the stack lets it read its parameters."""
    reader = "arn:aws:iam::123456789012:role/application"
    settings = {"sinks": ["aws-ssm"], "secretReaderRoleArn": reader, "accountId": "123456789012"}
    types, place = declared(project(tmp_path, "prod", like="prod", **settings), "prod")
    policy = iam_policy(types, place, "deploy")
    (writes,) = [statement for statement in policy["Statement"] if "iam:PutRolePolicy" in statement["Action"]]
    assert writes["Resource"] == [reader]
    assert "ssm:PutParameter" in json.dumps(policy)
    assert "secretsmanager:" not in json.dumps(policy).replace("secretsmanager.", "")


@pytest.mark.stack
def test_a_stack_without_a_cloud_needs_no_role(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And that is said, in place of an empty policy."""
    project(tmp_path, "dev", like="dev")
    assert command.show(Project(tmp_path), "dev", "deploy") == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "stack dev declares nothing in a cloud: no role is needed\n"


@pytest.mark.stack
def test_a_refused_configuration_is_said_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the program's own words, and with its own exit code."""
    project(tmp_path, "dev", like="dev", tier="live")
    monkeypatch.setattr(cli, "PROJECT", tmp_path)
    assert cli.main(["permissions", "--stack", "dev"]) == 1
    assert 'cache:tier "live" is not one of' in capsys.readouterr().err
