"""What the ElastiCache backend declares: its contract with the state, with users' complaints, and with Redis.

Whole stacks and what the API says of them are in tests/stacks/test_elasticache_stack.py.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pulumi_aws
import pytest
import redis

from benchmarks.servers import RedisServer
from infra import verification, windows
from infra.backends.elasticache import nodes, rbac, versions
from infra.backends.elasticache.settings import ElastiCacheSettings
from runner.inprocess import wire
from tests.stacks.aws_stack import AwsStack, stack
from tests.stacks.inprocess import ROOT, written
from tests.standins import aws, aws_cache_refusals, aws_elasticache
from verify import access, checks
from verify.expectation import Expectation
from verify.redis_cache import RedisCache

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
USER = "aws:elasticache/user:User"

# What users of the best modules report, by its number in the project's notes, and the test of our answer. Those that
# are missing are of what we do not declare: imports (4), serverless caches (11, 14), other clouds (19, 20).
PAINS = {
    1: "test_there_is_no_token_whose_change_replaces_the_cache",
    2: "test_the_cache_is_verified_through_tls_with_the_users_rights",
    3: "test_there_is_no_token_whose_change_replaces_the_cache",
    5: "test_the_password_is_a_secret_wherever_it_goes",
    6: "test_redis_becomes_valkey_in_place",
    7: "test_tls_is_required_from_the_first_day",
    8: "test_an_upgrade_that_aws_made_never_replaces_the_cache",
    9: "test_redis_becomes_valkey_in_place",
    10: "test_a_second_preview_is_empty",
    12: "test_fewer_nodes_come_after_the_failover_is_off",
    13: "test_a_security_groups_description_never_changes",
    15: "test_cluster_mode_stays_possible",
    16: "test_the_cache_answers_to_one_password_with_few_rights",
    17: "test_a_cache_that_goes_leaves_its_last_snapshot",
    18: "test_each_log_has_a_group_of_its_own",
}


@pytest.fixture
def prod(account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsStack:
    """A stack of tier prod that is up."""
    monkeypatch.setenv(verification.SWITCH, "off")
    made = stack(tmp_path, account)
    made.up()
    return made


def test_every_pain_has_a_test() -> None:
    """The table above names tests that there are."""
    files = (Path(__file__), ROOT / "tests" / "stacks" / "test_elasticache_stack.py")
    tests = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    assert set(PAINS.values()) <= tests


# The contract with the state: another type or name would replace what exists.


@pytest.mark.stack
def test_types_and_names_are_pinned(prod: AwsStack) -> None:
    """A rename has to take an alias."""
    name = "hospitality-redis-prod"
    application = prod.configuration["applicationSecurityGroupIds"]
    assert {(each.type, each.name) for each in prod.resources if each.custom} == {
        ("pulumi-python:dynamic/password:Password", "password"),
        ("pulumi-python:dynamic/lineage:Lineage", "lineage"),
        ("aws:ec2/securityGroup:SecurityGroup", name),
        ("aws:ec2/securityGroup:SecurityGroup", f"{name}-verifier"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", f"{name}-from-{application}"),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", f"{name}-from-verifier"),
        ("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", f"{name}-verifier-to-cache"),
        ("aws:kms/key:Key", name),
        ("aws:kms/alias:Alias", name),
        ("aws:cloudwatch/logGroup:LogGroup", f"{name}-slow-log"),
        ("aws:cloudwatch/logGroup:LogGroup", f"{name}-engine-log"),
        ("aws:cloudwatch/logGroup:LogGroup", f"{name}-verifier"),
        ("aws:iam/role:Role", f"{name}-verifier"),
        ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"{name}-verifier"),
        ("aws:lambda/function:Function", f"{name}-verifier"),
        ("aws:elasticache/subnetGroup:SubnetGroup", name),
        (PARAMETERS, f"{name}-redis7"),
        (USER, name),
        ("aws:elasticache/userGroup:UserGroup", name),
        (GROUP, name),
        ("aws:secretsmanager/secret:Secret", name),
        ("aws:secretsmanager/secretVersion:SecretVersion", name),
    }


@pytest.mark.stack
def test_everything_that_can_take_tags_has_ours(prod: AwsStack) -> None:
    """Who made it, for which stack and tier: explicit, so that a plan and an auditor see them."""
    ours = {"project": "cache", "stack": "prod", "tier": "prod", "managed-by": "pulumi"}
    taggable = 0
    for resource in (each for each in prod.resources if each.type.startswith("aws:")):
        package, _, name = resource.type.removeprefix("aws:").partition("/")
        module = getattr(pulumi_aws, "lambda_" if package == "lambda" else package)
        type_ = getattr(module, name.partition(":")[2])
        if "tags" in inspect.signature(type_._internal_init).parameters:
            assert resource.inputs["tags"] == ours, resource.urn
            taggable += 1
    assert taggable == 17


@pytest.mark.stack
def test_the_password_is_a_secret_wherever_it_goes(prod: AwsStack) -> None:
    """In the user's inputs, in the connection, and in clear nowhere."""
    password = prod.outputs["connection"]["REDIS_PASSWORD"]
    assert len(password) == 32
    assert wire.holds_secret(prod.resource(USER).inputs["authenticationMode"])
    assert all(password not in written(resource) for resource in prod.resources)
    assert password not in prod.preview()


@pytest.mark.stack
def test_every_input_is_one_of_the_providers(prod: AwsStack) -> None:
    """An input that the SDK does not know would be dropped in silence by a stand-in."""
    known = set(inspect.signature(pulumi_aws.elasticache.ReplicationGroup._internal_init).parameters)
    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower() for key in prod.inputs(GROUP)}
    assert names <= known


# Pains: each test says whose.


@pytest.mark.stack
def test_there_is_no_token_whose_change_replaces_the_cache(prod: AwsStack) -> None:
    """RBAC alone: another password is a change of the user, and the group knows nothing of it."""
    inputs = prod.inputs(GROUP)
    assert not [key for key in inputs if key.startswith("authToken")]
    assert inputs["userGroupIds"] == ["hospitality-redis-prod"]
    assert prod.outputs["connection"]["REDIS_PASSWORD"] not in str(inputs)
    assert prod.inputs(USER)["authenticationMode"]["type"] == "password"


@pytest.mark.stack
def test_tls_is_required_from_the_first_day(prod: AwsStack) -> None:
    """No setting turns it off, so there is no order of steps to keep on the way to it."""
    inputs = prod.inputs(GROUP)
    assert (inputs["transitEncryptionEnabled"], inputs["transitEncryptionMode"]) == (True, "required")
    names = ElastiCacheSettings.model_fields
    assert not [name for name in names if "tls" in name.lower() or "encrypt" in name.lower()]


@pytest.mark.stack
@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
def test_an_upgrade_that_aws_made_never_replaces_the_cache(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tier: str
) -> None:
    """The provider takes the pinned version for a downgrade then; every tier is refused, with what keeps the cache."""
    monkeypatch.setenv(verification.SWITCH, "off")
    made = stack(tmp_path, account, tier=tier, engine="valkey", engineVersion="8.0")
    made.up()
    group = account.cache.group(f"hospitality-redis-{tier}")
    group.engine_version = "8.1"
    for run in (made.preview, made.up):
        printed = run(code=1)
        assert "AWS runs valkey 8.1.0: from valkey 8.1 to valkey 8.0 is a downgrade" in printed
        assert f"pulumi config set cache:engineVersion 8.1 --stack {tier}" in printed
    assert account.cache.group(f"hospitality-redis-{tier}") is group
    made.configure(engineVersion="8.1")
    assert "replac" not in made.up()


@pytest.mark.stack
@pytest.mark.parametrize(
    ("version", "cure"),
    [
        ("8.0", "set cache:engine valkey --stack dev && pulumi config set cache:engineVersion 8.0 --stack dev"),
        ("9.1", "add valkey 9.1 to infra/backends/elasticache/versions.py, which does not know it yet"),
    ],
)
def test_another_engine_that_aws_made_is_kept(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, cure: str
) -> None:
    """AWS may end an engine, too, and may know versions that the project does not."""
    monkeypatch.setenv(verification.SWITCH, "off")
    monkeypatch.setitem(aws_elasticache.PATCH, "9.1", "9.1.0")
    made = stack(tmp_path, account, tier="dev")
    made.up()
    group = account.cache.group("hospitality-redis-dev")
    group.engine, group.engine_version = "valkey", version
    printed = made.preview(code=1)
    assert f"AWS runs valkey {version}" in printed
    assert cure in printed


@pytest.mark.stack
def test_a_security_groups_description_never_changes(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would replace the group, which cannot go while a cache uses it: neither tier nor stack is in it."""
    monkeypatch.setenv(verification.SWITCH, "off")
    descriptions = []
    for tier in ("dev", "prod"):
        made = stack(tmp_path / tier, account, tier=tier)
        made.up()
        groups = [each for each in made.resources if each.type == "aws:ec2/securityGroup:SecurityGroup"]
        descriptions.append([group.inputs["description"] for group in groups])
        # The rules are resources of their own, and none is inside a group.
        assert not [group for group in groups if {"ingress", "egress"} & group.inputs.keys()]
    assert sorted(descriptions[0]) == sorted(descriptions[1])


@pytest.mark.stack
def test_cluster_mode_stays_possible(prod: AwsStack) -> None:
    """A group with cluster-enabled among its parameters can never change over."""
    inputs = prod.inputs(PARAMETERS)
    assert [each["name"] for each in inputs["parameters"]] == ["maxmemory-policy"]
    assert prod.resource(PARAMETERS).name.endswith("-redis7")


@pytest.mark.stack
def test_each_log_has_a_group_of_its_own(prod: AwsStack) -> None:
    """Two logs in one group cannot be told apart."""
    deliveries = prod.inputs(GROUP)["logDeliveryConfigurations"]
    assert {each["logType"]: each["destination"] for each in deliveries} == prod.outputs["logGroups"]
    assert len({each["destination"] for each in deliveries}) == len(deliveries) == 2


@pytest.mark.stack
def test_what_is_expected_can_be_seen_from_outside(prod: AwsStack) -> None:
    """AWS's own figure of the memory and its snapshots are not, and a minor version may still wait."""
    assert prod.outputs["expectation"] == {
        "maxmemory_policy": "allkeys-lru",
        "authentication": True,
        "tls": True,
        "replicas": 1,
        "version": "redis 7",
        "cluster": False,
        "access": "data",
    }


# The rights of the one user.


@pytest.fixture(params=["cache", "data"])
def restricted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer]:
    """A server whose default user has the rights of a preset."""
    with RedisServer(tmp_path, password="0123456789abcdef") as server:
        rules = rbac.access_string(access.rules(request.param)).split()
        server.client().execute_command("ACL", "SETUSER", "default", "reset", ">0123456789abcdef", *rules)
        yield server


def test_the_rights_are_enough_for_the_client_and_the_checks(restricted: RedisServer) -> None:
    """Everything that the cache client does, and every check that can be made."""
    environment = restricted.environment()
    cache = RedisCache(environment)
    cache.set_many({"report:daily:1": b"one", "report:daily:2": b"two"}, ttl_seconds=60)
    assert cache.get_many(["report:daily:1", "report:daily:2"]) == {"report:daily:1": b"one", "report:daily:2": b"two"}
    assert cache.get("report:daily:1") == b"one"
    assert cache.delete("report:daily:1")
    assert cache.health().fault is None
    assert cache.status().fault is None
    cache.close()
    report = checks.run(environment, Expectation(authentication=True, cluster=False, replicas=0))
    assert report.passed, [(each.name, each.cause or each.detail) for each in report.failures()]


@pytest.mark.parametrize(
    "command",
    [
        "CONFIG GET save",
        "FLUSHALL",
        "KEYS *",
        "ACL LIST",
        "SHUTDOWN",
        "REPLICAOF NO ONE",
        "MONITOR",
    ],
)
def test_the_rights_are_no_more_than_that(restricted: RedisServer, command: str) -> None:
    """Nothing that empties, stops or reconfigures the server, or that keeps it from everybody else."""
    with pytest.raises(redis.exceptions.NoPermissionError):
        restricted.client().execute_command(*command.split())


# Data that came from AWS.


def test_node_types_are_ones_that_aws_has() -> None:
    """The guide's two among them; and what a cache.t3.micro shows in INFO is what AWS writes."""
    assert set(nodes.NODES) <= set(aws_cache_refusals.node_types("us-east-1"))
    assert {"cache.t3.micro", "cache.r6g.large"} <= set(nodes.NODES)
    assert nodes.NODES["cache.t3.micro"].usable_bytes == 402653184
    # AWS re:Post, "elasticache-cluster-fix-scale-down": INFO of a cache.m5.xlarge, of the same memory as this one.
    assert nodes.NODES["cache.m6g.xlarge"].usable_bytes == 10418941287
    assert (nodes.NODES["cache.r7g.large"].gib, nodes.NODES["cache.r7g.large"].generation) == (13.07, 7)


def test_versions_are_ones_that_aws_has() -> None:
    """Each that a stack may pin, with the default first and newest."""
    for engine, known in versions.VERSIONS.items():
        assert set(known) <= set(aws_cache_refusals.versions(engine))
        assert list(known) == sorted(known, reverse=True)


@pytest.mark.parametrize(
    ("mebibytes", "name"),
    [
        (100, "cache.t4g.micro"),
        (384, "cache.t4g.micro"),
        (385, "cache.t4g.small"),
        (1024, "cache.t4g.small"),
        (2048, "cache.t4g.medium"),
        (4096, "cache.m6g.large"),
        (8192, "cache.r6g.large"),
    ],
)
def test_the_smallest_node_that_holds_the_memory_is_taken(mebibytes: int, name: str) -> None:
    """Usable memory counts: a quarter of each node is AWS's."""
    assert nodes.smallest(mebibytes * 1024 * 1024, "redis").name == name


def test_no_node_holds_everything() -> None:
    """Beyond the largest there is a clear end."""
    with pytest.raises(ValueError, match="no node type has 1099511627776 bytes"):
        nodes.smallest(2**40, "redis")


@pytest.mark.parametrize(
    ("maintenance", "snapshot", "meet"),
    [
        ("sun:03:00-sun:04:00", "01:00-02:00", False),
        ("sun:03:00-sun:04:00", "02:00-03:00", False),
        ("sun:03:00-sun:04:00", "02:00-03:01", True),
        ("sun:23:30-mon:00:30", "00:00-01:00", True),
        ("tue:01:00-tue:02:00", "23:30-00:30", False),
        ("tue:00:00-tue:01:00", "23:30-00:30", True),
    ],
)
def test_windows_that_meet_are_found(maintenance: str, snapshot: str, meet: bool) -> None:
    """On any day, around midnight and around the week's end."""
    assert windows.overlap(windows.weekly(maintenance), windows.daily(snapshot)) is meet
