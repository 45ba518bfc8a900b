"""Every control is met by prod, and not met by what lacks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from pulumi.runtime import rpc

from compliance import matrix
from compliance.checkov import Result, Scan
from compliance.evaluation import evaluate
from compliance.matrix import Row, all_rules
from compliance.terraform import render
from infra import inventory
from infra.control import Control, NotAssessed
from tests.compliance.verdicts import approving, evaluated, red
from tests.recorded_stacks import GROUP, INGRESS, SWITCHES, USER, Declared, changed, project, recorded, resource
from verify.access import PRESETS, Preset

SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
CONTAINER = "docker:index/container:Container"
FUNCTION = "aws:lambda/function:Function"

GOOD_CONTAINER: dict[str, Any] = {
    "user": "redis",
    "capabilities": {"drops": ["ALL"]},
    "memory": 512,
    "readOnly": True,
    "ports": [{"external": 6379, "internal": 6379, "ip": "127.0.0.1"}],
    "restart": "unless-stopped",
    "securityOpts": ["no-new-privileges"],
    "healthcheck": {"tests": ["CMD", "true"]},
    "labels": [{"label": "acl", "value": " ".join(PRESETS["data"])}],
}


def test_prod_is_green(prod: Declared) -> None:
    """Nothing is red, and everything that is asked of the cache was looked at."""
    rows = evaluated(prod)
    assert red(rows) == set()
    assert matrix.passed(rows)
    types = {each.type for each in render(prod).resources.values()}
    asked = {
        control.name
        for control in inventory.governance().controls
        if types & set(control.types) and not control.declined
    }
    assert asked == {row.rules["own"][0] for row in rows if row.status == "green" and "own" in row.rules}


@pytest.mark.parametrize("name", SWITCHES)
def test_prod_with_one_protection_switched_off_is_red_by_its_ids(prod: Declared, name: str) -> None:
    """Our own assertions find it, whatever checkov says."""
    switch, wanted = SWITCHES[name]
    assert wanted <= red(evaluated(switch(prod)))


# What is done to prod, and the one control that notices.
DEFECTS: dict[str, tuple[Callable[[Declared], Declared], str]] = {
    "clear text beside TLS": (
        lambda prod: changed(prod, GROUP, transitEncryptionMode="preferred"),
        "cache-tls-required",
    ),
    "AWS's key": (lambda prod: changed(prod, GROUP, kmsKeyId=None), "cache-customer-key"),
    "a token": (lambda prod: changed(prod, GROUP, authToken="x"), "cache-no-plain-token"),
    "failover off": (lambda prod: changed(prod, GROUP, automaticFailoverEnabled=False), "cache-failover"),
    "one zone": (lambda prod: changed(prod, GROUP, multiAzEnabled=False), "cache-multi-az"),
    "one node": (lambda prod: changed(prod, GROUP, numCacheClusters=1), "cache-multi-az"),
    "snapshots for a day": (lambda prod: changed(prod, GROUP, snapshotRetentionLimit=1), "cache-snapshots-7-days"),
    "snapshots for a week": (lambda prod: changed(prod, GROUP, snapshotRetentionLimit=14), "cache-snapshots-15-days"),
    "no last snapshot": (lambda prod: changed(prod, GROUP, finalSnapshotIdentifier=None), "cache-final-snapshot"),
    "no protection": (lambda prod: changed(prod, GROUP, protect=False), "cache-protected"),
    "no minor upgrades": (lambda prod: changed(prod, GROUP, autoMinorVersionUpgrade=False), "cache-minor-upgrades"),
    "an old engine": (lambda prod: changed(prod, GROUP, engineVersion="5.0.6"), "cache-engine-version"),
    "the default subnets": (lambda prod: changed(prod, GROUP, subnetGroupName="default"), "cache-own-subnets"),
    "one log": (
        lambda prod: changed(prod, GROUP, logDeliveryConfigurations=[{"logType": "slow-log"}]),
        "cache-logs",
    ),
    "the VPC's security group": (
        lambda prod: changed(prod, GROUP, securityGroupIds=None),
        "cache-own-security-groups",
    ),
    "a stranger's security group": (
        lambda prod: changed(prod, GROUP, securityGroupIds=["sg-1"]),
        "cache-own-security-groups",
    ),
    "a user without a password": (
        lambda prod: changed(prod, USER, authenticationMode=None, noPasswordRequired=True),
        "user-password",
    ),
    "a user whose mode asks nothing": (
        lambda prod: changed(prod, USER, authenticationMode={"type": "no-password-required"}),
        "user-password",
    ),
    "a user whose access string asks nothing": (
        lambda prod: changed(prod, USER, accessString="on nopass ~* -@all +get"),
        "user-password",
    ),
    "a user with every right": (lambda prod: changed(prod, USER, accessString="on ~* +@all"), "user-least-access"),
    "an old word for it": (lambda prod: changed(prod, USER, accessString="on ~* allcommands"), "user-least-access"),
    "no user named default": (lambda prod: changed(prod, USER, userName="application"), "cache-default-user"),
    "a default user without a password": (
        lambda prod: changed(prod, USER, authenticationMode=None),
        "cache-default-user",
    ),
    "a public network": (lambda prod: changed(prod, INGRESS, cidrIpv4="8.8.8.0/24"), "network-closed"),
    "half of the world": (lambda prod: changed(prod, INGRESS, cidrIpv4="0.0.0.0/1"), "network-closed"),
    "the world in IPv6": (lambda prod: changed(prod, INGRESS, cidrIpv6="::/0"), "network-closed"),
    "a network that nobody knows": (lambda prod: changed(prod, INGRESS, cidrIpv4=rpc.UNKNOWN), "network-closed"),
    "a prefix list": (lambda prod: changed(prod, INGRESS, prefixListId="pl-1"), "network-closed"),
    "the world, inside the group": (
        lambda prod: changed(
            prod, SECURITY_GROUP, ingress=[{"protocol": "-1", "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]
        ),
        "network-closed",
    ),
    "rules inside the group that nobody knows": (
        lambda prod: changed(prod, SECURITY_GROUP, ingress=rpc.UNKNOWN),
        "network-closed",
    ),
    "the world in the older kind of rule": (
        lambda prod: [
            *prod,
            resource(
                "aws:ec2/securityGroupRule:SecurityGroupRule",
                type="ingress",
                fromPort=6379,
                toPort=6379,
                cidrBlocks=["0.0.0.0/0"],
            ),
        ],
        "network-closed",
    ),
    "a way out to the world": (lambda prod: changed(prod, EGRESS, cidrIpv4="0.0.0.0/0"), "network-no-way-out"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_that_checkov_may_not_see_is_red_with_its_cure(prod: Declared, name: str) -> None:
    """One change of prod, and the assertion that finds it."""
    damage, control = DEFECTS[name]
    rows = [row for row in evaluated(damage(prod)) if row.status == "red" and control in row.ids]
    assert rows, control
    assert all(row.reason and row.cure and row.resources for row in rows)


CONTAINER_DEFECTS: dict[str, tuple[dict[str, Any], str]] = {
    "root": ({"user": None}, "CIS-Docker-4.1"),
    "root by number": ({"user": "0:0"}, "CIS-Docker-4.1"),
    "all capabilities": ({"capabilities": None}, "CIS-Docker-5.4"),
    "one more capability": ({"capabilities": {"drops": ["ALL"], "adds": ["NET_ADMIN"]}}, "CIS-Docker-5.4"),
    "privileged": ({"privileged": True}, "CIS-Docker-5.5"),
    "the machine's network": ({"networkMode": "host"}, "CIS-Docker-5.10"),
    "no limit of memory": ({"memory": None}, "CIS-Docker-5.11"),
    "a root filesystem to write to": ({"readOnly": False}, "CIS-Docker-5.13"),
    "published everywhere": ({"ports": [{"external": 6379, "ip": "::"}]}, "CIS-Docker-5.14"),
    "published everywhere by default": ({"ports": [{"external": 6379}]}, "CIS-Docker-5.14"),
    "privileges to gain": ({"securityOpts": None}, "CIS-Docker-5.26"),
    "no healthcheck": ({"healthcheck": None}, "CIS-Docker-5.27"),
    "every right": ({"labels": [{"label": "acl", "value": "~* &* +@all"}]}, "container-least-access"),
    "administration by a rule": (
        {"labels": [{"label": "acl", "value": "~* &* -@all +@read +@admin"}]},
        "container-least-access",
    ),
    "rights that nobody knows": ({"labels": None}, "container-least-access"),
}


@pytest.mark.parametrize("name", CONTAINER_DEFECTS)
def test_a_container_that_lacks_something_is_red(name: str) -> None:
    """One defect, and the one rule that is red."""
    change, rule = CONTAINER_DEFECTS[name]
    rows = [row for row in evaluated([resource(CONTAINER, **{**GOOD_CONTAINER, **change})]) if row.status == "red"]
    assert [rule in row.ids for row in rows] == [True]


@pytest.mark.parametrize(("stack", "control"), [("prod", "user-least-access"), ("dev", "container-least-access")])
def test_the_preset_full_is_red_and_the_others_are_not(tmp_path: Path, stack: str, control: str) -> None:
    """As the program declares it, on each backend that compliance looks at."""
    for preset in get_args(Preset):
        rows = evaluated(recorded(project(tmp_path, stack, like=stack, access=preset), stack))
        assert (control in red(rows)) == (preset == "full")


def test_a_good_container_is_green() -> None:
    """What the docker backend declares."""
    assert matrix.passed(evaluated([resource(CONTAINER, **GOOD_CONTAINER)]))


def test_rules_that_ask_for_the_contrary_are_a_conflict_with_its_reason(prod: Declared) -> None:
    """AEC6 wants a token where there are users; that is neither green nor red."""
    conflicts = {rule: row for row in evaluated(prod) if row.status == "conflict" for rule in row.ids}
    assert {"AwsSolutions-AEC5", "AwsSolutions-AEC6"} <= conflicts.keys()
    assert all(row.reason for row in conflicts.values())


def test_valkey_on_a_port_that_is_named_is_what_aec5_asks_for(prod: Declared) -> None:
    """The rule lets Valkey have the port."""
    rows = evaluated(changed(prod, GROUP, engine="valkey"))
    assert "AwsSolutions-AEC5" in {rule for row in rows if row.status == "green" for rule in row.ids}


def test_what_cannot_be_judged_is_never_green(prod: Declared) -> None:
    """Prowler's rule about AUTH is MANUAL on this engine, and a few look at things that are not there."""
    status = {rule: row.status for row in evaluated(prod) for rule in row.ids}
    assert status["elasticache_redis_replication_group_auth_enabled"] == "manual"
    assert status["elasticache_cluster_uses_public_subnet"] == "manual"
    assert status["ElastiCache.6"] == "n/a"
    assert status["CKV_AWS_134"] == "n/a"


def test_a_control_is_red_where_checkov_says_no(prod: Declared) -> None:
    """Two look at it, and both have to be content."""
    plan = render(prod)
    scan = approving(plan)
    results = [replace(each, passed=each.rule != "CKV_AWS_29") for each in scan.results]
    assert "ElastiCache.4" in red(evaluate(plan, replace(scan, results=results), stack="prod"))


def test_a_rule_that_checkov_no_longer_reports_is_red_and_not_green(prod: Declared) -> None:
    """A newer checkov that dropped a rule must be noticed."""
    plan = render(prod)
    rows = evaluate(plan, Scan(version="9", results=[]), stack="prod")
    assert "checkov did not report CKV_AWS_30" in {row.reason for row in rows if row.status == "red"}


def of_checkov(declared: Declared, rule: str, address: str) -> Row:
    """Judge with one failure that checkov alone looks at; give its row."""
    plan = render(declared)
    failure = Result(rule=rule, title="Ensure", address=address, passed=False, attributes=["policy"])
    rows = evaluate(plan, Scan(version="0", results=[*approving(plan).results, failure]), stack="prod")
    return next(row for row in rows if rule in row.ids)


def test_what_checkov_alone_looks_at_has_a_row_of_its_own(prod: Declared) -> None:
    """With the attribute that it looked at."""
    row = of_checkov(prod, "CKV_AWS_33", "aws_kms_key.hospitality_redis_prod")
    assert row.status == "red"
    assert "policy" in row.cure
    assert row.resources == ["aws:kms:Key hospitality-redis-prod"]


def test_a_security_group_for_somebody_outside_need_not_be_worn(prod: Declared) -> None:
    """The verifier's group is let in by the cache's; the cache's own group has no such excuse."""
    assert of_checkov(prod, "CKV2_AWS_5", "aws_security_group.hospitality_redis_prod_verifier").status == "n/a"
    assert of_checkov(prod, "CKV2_AWS_5", "aws_security_group.hospitality_redis_prod").status == "red"


def test_the_verifier_is_excused_where_checkovs_rules_do_not_fit_and_no_other_function() -> None:
    """A dead letter queue is for calls that nobody waits for."""
    verifier, other = resource(FUNCTION, "x-verifier"), resource(FUNCTION, "other")
    assert of_checkov([verifier], "CKV_AWS_116", "aws_lambda_function.x_verifier").status == "n/a"
    assert of_checkov([verifier], "CKV_AWS_272", "aws_lambda_function.x_verifier").status == "conflict"
    assert of_checkov([other], "CKV_AWS_116", "aws_lambda_function.other").status == "red"


def test_a_cure_names_the_stack() -> None:
    """The command can be pasted."""
    (row,) = [
        row
        for row in evaluated([resource(CONTAINER, **{**GOOD_CONTAINER, "ports": [{"external": 1}]})])
        if row.status == "red"
    ]
    assert row.cure == "pulumi config set cache:bindAddress 127.0.0.1 --stack prod"


def test_every_rule_stands_in_one_place() -> None:
    """A rule that were green in one row and red in another would be neither."""
    known = inventory.governance()
    entries: list[Control | NotAssessed] = [*known.controls, *known.not_assessed]
    found = [rule for entry in entries for rules in all_rules(entry).values() for rule in rules]
    assert len(found) == len(set(found))
    assert not {each.rule for each in known.exemptions} & set(found)
