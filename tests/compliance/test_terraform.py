"""What Pulumi declares, in Terraform's words."""

import json
from typing import Any

import pytest
from pulumi.runtime import rpc

from compliance.terraform import MASK, render, terraform_type, to_json
from runner.inprocess import wire
from tests.recorded_stacks import GROUP, Declared, resource

KEY = "aws:kms/key:Key"
TYPES = {
    GROUP: "aws_elasticache_replication_group",
    KEY: "aws_kms_key",
    "aws:ec2/securityGroup:SecurityGroup": "aws_security_group",
    "aws:ec2/vpc:Vpc": "aws_vpc",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
    "aws:cloudwatch/logGroup:LogGroup": "aws_cloudwatch_log_group",
    "aws:secretsmanager/secretVersion:SecretVersion": "aws_secretsmanager_secret_version",
    "aws:lambda/function:Function": "aws_lambda_function",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "aws_iam_role_policy_attachment",
    "docker:index/container:Container": "docker_container",
    "docker:index/remoteImage:RemoteImage": "docker_image",
    "gcp:redis/instance:Instance": "google_redis_instance",
    "gcp:compute/network:Network": "google_compute_network",
    "gcp:secretmanager/secret:Secret": "google_secret_manager_secret",
}


@pytest.mark.parametrize("pulumi_type", TYPES)
def test_a_type_has_terraforms_name(pulumi_type: str) -> None:
    """The scanners know no other."""
    assert terraform_type(pulumi_type) == TYPES[pulumi_type]


def values(type_: str = GROUP, **inputs: Any) -> dict[str, Any]:
    """Render one resource and give its planned values."""
    (planned,) = to_json(render([resource(type_, **inputs)]))["planned_values"]["root_module"]["resources"]
    found: dict[str, Any] = planned["values"]
    return found


def test_attributes_are_written_in_terraforms_way() -> None:
    """Also those with figures in them; a null is as if it were not there."""
    found = values(kmsKeyId="k", cidrIpv4="10.0.0.0/8", authToken=None, port=6379)
    assert found == {"kms_key_id": "k", "cidr_ipv4": "10.0.0.0/8", "port": 6379}


def test_a_block_is_a_list_and_its_name_singular() -> None:
    """Pulumi writes one block as an object, and several under a plural."""
    found = values(authenticationMode={"type": "iam"}, logDeliveryConfigurations=[{"logType": "a"}, {"logType": "b"}])
    assert found == {
        "authentication_mode": [{"type": "iam"}],
        "log_delivery_configuration": [{"log_type": "a"}, {"log_type": "b"}],
    }


def test_names_that_end_in_two_s_and_lists_of_texts_stay_as_they_are() -> None:
    """`ingress` is no plural, and subnet_ids is one at Terraform too."""
    found = values(ingress=[{"fromPort": 1}], subnetIds=["a"])
    assert found == {"ingress": [{"from_port": 1}], "subnet_ids": ["a"]}


def test_names_that_no_rule_leads_to_are_terraforms() -> None:
    """Of one type each: a secret of AWS has a block `replica`, one of Google's `replicas`."""
    found = values("aws:lambda/function:Function", name="verifier", code="archive.zip", tags={"name": "x"})
    assert found == {"function_name": "verifier", "filename": "archive.zip", "tags": {"name": "x"}}
    replicas = [{"location": "us-central1"}]
    found = values("gcp:secretmanager/secret:Secret", replication={"userManaged": {"replicas": replicas}})
    assert found == {"replication": [{"user_managed": [{"replicas": replicas}]}]}
    assert values("aws:secretsmanager/secret:Secret", replicas=[{"region": "x"}]) == {"replica": [{"region": "x"}]}
    assert values("aws:kms/grant:Grant", constraints=[{"a": "x"}]) == {"constraints": [{"a": "x"}]}


def test_the_users_own_words_are_left_alone() -> None:
    """The keys of tags are not attributes."""
    assert values(tags={"managedBy": "pulumi"}) == {"tags": {"managedBy": "pulumi"}}


def test_no_secret_is_written_and_its_form_stays() -> None:
    """A rule can see that there is a token, that a list has two passwords, and what is on or off."""
    plan = render(
        [
            resource(
                GROUP,
                authToken=wire.secret("hunter2"),
                passwords=wire.secret(["hunter2", "hunter2"]),
                authenticationMode=wire.secret({"type": "password", "passwords": ["hunter2"]}),
                atRestEncryptionEnabled=wire.secret(True),
                pin=wire.secret(4711),
            )
        ]
    )
    text = json.dumps(to_json(plan))
    assert "hunter2" not in text
    assert "4711" not in text
    found = plan.resources["aws_elasticache_replication_group.it"].values
    assert found["auth_token"] == MASK
    assert found["passwords"] == [MASK, MASK]
    assert found["authentication_mode"] == [{"type": MASK, "passwords": [MASK]}]
    assert found["at_rest_encryption_enabled"] is True


def test_a_secret_deep_inside_is_masked_too() -> None:
    """A password in a list in a block, and a block in a list."""
    found = values(
        authenticationMode={"type": "password", "passwords": [wire.secret("hunter2")]},
        nodeGroupConfigurations=[wire.secret({"slots": "0-1"})],
    )
    assert found == {
        "authentication_mode": [{"type": "password", "passwords": [MASK]}],
        "node_group_configuration": [{"slots": MASK}],
    }


def test_what_only_the_creation_tells_is_unknown_and_not_a_value() -> None:
    """Pulumi's mark of the unknown would pass for a text."""
    plan = to_json(render([resource(GROUP, kmsKeyId=rpc.UNKNOWN, securityGroupIds=[rpc.UNKNOWN, "sg-1"])]))
    assert rpc.UNKNOWN not in json.dumps(plan)
    (planned,) = plan["planned_values"]["root_module"]["resources"]
    assert planned["values"] == {"security_group_ids": [None, "sg-1"]}
    (change,) = plan["resource_changes"]
    assert change["change"]["after_unknown"] == {"kms_key_id": True}


def test_a_file_is_not_looked_into() -> None:
    """The code of a function is an archive, and no attribute of a rule's."""
    archive = {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", "path": "x.zip"}
    assert values(code=archive) == {}


def test_an_attribute_refers_to_what_it_is_made_of(prod: Declared) -> None:
    """Rules about the graph find their way from the cache to its security group."""
    plan = to_json(render(prod))
    configuration = {each["address"]: each for each in plan["configuration"]["root_module"]["resources"]}
    (group,) = [each for address, each in configuration.items() if address.startswith("aws_elasticache_replication")]
    (reference,) = group["expressions"]["security_group_ids"]["references"]
    assert reference in configuration
    assert reference.startswith("aws_security_group.")


def test_pulumis_own_resources_are_left_out_with_the_references_to_them(prod: Declared) -> None:
    """A generated password has no counterpart at Terraform."""
    plan = to_json(render(prod))
    assert not [each for each in plan["resource_changes"] if "password" in each["type"]]
    assert "pulumi" not in json.dumps(plan["configuration"])


def test_two_names_that_terraform_cannot_tell_apart_stay_two() -> None:
    """A dash and a dot both become an underscore."""
    plan = render([resource(KEY, "a-b"), resource(KEY, "a.b")])
    assert sorted(plan.resources) == ["aws_kms_key.a_b", "aws_kms_key.a_b_"]


def test_a_resource_keeps_the_name_that_people_gave_it() -> None:
    """The matrix speaks of what stands in the program."""
    assert render([resource(KEY, "a-b")]).resources["aws_kms_key.a_b"].called == "aws:kms:Key a-b"
