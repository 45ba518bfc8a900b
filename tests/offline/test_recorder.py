"""What a program declares is found without an engine, a cloud or an account."""

import os
from pathlib import Path

import pulumi
import pytest

from infra.backends.rediscloud.api import ACCESS_KEY, SECRET_KEY
from offline import answers
from tests.recorded_stacks import GROUP, INGRESS, Declared, project, recorded

pytestmark = pytest.mark.stack


def test_every_resource_of_prod_is_recorded_with_its_inputs_and_protection(prod: Declared) -> None:
    """The cache, who may reach it, its users: whatever the rules look at."""
    (group,) = [each for each in prod if each.type == GROUP]
    assert group.inputs["transitEncryptionMode"] == "required"
    assert group.protect
    assert [each for each in prod if each.type == INGRESS]


def test_the_record_says_what_an_input_is_made_of(prod: Declared) -> None:
    """Rules about a whole graph of resources need it."""
    (group,) = [each for each in prod if each.type == GROUP]
    made_of = {key: [urn.rpartition("::")[0] for urn in urns] for key, urns in group.property_dependencies.items()}
    assert any(urn.endswith("aws:ec2/securityGroup:SecurityGroup") for urn in made_of["securityGroupIds"])
    assert any(urn.endswith("aws:kms/key:Key") for urn in made_of["kmsKeyId"])


def test_another_stacks_network_is_unknown_and_no_hindrance(tmp_path: Path) -> None:
    """A stack that takes its network from another one is judged all the same."""
    made = project(tmp_path, "prod", like="prod", networkStack="organization/network/prod")
    assert GROUP in {each.type for each in recorded(made, "prod")}


def test_redis_cloud_is_recorded_without_its_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its plan is looked up by the provider, which nobody asks here; and no made-up key stays behind."""
    for name in (ACCESS_KEY, SECRET_KEY):
        monkeypatch.delenv(name, raising=False)
    made = project(tmp_path, "rediscloud", like="rediscloud")
    assert "pulumi-python:dynamic/rediscloud:Subscription" in {each.type for each in recorded(made, "rediscloud")}
    assert not {ACCESS_KEY, SECRET_KEY} & os.environ.keys()


def test_a_refused_configuration_is_said_in_its_own_words(tmp_path: Path) -> None:
    """What the program itself refuses never comes to a scan."""
    made = project(tmp_path, "prod", like="prod", applicationCidrs=["0.0.0.0/0"])
    with pytest.raises(pulumi.RunError, match="cache:applicationCidrs"):
        recorded(made, "prod")


def test_a_stack_without_a_cloud_is_recorded_too(tmp_path: Path) -> None:
    """A container of Docker's provider, and whatever else a program declares."""
    types = {each.type for each in recorded(project(tmp_path, "dev", like="dev"), "dev")}
    assert "docker:index/container:Container" in types


def test_a_function_without_an_answer_is_named() -> None:
    """A backend that asks its cloud for something new gets its answer here, not a guess."""
    with pytest.raises(pulumi.RunError, match=r"aws:ec2/getVpc:getVpc has no answer offline; .*offline\.py"):
        answers.functions({})("aws:ec2/getVpc:getVpc", {})


def test_the_account_and_region_of_the_configuration_are_answered() -> None:
    """A stack with cache:accountId is not refused for a made-up account."""
    ask = answers.functions({"cache:accountId": "999999999999", "aws:region": "eu-west-1"})
    assert ask("aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "999999999999"
    assert ask("aws:index/getRegion:getRegion", {})["region"] == "eu-west-1"


def test_a_network_is_made_up_only_where_none_is_named() -> None:
    """Half a network is a mistake, for the program to refuse; another backend has none."""
    aws = {"cache:backend": "elasticache", "aws:region": "eu-west-1"}
    complete, remark = answers.completed(aws)
    assert complete["cache:vpcId"].startswith("vpc-")
    assert complete["aws:region"] == "eu-west-1"
    assert "made up" in remark
    for named in ({**aws, "cache:vpcId": "vpc-1"}, {**aws, "cache:networkStack": "a/b/c"}, {"cache:backend": "docker"}):
        assert answers.completed(named) == (named, "")
