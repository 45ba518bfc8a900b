"""The cache verified from inside its network: a function of Lambda, deployed and called as an `up` does it.

The code that runs is the deployed bundle, in a process of its own, against a real server with TLS.
"""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from benchmarks.listeners import listener, silent
from benchmarks.servers import RedisServer, until
from infra import rotation, verification
from infra.backends.elasticache import network, rbac
from infra.verifiers import aws_lambda, bundle
from tests.stacks.aws_stack import AwsStack, rules, stack, tls_server
from tests.stacks.inprocess import written
from tests.standins import aws, aws_providers, lambda_runtime
from verify import access
from verify.environment import CacheEnvironment

pytestmark = pytest.mark.stack

NAME = "hospitality-redis-prod-verifier"
FUNCTION = "aws:lambda/function:Function"
# Who brings the server into a state, while the stack's user has no more than its rights; and a replica without a wait.
SERVER = {"user": "tester on nopass ~* &* +@all", "repl-diskless-sync-delay": "0"}


SECRET = "aws:secretsmanager/secretVersion:SecretVersion"
ROTATED = {"password:Password", "aws:elasticache/user:User", SECRET}


@pytest.fixture
def unverified(account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AwsStack:
    """A stack of tier prod that is up, with no server behind it and without a verification."""
    monkeypatch.setenv(verification.SWITCH, "off")
    made = stack(tmp_path, account)
    made.up()
    return made


def stand_behind_the_endpoint(account: aws.Account, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Let the stack's cache be whatever listens on a port of this machine."""
    account.cache.address = ("127.0.0.1", port)
    monkeypatch.setattr(network, "PORT", port)


class Cache:
    """A stack that is up and was not verified yet, and the real server with its password behind the endpoint."""

    def __init__(self, made: AwsStack, server: RedisServer) -> None:
        self.stack = made
        self.password = made.outputs["connection"]["REDIS_PASSWORD"]
        self._server = server

    def answer_to(self, passwords: Sequence[str]) -> None:
        """Let the user `default` in with each of the passwords and the declared rights."""
        rules = [f">{password}" for password in passwords]
        with redis.Redis(port=self._server.port, username="tester", password="any") as tester:
            tester.execute_command(
                "ACL", "SETUSER", "default", "reset", *rules, *rbac.access_string(access.rules("data")).split()
            )


@pytest.fixture
def cache(account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cache]:
    """A stack of tier prod whose cache is as it was declared: with TLS, a password, few rights and a replica."""
    with tls_server(tmp_path, monkeypatch, **SERVER) as (server, port):
        stand_behind_the_endpoint(account, monkeypatch, port)
        monkeypatch.setenv(verification.SWITCH, "off")
        made = stack(tmp_path / "stack", account)
        made.up()
        monkeypatch.delenv(verification.SWITCH)
        found = Cache(made, server)
        source = {"replicaof": f"127.0.0.1 {server.port}", "masteruser": "tester", "masterauth": "any"}
        with RedisServer(tmp_path / "replica", settings=source) as replica:
            until(lambda: replica.client().info("replication")["master_link_status"] == "up")
            until(lambda: server.client().info("replication").get("slave0", {}).get("state") == "online")
            found.answer_to([found.password])
            account.cache.user_changed = found.answer_to
            yield found


def configuration(account: aws.Account) -> dict[str, Any]:
    """Return what the API says of the function."""
    return dict(account.functions.get_function(FunctionName=NAME)["Configuration"])


def failure(printed: str) -> str:
    """Return what an `up` said of its failure."""
    return printed.partition("error: ")[2].partition("\nResources:")[0].partition("\nOutputs:")[0]


def test_the_function_stands_beside_the_cache_and_leads_nowhere_else(
    unverified: AwsStack, account: aws.Account
) -> None:
    """In its subnets, in the verifier's group: whose one way out is the cache's port, and which has no way in."""
    outputs = unverified.outputs
    cache, verifier = outputs["securityGroupId"], outputs["verifierSecurityGroupId"]
    found = configuration(account)
    assert sorted(found["VpcConfig"]["SubnetIds"]) == sorted(outputs["subnetIds"])
    assert found["VpcConfig"]["SecurityGroupIds"] == [verifier]
    assert rules(account, verifier) == [(True, "tcp", 6379, 6379, cache)]
    application = unverified.configuration["applicationSecurityGroupIds"]
    assert rules(account, cache) == sorted((False, "tcp", 6379, 6379, source) for source in (application, verifier))


def test_it_may_do_what_lambda_needs_and_nothing_else(unverified: AwsStack, account: aws.Account) -> None:
    """A network interface and a log; nobody but Lambda takes its role, and its runtime is one that Lambda has."""
    found = configuration(account)
    role = account.iam.get_role(RoleName=found["Role"].rpartition("/")[2])["Role"]
    assert role["AssumeRolePolicyDocument"] == aws_lambda.TRUST
    attached = account.iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["AWSLambdaVPCAccessExecutionRole"]
    # Lambda looks for the right to a network interface when the function is made.
    assert [urn for urn in unverified.resource(FUNCTION).dependencies if "rolePolicyAttachment" in urn]
    assert account.iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"] == []
    assert (found["Runtime"], found["Architectures"]) == ("python3.13", ["arm64"])
    assert unverified.inputs(FUNCTION)["loggingConfig"] == {"logFormat": "JSON", "logGroup": f"/aws/lambda/{NAME}"}
    (log,) = account.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{NAME}")["logGroups"]
    assert (log["retentionInDays"], log["kmsKeyId"]) == (365, unverified.outputs["kmsKeyArn"])


def test_a_cache_as_declared_is_proved_from_inside(cache: Cache, account: aws.Account) -> None:
    """The function's report is exported and kept as a local one is; a preview calls nothing, and shows no change."""
    printed = cache.stack.preview()
    assert account.calls == []
    assert printed.splitlines()[-1].startswith("Resources: 23 unchanged")
    cache.stack.up()
    assert account.calls == [NAME]
    found = cache.stack.outputs["verification"]
    assert found["verdict"] == "passed"
    assert found["checks"]["authentication-enforced"] == found["checks"]["tls-enforced"] == "pass"
    kept = json.loads((cache.stack.folder / ".local" / "reports" / "prod.json").read_text())
    assert kept["verdict"] == "passed"
    printed = cache.stack.preview()
    assert account.calls == [NAME]
    assert printed.splitlines()[-1].startswith("Resources: 23 unchanged")
    assert "verification" not in printed


@pytest.mark.long
def test_a_rotation_changes_the_user_alone_and_is_proved_from_inside(
    cache: Cache, account: aws.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two passwords, then one, of one user: the group and the cache are never touched (anchors: pains 1 to 3)."""
    cache.stack.up()
    for step, valid, check in (("start", 2, "previous-password"), ("finish", 1, "retired-password")):
        monkeypatch.setenv(rotation.VARIABLE, step)
        printed = cache.stack.up()
        touched = set(re.findall(r"^ \S+ +(\S+:\w+) \S+ (?:updat|replac|delet|creat)ing", printed, re.MULTILINE))
        assert touched == (ROTATED if step == "start" else ROTATED - {SECRET}), printed
        assert len(account.cache.moto.users["hospitality-redis-prod"].passwords) == valid
        assert cache.stack.outputs["verification"]["checks"][check] == "pass"
        monkeypatch.delenv(rotation.VARIABLE)
        assert "unchanged" in cache.stack.preview().splitlines()[-1]
    assert cache.stack.outputs["connection"]["REDIS_PASSWORD"] != cache.password


@pytest.mark.long
def test_the_connection_is_in_the_call_alone(cache: Cache, account: aws.Account) -> None:
    """In no printed line, state, plain output, function, report or log of the function (which prints nothing)."""
    printed = cache.stack.up() + cache.stack.preview()
    folder = cache.stack.folder
    bundles = list((folder / ".local" / "bundles").iterdir())
    files = [*bundles, folder / ".local" / "reports" / "prod.json"]
    shown = {key: value for key, value in cache.stack.outputs.items() if key not in ("connection", "redisUrl")}
    places = [
        printed,
        str(shown),
        str(account.functions.get_function(FunctionName=NAME)),
        *(written(resource) for resource in cache.stack.resources),
        *(file.read_bytes().decode("latin-1") for file in files),
    ]
    assert all(cache.password not in place for place in places)
    assert "Environment" not in configuration(account)


@pytest.mark.long
def test_a_fault_fails_the_update_as_from_here(cache: Cache) -> None:
    """The same words, the same exported verdicts: a wrong password, say."""
    cache.answer_to("another-password-of-16")
    from_inside = failure(cache.stack.up(code=1))
    inside = cache.stack.outputs["verification"]
    assert "REDIS_PASSWORD" in from_inside
    assert cache.password not in from_inside
    assert inside["verdict"] == "failed"
    cache.stack.configure(verifyFrom="here")
    assert failure(cache.stack.up(code=1)) == from_inside
    assert cache.stack.outputs["verification"] == inside


@pytest.mark.long
def test_a_cache_without_tls_fails_too(account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whatever came up behind the endpoint, the function says what a local run would."""
    monkeypatch.setitem(CacheEnvironment.__init__.__kwdefaults__ or {}, "connect_timeout_ms", 2000)
    with RedisServer(tmp_path / "server") as server:
        stand_behind_the_endpoint(account, monkeypatch, server.port)
        made = stack(tmp_path / "stack", account)
        said = failure(made.up(code=1))
        assert "TLS" in said
        assert made.outputs["verification"]["verdict"] == "failed"
        made.configure(verifyFrom="here")
        assert failure(made.up(code=1)) == said


def test_a_cache_that_the_function_cannot_reach_is_unproven(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails the update, or warns of it, by cache:unreachable, as everywhere."""
    monkeypatch.setattr(aws_lambda, "WAIT_SECONDS", 0)
    account.cache.address = ("cache.invalid", 6379)
    made = stack(tmp_path, account)
    assert "does not resolve" in made.up(code=1)
    assert made.outputs["verification"]["verdict"] == "unproven"
    made.configure(unreachable="warn")
    assert "warning: the cache cannot be reached" in made.up()
    assert made.outputs["verification"]["verdict"] == "unproven"


def test_the_first_call_waits_until_the_way_is_open(
    account: aws.Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache can be there before a rule is; a call then would find it out of reach."""
    make = aws_providers.EgressRule.make
    ways_out: list[str] = []

    def slow(rule: aws_providers.EgressRule, news: dict[str, Any]) -> str:
        time.sleep(1)
        ways_out.append(make(rule, news))
        return ways_out[-1]

    def called(*_: Any, **__: Any) -> tuple[str, str]:
        return json.dumps({"problem": f"with {len(ways_out)} way out"}), ""

    monkeypatch.setattr(aws_providers.EgressRule, "make", slow)
    monkeypatch.setattr(lambda_runtime, "call_bundle", called)
    assert "gave no report: with 1 way out" in stack(tmp_path, account).up(code=1)


def no_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploy a function that Lambda cannot start."""
    monkeypatch.setattr(aws_lambda, "HANDLER", "verify.function.nothing")


def no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Return the function less time than a silent server takes."""
    monkeypatch.setattr(aws_lambda, "TIMEOUT_SECONDS", 1)


def an_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the provider repeat the call in its error."""

    def refuse(_bundle: bytes, _handler: str, event: str, **_: Any) -> tuple[str, str]:
        raise lambda_runtime.FunctionError(f"AccessDeniedException:\n\tno lambda:InvokeFunction for {event}")

    monkeypatch.setattr(lambda_runtime, "call_bundle", refuse)


def no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the function take the call for nonsense."""
    problem = json.dumps({"problem": "the call has no 'environment'"})
    monkeypatch.setattr(lambda_runtime, "call_bundle", lambda *_, **__: (problem, ""))


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (no_handler, "module 'verify.function' has no attribute 'nothing'; its log"),
        (no_time, "Error: Task timed out after 1.00 seconds; its log"),
        (an_echo, "AccessDeniedException: no lambda:InvokeFunction for {"),
        (no_sense, "the call has no 'environment'; its log"),
    ],
)
def test_a_call_that_fails_is_one_line_with_the_way_out(
    account: aws.Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[[pytest.MonkeyPatch], None],
    said: str,
) -> None:
    """Where the log is, and the command that does without the function; never the password or a traceback."""
    fault(monkeypatch)
    with listener(silent) as port:
        account.cache.address = ("127.0.0.1", port)
        made = stack(tmp_path, account)
        line = failure(made.up(code=1))
    assert line.startswith(f"the verifier {NAME} gave no report: ")
    assert said in line
    assert f"its log is /aws/lambda/{NAME} in CloudWatch" in line
    assert line.endswith("pulumi config set cache:verifyFrom here --stack prod")
    assert "\n" not in line
    assert made.outputs["connection"]["REDIS_PASSWORD"] not in line


def test_from_here_no_function_is_declared(unverified: AwsStack, account: aws.Account) -> None:
    """cache:verifyFrom here takes the function away, with its role and its log."""
    unverified.configure(verifyFrom="here")
    assert "- 4 deleted, 19 unchanged" in unverified.up()
    assert account.functions.list_functions()["Functions"] == []
    assert account.iam.list_roles()["Roles"] == []
    assert account.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"] == []
    unverified.configure(verifyFrom="aws-lambda")
    assert "+ 4 created, 19 unchanged" in unverified.up()


def test_only_another_verifier_changes_the_function(
    unverified: AwsStack, account: aws.Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place; the archive's path is the project's own, and the one before is gone."""
    before = configuration(account)["CodeSha256"]
    monkeypatch.setattr(bundle, "EPOCH", (1981, 1, 1, 0, 0, 0))
    assert "~ 1 updated, 22 unchanged" in unverified.up()
    assert configuration(account)["CodeSha256"] != before
    (archive,) = (unverified.folder / ".local" / "bundles").iterdir()
    assert unverified.inputs(FUNCTION)["code"]["path"] == f".local/bundles/{archive.name}"
