"""Whole ElastiCache stacks on the in-process engine, against AWS's API as moto and botocore have it.

What is asserted is what the API says afterwards, not what was sent.
"""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from pulumi.runtime.proto import resource_pb2

from infra import verification
from infra.backends.elasticache import rbac
from runner.inprocess import engine, wire
from runner.inprocess.providers import ProviderError
from tests.stacks.aws_stack import AwsStack, rules, stack, tls_server
from tests.stacks.inprocess import ROOT
from tests.standins import aws
from verify import access
from verify.access import Preset

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def _without_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server stands behind most of these stacks."""
    monkeypatch.setenv(verification.SWITCH, "off")


def described(account: aws.Account, name: str = "hospitality-redis-prod") -> dict[str, Any]:
    """Return what the API says of a replication group."""
    groups = account.elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    (group,) = groups
    return dict(group)


def cluster(account: aws.Account, name: str = "hospitality-redis-prod") -> dict[str, Any]:
    """Return what the API says of a replication group's first node."""
    return dict(account.elasticache.describe_cache_clusters(CacheClusterId=f"{name}-001")["CacheClusters"][0])


def left(account: aws.Account) -> dict[str, list[str]]:
    """Name what is left of the cache in an account."""
    groups = account.ec2.describe_security_groups()["SecurityGroups"]
    keys = [account.kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in account.kms.list_keys()["Keys"]]
    found = {
        "replication groups": list(account.cache.moto.replication_groups),
        "parameter groups": list(account.cache.parameter_groups),
        "subnet groups": list(account.cache.moto.cache_subnet_groups),
        "user groups": list(account.cache.user_groups),
        "users": [user for user in account.cache.moto.users if user != "default"],
        "log groups": [group["logGroupName"] for group in account.logs.describe_log_groups()["logGroups"]],
        "functions": [each["FunctionName"] for each in account.functions.list_functions()["Functions"]],
        "roles": [each["RoleName"] for each in account.iam.list_roles()["Roles"]],
        "secrets": [secret["Name"] for secret in account.secrets.list_secrets()["SecretList"]],
        "keys": [key["KeyId"] for key in keys if key["KeyState"] != "PendingDeletion"],
        "security groups": [each["GroupName"] for each in groups if each["Description"].startswith("Hospitality")]
        + [each["GroupName"] for each in groups if each["Description"].startswith("Verifier")],
    }
    return {kind: names for kind, names in found.items() if names}


def test_prod_is_what_the_guide_and_the_auditors_ask_for(account: aws.Account, tmp_path: Path) -> None:
    """Two nodes in two zones, failover, both encryptions, a user group, 15 days of snapshots, both logs."""
    stack(tmp_path, account).up()
    group, node = described(account), cluster(account)
    assert group["CacheNodeType"] == "cache.m6g.large"
    assert (group["Engine"], node["EngineVersion"]) == ("redis", "7.1.0")
    assert (group["AutomaticFailover"], group["MultiAZ"], len(group["MemberClusters"])) == ("enabled", "enabled", 2)
    zones = {member["PreferredAvailabilityZone"] for member in group["NodeGroups"][0]["NodeGroupMembers"]}
    assert zones == {"us-east-1a", "us-east-1b"}
    assert group["TransitEncryptionEnabled"]
    assert group["TransitEncryptionMode"] == "required"
    assert group["AtRestEncryptionEnabled"]
    assert not group["AuthTokenEnabled"]
    assert group["UserGroupIds"] == ["hospitality-redis-prod"]
    assert group["SnapshotRetentionLimit"] == 15
    assert group["AutoMinorVersionUpgrade"]
    assert (group["SnapshotWindow"], node["PreferredMaintenanceWindow"]) == ("01:00-02:00", "sun:03:00-sun:04:00")
    assert not group["ClusterEnabled"]
    logs = {
        each["LogType"]: each["DestinationDetails"]["CloudWatchLogsDetails"]["LogGroup"]
        for each in group["LogDeliveryConfigurations"]
    }
    assert logs == {kind: f"/elasticache/hospitality-redis-prod/{kind}" for kind in ("slow-log", "engine-log")}


@pytest.mark.parametrize(
    ("tier", "given"),
    [("dev", (1, "disabled", 0, "cache.t4g.micro")), ("staging", (2, "enabled", 1, "cache.t4g.small"))],
)
def test_smaller_tiers_are_smaller(
    account: aws.Account, tmp_path: Path, tier: str, given: tuple[int, str, int, str]
) -> None:
    """One node in dev; in staging a rehearsal of the failover, on small ones. Nothing of either stays."""
    made = stack(tmp_path, account, tier=tier)
    made.up()
    group = described(account, f"hospitality-redis-{tier}")
    nodes, failover, snapshot_days, node_type = given
    assert (len(group["MemberClusters"]), group["AutomaticFailover"], group["MultiAZ"]) == (nodes, failover, failover)
    assert (group["SnapshotRetentionLimit"], group["CacheNodeType"]) == (snapshot_days, node_type)
    assert not group["AutoMinorVersionUpgrade"]
    assert group["TransitEncryptionEnabled"]
    assert group["AtRestEncryptionEnabled"]
    made.destroy()
    assert left(account) == {}
    assert account.cache.moto.snapshots == {}


def test_only_the_clients_and_the_verifier_reach_the_cache(account: aws.Account, tmp_path: Path) -> None:
    """The API shows exactly these rules: one for each source, on one port, and no way out."""
    made = stack(tmp_path, account, applicationCidrs="10.1.0.0/16,10.2.0.0/16")
    made.up()
    outputs = made.outputs
    cache, verifier = outputs["securityGroupId"], outputs["verifierSecurityGroupId"]
    application = made.configuration["applicationSecurityGroupIds"]
    assert rules(account, cache) == sorted(
        (False, "tcp", 6379, 6379, source) for source in ("10.1.0.0/16", "10.2.0.0/16", application, verifier)
    )
    assert rules(account, verifier) == [(True, "tcp", 6379, 6379, cache)]
    assert [each["SecurityGroupId"] for each in cluster(account)["SecurityGroups"]] == [cache]
    made.configure(applicationCidrs="10.2.0.0/16")
    assert "- 1 deleted, 24 unchanged" in made.up()
    assert "10.1.0.0/16" not in str(rules(account, cache))


# What the user of a stack of the time before may do.
OF_BEFORE: Final = (
    "on ~* -@all +get +set +setex +del +unlink +exists +mget +select +expire +scan +dbsize +ping +info +ttl +pttl"
)


@pytest.mark.parametrize("preset", get_args(Preset))
def test_a_stack_of_before_gets_the_rights_of_a_preset_in_place(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: Preset
) -> None:
    """The user alone is changed, and the preview after it finds nothing to do."""
    made = stack(tmp_path, account)
    with monkeypatch.context() as before:
        before.setattr(rbac, "access_string", lambda _: OF_BEFORE)
        made.up()
    (user,) = account.elasticache.describe_users(UserId="hospitality-redis-prod")["Users"]
    assert user["AccessString"] == OF_BEFORE
    made.configure(access=preset)
    assert "~ 1 updated, 22 unchanged" in made.up()
    (user,) = account.elasticache.describe_users(UserId="hospitality-redis-prod")["Users"]
    assert user["AccessString"] == " ".join(["on", *access.PRESETS[preset]])
    assert made.preview().splitlines()[-1].startswith("Resources: 23 unchanged")


def test_the_cache_answers_to_one_password_with_few_rights(account: aws.Account, tmp_path: Path) -> None:
    """One user, named default, in the group; its password is what the application gets."""
    made = stack(tmp_path, account)
    made.up()
    (user,) = account.elasticache.describe_users(UserId="hospitality-redis-prod")["Users"]
    assert (user["UserName"], user["AccessString"]) == ("default", rbac.access_string(access.rules("data")))
    assert user["Authentication"] == {"Type": "password", "PasswordCount": 1}
    (group,) = account.elasticache.describe_user_groups()["UserGroups"]
    assert group["UserIds"] == ["hospitality-redis-prod"]
    connection = made.outputs["connection"]
    assert account.cache.moto.users["hospitality-redis-prod"].passwords == [connection["REDIS_PASSWORD"]]
    primary = described(account)["NodeGroups"][0]["PrimaryEndpoint"]
    assert (connection["REDIS_HOST"], connection["REDIS_PORT"]) == (primary["Address"], "6379")
    assert connection["REDIS_USE_TLS"] == "true"
    assert made.outputs["redisUrl"].startswith("rediss://:")


def test_disk_and_logs_are_encrypted_with_a_key_that_is_renewed(account: aws.Account, tmp_path: Path) -> None:
    """A key of the stack's own, whose policy names who may use it; a year of logs under it."""
    made = stack(tmp_path, account)
    made.up()
    arn = made.outputs["kmsKeyArn"]
    assert described(account)["KmsKeyId"] == arn
    assert account.kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]
    policy = json.loads(account.kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
    principals = [statement["Principal"] for statement in policy["Statement"]]
    assert principals == [
        {"AWS": "arn:aws:iam::123456789012:root"},
        {"Service": "elasticache.amazonaws.com"},
        {"Service": "logs.us-east-1.amazonaws.com"},
    ]
    groups = account.logs.describe_log_groups(logGroupNamePrefix="/elasticache/hospitality-redis-prod/")["logGroups"]
    assert [(each["retentionInDays"], each["kmsKeyId"]) for each in groups] == [(365, arn), (365, arn)]


def test_a_key_of_the_users_is_taken_and_left(account: aws.Account, tmp_path: Path) -> None:
    """cache:kmsKeyArn: no key is made, and none goes with the stack."""
    policy = json.dumps({"Statement": [{"Principal": {"Service": "logs.us-east-1.amazonaws.com"}}]})
    arn = account.kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]
    made = stack(tmp_path, account, tier="staging", kmsKeyArn=arn)
    made.up()
    assert described(account, "hospitality-redis-staging")["KmsKeyId"] == arn
    assert len(account.kms.list_keys()["Keys"]) == 1
    assert "unchanged" in made.up()
    made.destroy()
    assert account.kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
def test_a_second_preview_is_empty(account: aws.Account, tmp_path: Path, tier: str) -> None:
    """What AWS answers is what was declared: nothing differs for ever."""
    made = stack(tmp_path, account, tier=tier)
    made.up()
    assert made.preview().splitlines()[-1].startswith("Resources: 23 unchanged")
    assert made.up().splitlines()[-1].startswith("Resources: 23 unchanged")


def test_prod_is_kept_from_a_destroy(account: aws.Account, tmp_path: Path) -> None:
    """The group and its key are protected; nothing at all is deleted."""
    made = stack(tmp_path, account)
    made.up()
    before = left(account)
    printed = made.destroy(code=1)
    assert "ReplicationGroup hospitality-redis-prod is protected" in printed
    assert "Key hospitality-redis-prod is protected" in printed
    assert left(account) == before


def test_a_cache_that_goes_leaves_its_last_snapshot(account: aws.Account, tmp_path: Path) -> None:
    """Its name is in the state from the creation on, and is another one for the next cache of the same stack."""
    made = stack(tmp_path, account, secretRecoveryDays="0")
    made.up()
    first = made.outputs["finalSnapshot"]
    made.unprotect()
    made.destroy()
    assert list(account.cache.moto.snapshots) == [first]
    assert left(account) == {}
    made.up()
    second = made.outputs["finalSnapshot"]
    made.unprotect()
    made.destroy()
    assert second != first
    assert list(account.cache.moto.snapshots) == [first, second]


@pytest.mark.long
def test_two_stacks_stand_side_by_side_in_one_account(account: aws.Account, tmp_path: Path) -> None:
    """No name is taken twice, and the end of one leaves the other as it was."""
    staging = stack(tmp_path / "one", account, tier="staging")
    prod = stack(tmp_path / "two", account)
    staging.up()
    prod.up()
    assert sorted(account.cache.moto.replication_groups) == ["hospitality-redis-prod", "hospitality-redis-staging"]
    before = described(account)
    staging.destroy()
    assert described(account) == before
    assert prod.preview().splitlines()[-1].startswith("Resources: 23 unchanged")


def test_a_larger_tier_is_reached_in_place(account: aws.Account, tmp_path: Path) -> None:
    """Node type, replicas, memory policy and tags change; nothing is replaced."""
    made = stack(tmp_path, account, tier="dev", name="main")
    made.up()
    made.configure(tier="staging", nodeType="cache.r6g.large", replicas="2", maxmemoryPolicy="noeviction")
    assert "replace" not in made.up()
    group = described(account, "hospitality-redis-main")
    assert (group["CacheNodeType"], len(group["MemberClusters"]), group["MultiAZ"]) == ("cache.r6g.large", 3, "enabled")
    name = cluster(account, "hospitality-redis-main")["CacheParameterGroup"]["CacheParameterGroupName"]
    parameters = account.elasticache.describe_cache_parameters(CacheParameterGroupName=name)["Parameters"]
    assert [(each["ParameterName"], each["ParameterValue"]) for each in parameters] == [
        ("maxmemory-policy", "noeviction")
    ]
    tags = account.elasticache.list_tags_for_resource(ResourceName=group["ARN"])["TagList"]
    assert {"Key": "tier", "Value": "staging"} in tags
    assert made.preview().splitlines()[-1].startswith("Resources: 23 unchanged")


def test_awss_own_policy_shows_no_change_for_ever(account: aws.Account, tmp_path: Path) -> None:
    """From the beginning, and on the way to it and back: the provider reads parameters that a user has set alone."""
    made = stack(tmp_path, account, tier="dev", maxmemoryPolicy="volatile-lru")
    made.up()
    for policy in ("allkeys-lru", "volatile-lru"):
        assert "23 unchanged" in made.preview()
        made.configure(maxmemoryPolicy=policy)
        made.up()
        name = cluster(account, "hospitality-redis-dev")["CacheParameterGroup"]["CacheParameterGroupName"]
        (parameter,) = account.elasticache.describe_cache_parameters(CacheParameterGroupName=name)["Parameters"]
        assert parameter["ParameterValue"] == policy
    assert "23 unchanged" in made.preview()


def test_fewer_nodes_come_after_the_failover_is_off(account: aws.Account, tmp_path: Path) -> None:
    """AWS would refuse the last replica's end before."""
    made = stack(tmp_path, account, tier="staging")
    made.up()
    made.configure(replicas="0")
    made.up()
    group = described(account, "hospitality-redis-staging")
    assert (len(group["MemberClusters"]), group["AutomaticFailover"]) == (1, "disabled")


def test_redis_becomes_valkey_in_place(account: aws.Account, tmp_path: Path) -> None:
    """With a parameter group of the new family made first, and the users left as they were."""
    made = stack(tmp_path, account)
    made.up()
    password = made.outputs["connection"]["REDIS_PASSWORD"]
    made.configure(engine="valkey", applyImmediately="true")
    printed = made.up()
    assert "replac" not in printed
    assert printed.index("hospitality-redis-prod-valkey8 created") < printed.index(
        "hospitality-redis-prod-redis7 deleting"
    )
    assert (described(account)["Engine"], cluster(account)["EngineVersion"]) == ("valkey", "8.2.0")
    assert [group["CacheParameterGroupFamily"] for group in account.cache.parameter_groups.values()] == ["valkey8"]
    assert made.outputs["connection"]["REDIS_PASSWORD"] == password
    assert made.preview().splitlines()[-1].startswith("Resources: 23 unchanged")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            {"engine": "redis", "engineVersion": "7.1"},
            {"engineVersion": "7.0"},
            "from redis 7.1 to redis 7.0 is a downgrade, which deletes the cache with its data",
        ),
        (
            {"engine": "valkey", "engineVersion": "7.2"},
            {"engine": "redis", "engineVersion": "7.1"},
            "from valkey 7.2 to redis 7.1 is a downgrade",
        ),
        (
            {"engine": "redis", "engineVersion": "7.1", "applyImmediately": "false"},
            {"engine": "valkey", "engineVersion": "8.0"},
            "takes another parameter group, which cannot wait for the maintenance window",
        ),
    ],
)
def test_a_downgrade_ends_in_the_preview(
    account: aws.Account, tmp_path: Path, before: dict[str, str], after: dict[str, str], said: str
) -> None:
    """The provider would replace the cache; here nothing is touched."""
    made = stack(tmp_path, account, tier="staging", **before)
    made.up()
    as_it_was = described(account, "hospitality-redis-staging")
    made.configure(**after)
    assert said in made.preview(code=1)
    made.up(code=1)
    assert described(account, "hospitality-redis-staging") == as_it_was


WAITS = (
    "version 7.1 (now 7.0.7) and node type cache.r7g.large (now cache.m6g.large) will be there after the maintenance"
)


def run_printed(account: aws.Account, printed: str) -> None:
    """Do what a printed command of AWS's command line would do, which names parameters after those of the API."""
    (line,) = (line for line in printed.splitlines() if "aws elasticache modify-replication-group" in line)
    words = shlex.split(line.partition("aws elasticache modify-replication-group ")[2])
    request: dict[str, Any] = {"ApplyImmediately": True}
    assert words.pop(0) == "--apply-immediately"
    for option, value in zip(words[::2], words[1::2], strict=True):
        name = "".join(part.capitalize() for part in option.removeprefix("--").split("-"))
        request[name] = json.loads(value) if value.startswith("[") else value
    assert request.pop("Region") == account.region
    account.elasticache.modify_replication_group(**request)


@pytest.mark.long
def test_what_waits_for_the_window_is_said_until_it_is_there(account: aws.Account, tmp_path: Path) -> None:
    """No node of prod is restarted at noon. The provider counts what waits as done; what AWS runs is what is said."""
    made = stack(tmp_path, account, engineVersion="7.0")
    made.up()
    made.configure(engineVersion="7.1", nodeType="cache.r7g.large")
    printed = made.preview()
    assert f"warning: {WAITS} window sun:03:00-sun:04:00 (UTC)" in printed
    assert "set it before the change: pulumi config set cache:applyImmediately true --stack prod" in printed
    assert f"warning: {WAITS}" in made.up()
    # Nothing is left to send, and it still waits.
    printed = made.up()
    assert f"warning: {WAITS}" in printed
    assert "23 unchanged" in printed
    assert made.outputs["engineVersion"] == "7.0.7"
    assert described(account)["CacheNodeType"] == "cache.m6g.large"
    account.cache.run_maintenance()
    assert "modify-replication-group" not in made.up()
    assert (described(account)["CacheNodeType"], made.outputs["engineVersion"]) == ("cache.r7g.large", "7.1.0")


@pytest.mark.parametrize("apply_immediately", ["false", "true"])
def test_the_printed_command_makes_at_once_what_waits(
    account: aws.Account, tmp_path: Path, apply_immediately: str
) -> None:
    """The setting alone comes too late, for the provider sends nothing again: the command of AWS's is the way."""
    made = stack(tmp_path, account, engineVersion="7.0")
    made.up()
    made.configure(engineVersion="7.1", nodeType="cache.r7g.large")
    made.up()
    made.configure(applyImmediately=apply_immediately)
    printed = made.up()
    assert f"warning: {WAITS}" in printed
    assert described(account)["CacheNodeType"] == "cache.m6g.large"
    run_printed(account, printed)
    assert (described(account)["CacheNodeType"], cluster(account)["EngineVersion"]) == ("cache.r7g.large", "7.1.0")
    assert "modify-replication-group" not in made.up()


def test_a_change_that_is_made_at_once_waits_for_nothing(account: aws.Account, tmp_path: Path) -> None:
    """With applyImmediately before the change it is there at the end of the `up`."""
    made = stack(tmp_path, account, engineVersion="7.0", applyImmediately="true")
    made.up()
    made.configure(engineVersion="7.1", nodeType="cache.r7g.large")
    assert "modify-replication-group" not in made.up()
    assert (described(account)["CacheNodeType"], made.outputs["engineVersion"]) == ("cache.r7g.large", "7.1.0")


def test_an_upgrade_that_waits_is_not_called_off(account: aws.Account, tmp_path: Path) -> None:
    """The provider would replace the cache: the old version set back is refused, with what the matter is."""
    made = stack(tmp_path, account, engineVersion="7.0")
    made.up()
    made.configure(engineVersion="7.1")
    made.up()
    made.configure(engineVersion="7.0")
    printed = made.preview(code=1)
    assert (
        "AWS was asked for redis 7.1 before, and an upgrade that waits for the maintenance window cannot be" in printed
    )
    assert "set cache:engine redis and cache:engineVersion 7.1 or later" in printed
    made.configure(engineVersion="7.1")
    made.up()


def deliver_elsewhere(account: aws.Account, name: str) -> None:
    """Send a cache's slow log to a group of somebody else's."""
    account.elasticache.modify_replication_group(
        ReplicationGroupId=name,
        ApplyImmediately=True,
        LogDeliveryConfigurations=[
            {
                "LogType": "slow-log",
                "LogFormat": "text",
                "DestinationType": "cloudwatch-logs",
                "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": "/elsewhere"}},
            }
        ],
    )


@pytest.mark.long
def test_log_delivery_that_was_changed_holds_up_no_other_change(account: aws.Account, tmp_path: Path) -> None:
    """AWS refuses to let it wait, with the whole call: prod says so, and how to put it right."""
    made = stack(tmp_path, account)
    made.up()
    before = described(account)["LogDeliveryConfigurations"]
    deliver_elsewhere(account, "hospitality-redis-prod")
    made.configure(maintenanceWindow="mon:03:00-mon:04:00")
    printed = made.up()
    assert "warning: the logs of hospitality-redis-prod are not delivered as declared" in printed
    assert cluster(account)["PreferredMaintenanceWindow"] == "mon:03:00-mon:04:00"
    run_printed(account, printed)
    assert described(account)["LogDeliveryConfigurations"] == before
    assert "modify-replication-group" not in made.up()


def test_log_delivery_is_put_right_where_changes_are_made_at_once(account: aws.Account, tmp_path: Path) -> None:
    """In staging, and in prod with applyImmediately: the `up` does it."""
    made = stack(tmp_path, account, tier="staging")
    made.up()
    before = described(account, "hospitality-redis-staging")["LogDeliveryConfigurations"]
    deliver_elsewhere(account, "hospitality-redis-staging")
    assert "modify-replication-group" not in made.up()
    assert described(account, "hospitality-redis-staging")["LogDeliveryConfigurations"] == before


def test_another_account_is_left_alone(account: aws.Account, tmp_path: Path) -> None:
    """cache:accountId: a wrong login ends before anything is declared."""
    made = stack(tmp_path, account, accountId="999999999999")
    for run in (made.preview, made.up):
        said = (
            "cache:accountId is 999999999999, and these credentials are for account 123456789012; nothing was touched"
        )
        assert said in run(code=1)
    assert left(account) == {}
    made.configure(accountId=account.id)
    made.up()


def test_nothing_is_declared_where_aws_does_not_say_what_runs(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role that may not look at the cache is no cache that is not there."""

    def deny(*_: object) -> dict[str, Any]:
        raise ProviderError("reading ElastiCache Replication Group: AccessDenied")

    monkeypatch.setitem(aws.FUNCTIONS, "aws:elasticache/getReplicationGroup:getReplicationGroup", deny)
    printed = stack(tmp_path, account).up(code=1)
    assert "AWS does not say what hospitality-redis-prod runs: invoke of aws:elasticache/getReplicationGroup" in printed
    assert left(account) == {}


def test_a_cache_that_was_deleted_by_hand_is_made_again(account: aws.Account, tmp_path: Path) -> None:
    """Whatever version it had: there is nothing to compare with."""
    made = stack(tmp_path, account, tier="staging", engineVersion="7.1")
    made.up()
    del account.cache.moto.replication_groups["hospitality-redis-staging"]
    assert "+ 1 to create" in made.preview()
    made.up()
    assert made.outputs["engineVersion"] == "7.1.0"


def test_a_key_of_another_region_ends_in_the_preview(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The region may come from the environment, as AWS's provider takes it."""
    key = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    made = stack(tmp_path, account, kmsKeyArn=key)
    said = "cache:kmsKeyArn lies in eu-west-1, and the stack in us-east-1, where AWS would not take it"
    assert said in made.preview(code=1)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    made.configure(**{"aws:region": None})
    assert said in made.preview(code=1)
    assert left(account) == {}


def test_subnets_are_looked_at_in_the_preview(account: aws.Account, tmp_path: Path) -> None:
    """In one zone, or of another VPC: AWS would say so a quarter of an hour later."""
    made = stack(tmp_path, account, **account.network(zones=1))
    said = "all subnets lie in us-east-1a, and a cache with replicas needs 2 zones: add a subnet in another one"
    assert said in made.preview(code=1)
    made.configure(**{**account.network(), "vpcId": made.configuration["vpcId"]})
    assert f"are not of {made.configuration['vpcId']}: check cache:subnetIds" in made.preview(code=1)
    assert left(account) == {}


def test_an_incomplete_stack_asks_for_all_it_needs(account: aws.Account, tmp_path: Path) -> None:
    """The shipped Pulumi.prod.yaml, run as it is: each key with its command."""
    made = AwsStack(tmp_path, account, {})
    (tmp_path / "Pulumi.prod.yaml").write_text((ROOT / "Pulumi.prod.yaml").read_text())
    printed = made.preview(code=1)
    for key in ("vpcId", "subnetIds", "applicationSecurityGroupIds", "networkStack"):
        assert f"pulumi config set cache:{key} " in printed
    assert left(account) == {}


def test_a_rule_opened_by_hand_stays_visible_and_a_closed_one_comes_back(account: aws.Account, tmp_path: Path) -> None:
    """A refresh sees what is gone; the next `up` mends it."""
    made = stack(tmp_path, account)
    made.up()
    cache = made.outputs["securityGroupId"]
    before = rules(account, cache)
    found = account.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [cache]}])
    account.ec2.revoke_security_group_ingress(
        GroupId=cache, SecurityGroupRuleIds=[found["SecurityGroupRules"][0]["SecurityGroupRuleId"]]
    )
    assert "+ 1 to create" in made.preview()
    made.up()
    assert rules(account, cache) == before


@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
def test_a_preview_takes_less_than_three_seconds(account: aws.Account, tmp_path: Path, tier: str) -> None:
    """Of a stack with nothing yet, once all packages are loaded; by the processor's clock, whoever else uses it."""
    made = stack(tmp_path, account, tier=tier)
    made.preview()
    started = time.process_time()
    made.preview()
    assert time.process_time() - started < 3


@pytest.mark.long
@pytest.mark.parametrize(
    ("backend", "absent"),
    [
        ("elasticache", ("pulumi_docker", "docker", "boto3", "moto", "redis")),
        ("memory", ("pulumi_aws", "pulumi_docker", "redis")),
        ("local", ("pulumi_aws", "pulumi_docker", "redis")),
    ],
)
def test_no_stack_loads_a_cloud_that_it_does_not_use(backend: str, absent: tuple[str, ...]) -> None:
    """Each SDK takes seconds, and most environments have one of them at most."""
    script = (
        "import importlib, json, sys; import infra.program; from infra.backend import get; "
        f"importlib.import_module(get({backend!r}).resources); print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & set(absent)
    assert ("pulumi_aws" in loaded) == (backend == "elasticache")


def test_the_cache_is_verified_through_tls_with_the_users_rights(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real server behind the endpoint, with the declared access string as its ACL: every check of it passes."""
    monkeypatch.delenv(verification.SWITCH)
    with tls_server(tmp_path, monkeypatch) as (server, port):
        account.cache.address = ("127.0.0.1", port)
        made = stack(tmp_path / "stack", account, tier="dev", engineVersion="7.0", verifyFrom="here")
        made.up(code=1)
        # The password is made by the stack: only now can the server have it.
        server.client().execute_command(
            "ACL",
            "SETUSER",
            "default",
            "reset",
            f">{made.outputs['connection']['REDIS_PASSWORD']}",
            *rbac.access_string(access.rules("data")).split(),
        )
        made.up()
        verdicts = made.outputs["verification"]["checks"]
        assert verdicts["authentication-enforced"] == verdicts["tls-enforced"] == verdicts["expiry"] == "pass"
        assert "fail" not in verdicts.values()


def test_a_stack_takes_its_network_from_another_ones_outputs(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """examples/network, brought up first: its subnets, and its application's group as the only client."""
    network = AwsStack(tmp_path / "network", account, {}, program=ROOT / "examples" / "network")
    network.up()
    assert network.preview().splitlines()[-1].startswith("Resources: 7 unchanged")
    outputs = network.outputs
    groups = account.ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [outputs["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    )["SecurityGroups"]
    assert [(group["IpPermissions"], group["IpPermissionsEgress"]) for group in groups] == [([], [])]

    monkeypatch.setattr(engine.Engine, "ReadResource", reader({"organization/cache-network/prod": outputs}))
    values = {"backend": "elasticache", "tier": "prod", "networkStack": "organization/cache-network/prod"}
    made = AwsStack(tmp_path / "cache", account, values)
    made.up()
    assert sorted(made.outputs["subnetIds"]) == sorted(outputs["subnetIds"])
    application, verifier = outputs["applicationSecurityGroupId"], made.outputs["verifierSecurityGroupId"]
    assert rules(account, made.outputs["securityGroupId"]) == sorted(
        (False, "tcp", 6379, 6379, source) for source in (application, verifier)
    )
    assert made.preview().splitlines()[-1].startswith("Resources: 23 unchanged")


def reader(outputs: dict[str, dict[str, Any]]) -> Any:
    """Answer StackReferences, which the engine has no use for but here."""

    def read(_: engine.Engine, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:
        assert request.type == "pulumi:pulumi:StackReference"
        answer = {"name": request.id, "outputs": outputs[request.id], "secretOutputNames": []}
        return resource_pb2.ReadResourceResponse(urn=f"urn:{request.id}", properties=wire.to_struct(answer))

    return read
