"""The stack on Redis Cloud as a user runs it: two keys in the environment, and one command."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from redis.backoff import NoBackoff
from redis.retry import Retry

from benchmarks.certificates import Authority
from benchmarks.listeners import listener, tls_terminator
from benchmarks.servers import free_port
from tests.processes import living
from tests.stacks.inprocess import StackInProcess
from tests.stacks.project import ROOT, ProjectCopy, Result, copy
from tests.standins import rediscloud
from tests.standins.rediscloud import ACCESS_KEY, SECRET_KEY, Cloud, LostAnswer, NotNow

pytestmark = pytest.mark.stack

SUBSCRIPTIONS = "/fixed/subscriptions"
DATABASES = "/fixed/subscriptions/[0-9]+/databases"

FREE: dict[str, object] = {
    "backend": "rediscloud",
    "tier": "dev",
    "acceptPlainText": True,
    "acceptAnyAddress": True,
}
# Over the free one: what is None is taken away.
PAID: dict[str, object] = {
    "tier": "staging",
    "acceptPlainText": None,
    "acceptAnyAddress": None,
    "paymentMethodId": 30949,
    "sourceCidrs": ["203.0.113.0/24"],
    "tlsCaFile": "redis_ca.pem",
}


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A clone of the project, and the account that its user has."""

    project: ProjectCopy
    cloud: Cloud

    def run(self, *arguments: str, code: int | None = 0, **variables: str) -> Result:
        """Run a verb on the stack."""
        environment = {**self.cloud.environment, "HOME": str(self.project.root), **variables}
        return self.project.run(*arguments, "--stack", "rediscloud", code=code, **environment)

    def killed(self, when: Callable[[], bool]) -> None:
        """Bring the stack up, and kill that once `when` holds: from then on it gets no answer to go on with."""
        environment: Any = {**self.cloud.environment, "HOME": str(self.project.root)}
        self.cloud.withheld = when
        self.project.killed("up", "--stack", "rediscloud", when=when, **environment)
        self.cloud.withheld = lambda: False

    @property
    def state(self) -> dict[str, Any]:
        """What the in-process engine has written down."""
        state: dict[str, Any] = json.loads((self.project.root / ".local/inprocess/rediscloud.json").read_text())
        return state

    @property
    def password(self) -> str:
        """The password that Redis Cloud has."""
        (database,) = self.cloud.databases.values()
        return str(database["security"]["password"])


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """An account with nothing in it, whose authority for TLS is in redis_ca.pem of the stack's folder."""
    authority = Authority()
    certificate = authority.certify(tmp_path, "localhost")

    def tls(port: int) -> AbstractContextManager[int]:
        return listener(tls_terminator(port, certificate))

    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "redis_ca.pem").write_text(authority.pem)
    with rediscloud.account(tmp_path / "cloud", tls=tls) as made:
        yield made


@pytest.fixture
def clone(cloud: Cloud, tmp_path: Path) -> Clone:
    """A clone, run in processes of its own, by the in-process engine: only here does that serve Redis Cloud."""
    copy(tmp_path / "project")
    backend = tmp_path / "project" / "infra" / "backends" / "rediscloud" / "backend.py"
    backend.write_text(backend.read_text().replace("needs=", "is_served_in_process=True,\n    needs="))
    return Clone(project=ProjectCopy(root=tmp_path / "project", engine="inprocess", path=""), cloud=cloud)


@pytest.fixture
def stack(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackInProcess:
    """The same stack, its program run in this process."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    return StackInProcess(folder=tmp_path / "project", name="rediscloud", finders=[], configuration=dict(FREE))


def answers(port: int, password: str) -> bool:
    """Return whether a server takes a password."""
    with redis.Redis(port=port, password=password, retry=Retry(NoBackoff(), 0)) as client:
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            return False


def test_two_keys_and_one_command_are_enough(clone: Clone) -> None:
    """Proved, with what it accepts said again in every run."""
    printed = clone.run("preview").printed
    assert "Redis Cloud: plan 30MB (No replication), free" in printed
    assert not [each for each in clone.cloud.requests if each.method != "GET"]

    for printed in (clone.run("up").printed, clone.run("up").printed):
        assert "tier dev is the free plan of Redis Cloud here: 30 MB, less than the tier's 100" in printed
        assert "warning: cache:acceptPlainText: the free plan has no TLS" in printed
        assert "warning: cache:acceptAnyAddress: the cache answers to the whole Internet" in printed
        assert "Verified: valkey" in printed
        assert "redis://:****@127.0.0.1:" in printed
    assert "Resources: 6 unchanged" in printed
    assert "Outputs:" not in printed
    assert "Resources: 6 unchanged" in clone.run("preview").printed
    assert len(clone.cloud.asked("POST", ".*")) == 2
    assert clone.cloud.asked("PUT", ".*") == []

    clone.run("down", "--confirm", "rediscloud")
    assert (clone.cloud.subscriptions, clone.cloud.databases) == ({}, {})
    assert not (clone.project.root / ".local/inprocess/rediscloud.json").exists()


@pytest.mark.long
def test_a_stack_of_an_earlier_release_is_taken_down_in_process(cloud: Cloud, tmp_path: Path) -> None:
    """The in-process engine served Redis Cloud then, and now takes such a stack down alone (kept/README.md)."""
    text = (Path(__file__).parent / "kept" / "rediscloud.json").read_text()
    kept = json.loads(text.replace("@PORT@", str(free_port())))
    cloud.replay(kept["requests"])
    copy(tmp_path / "project")
    project = ProjectCopy(root=tmp_path / "project", engine="auto", path="")
    file = project.root / ".local" / "inprocess" / "rediscloud.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(kept["state"]))
    before = list(cloud.databases)
    assert len(before) == 1

    of_user: Any = {**cloud.environment, "HOME": str(project.root)}
    refused = project.run("up", "--stack", "rediscloud", code=1, **of_user).printed
    assert "which can only take it down: make down STACK=rediscloud" in refused
    assert list(cloud.databases) == before
    project.run("down", "--stack", "rediscloud", "--confirm", "rediscloud", **of_user)
    assert (cloud.subscriptions, cloud.databases) == ({}, {})
    assert not file.exists()


def test_the_outputs_have_the_real_plan_and_its_price(stack: StackInProcess, cloud: Cloud) -> None:
    """And where the database is, for whoever looks for it in the console."""
    stack.configure(**PAID)
    assert "Redis Cloud: plan Single-Zone_Persistence_2.5GB (Single-zone), 60.00 USD a month" in stack.up()
    outputs = stack.outputs
    assert (outputs["monthlyCostUsd"], outputs["plan"]["name"]) == (60, "Single-Zone_Persistence_2.5GB")
    assert outputs["databaseName"].startswith("hospitality-redis-rediscloud-")
    assert int(outputs["subscriptionId"]) in cloud.subscriptions
    assert int(outputs["databaseId"]) in cloud.databases


def test_a_paid_stack_has_tls_a_copy_and_persistence(stack: StackInProcess, cloud: Cloud) -> None:
    """Over a real TLS connection, whose authority is the file's; and only for the networks that are named."""
    stack.configure(**PAID)
    assert "warning" not in stack.up()
    (body,) = (each.body for each in cloud.asked("POST", DATABASES))
    assert {key: value for key, value in body.items() if key not in ("name", "password")} == {
        "protocol": "stack",
        "dataPersistence": "aof-every-1-second",
        "dataEvictionPolicy": "allkeys-lru",
        "replication": True,
        "enableTls": True,
        "sourceIps": ["203.0.113.0/24"],
    }
    variables = stack.outputs["connection"]
    assert (variables["REDIS_USE_TLS"], variables["REDIS_HOST"]) == ("true", "localhost")
    assert variables["REDIS_TLS_CA"].startswith("-----BEGIN CERTIFICATE-----")
    assert stack.outputs["verification"]["checks"]["tls-enforced"] == "pass"


def test_the_example_is_a_stack_for_production(stack: StackInProcess, cloud: Cloud) -> None:
    """In several zones, within its budget, kept from deletion until that is taken back; nothing is accepted in it."""
    example = yaml.safe_load((ROOT / "examples/rediscloud/Pulumi.rediscloud.yaml").read_text())["config"]
    stack.configuration = example | {"cache:tlsCaFile": "redis_ca.pem"}
    stack.configure()
    printed = stack.up()
    assert "Redis Cloud: plan Multi-Zone_Persistence_12GB (Multi-zone), 230.00 USD a month" in printed
    assert "warning" not in printed
    printed = stack.destroy(code=1)
    assert "rediscloud:Subscription cache is protected" in printed
    assert "rediscloud:Database cache is protected" in printed
    stack.configure(deletionProtection=False)
    stack.up()
    stack.destroy()
    assert (cloud.subscriptions, cloud.databases) == ({}, {})


def test_without_the_older_authority_its_certificate_is_refused(stack: StackInProcess) -> None:
    """The public authorities are trusted alone, and the failure names TLS."""
    stack.configure(**(PAID | {"tlsCaFile": None}))
    assert "certificate" in stack.up(code=1)


def test_a_larger_plan_is_changed_in_place(stack: StackInProcess, cloud: Cloud) -> None:
    """From the free plan to a paid one: the same subscription and the same database, now with TLS."""
    stack.up()
    before = list(cloud.subscriptions), list(cloud.databases)
    (database,) = cloud.databases.values()
    stack.configure(**(PAID | {"tier": "dev", "memoryMb": 250}))
    stack.up()
    assert (list(cloud.subscriptions), list(cloud.databases)) == before
    (subscription,) = cloud.subscriptions.values()
    assert subscription["planName"] == "Single-Zone_Persistence_250MB"
    assert (database["security"]["enableTls"], database["security"]["sourceIps"]) == (True, ["203.0.113.0/24"])


@pytest.mark.long
def test_a_run_killed_after_the_subscription_was_created_makes_no_second_one(clone: Clone) -> None:
    """Before its state was written: the next run finds it by its name."""
    clone.killed(lambda: bool(clone.cloud.subscriptions))
    pending = [known for known in clone.state["resources"] if known["type"].endswith("rediscloud:Subscription")]
    assert [known["pending"] for known in pending] == ["create"]
    clone.run("up")
    assert (len(clone.cloud.subscriptions), len(clone.cloud.databases)) == (1, 1)
    assert len(clone.cloud.asked("POST", SUBSCRIPTIONS)) == 1
    assert "Resources: 6 unchanged" in clone.run("preview").printed


@pytest.mark.long
@pytest.mark.parametrize("asked", [SUBSCRIPTIONS, DATABASES], ids=["subscription", "database"])
def test_a_run_killed_while_it_creates_can_be_taken_down(clone: Clone, asked: str) -> None:
    """Right after it asked: what was under way is waited for, and deleted."""
    clone.cloud.task_seconds = 0.4
    clone.killed(lambda: bool(clone.cloud.asked("POST", asked)))
    clone.run("down", "--confirm", "rediscloud")
    time.sleep(0.5)
    clone.cloud.handle(rediscloud.Request(method="GET", path="/tasks", body={}), {})
    assert (clone.cloud.subscriptions, clone.cloud.databases) == ({}, {})


def test_troubles_on_the_way_are_passed(stack: StackInProcess, cloud: Cloud) -> None:
    """Lost answers to both creations, and a limit of requests: one subscription, one database, proved."""
    cloud.troubles += [
        ("POST", SUBSCRIPTIONS, NotNow(429, {}, Retry_After="1")),
        ("POST", SUBSCRIPTIONS, LostAnswer()),
        ("GET", "/tasks", NotNow(503, {})),
        ("POST", DATABASES, LostAnswer()),
    ]
    assert "Redis Cloud asks to wait (429), 1 s" in stack.up()
    assert (len(cloud.subscriptions), len(cloud.databases), cloud.troubles) == (1, 1, [])


@pytest.mark.long
def test_what_was_changed_or_deleted_by_hand_is_put_right(stack: StackInProcess, cloud: Cloud) -> None:
    """In the console: the policy, and then all of it."""
    stack.up()
    (database,) = cloud.databases.values()
    database["dataEvictionPolicy"] = "noeviction"
    assert "rediscloud:Database cache updated" in stack.up()
    assert database["dataEvictionPolicy"] == "allkeys-lru"
    cloud.databases.clear()
    cloud.subscriptions.clear()
    assert "rediscloud:Subscription cache created" in stack.up()
    assert (len(cloud.subscriptions), len(cloud.databases)) == (1, 1)


def test_a_rotation_ends_the_old_password_as_the_new_one_begins(
    stack: StackInProcess, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis Cloud keeps one: the proof includes that the old one is refused."""
    stack.up()
    ((number, database),) = cloud.databases.items()
    before = database["security"]["password"]
    monkeypatch.setenv("CACHE_ROTATION", "start")
    stack.up()
    after = database["security"]["password"]
    port = cloud.server(number).port
    assert after != before
    assert (answers(port, before), answers(port, after)) == (False, True)
    assert stack.outputs["verification"]["checks"]["retired-password"] == "pass"
    assert stack.outputs["connection"]["REDIS_PASSWORD"] == after


def test_a_rollback_keeps_the_cache_and_delivers_none(stack: StackInProcess, cloud: Cloud) -> None:
    """The application is told of no Redis; the database stays, for when it is attached again."""
    stack.up()
    stack.configure(attached=False)
    stack.up()
    assert set(stack.outputs["connection"].values()) == {""}
    assert len(cloud.databases) == 1


@pytest.mark.long
def test_no_key_and_no_password_is_ever_shown(clone: Clone) -> None:
    """Not in what is printed, a failure included, nor in a process's arguments; and no key in the state."""
    clone.cloud.provisioning_seconds = 1
    process = subprocess.Popen(
        [sys.executable, "-m", "operate", "up", "--stack", "rediscloud", "--engine", "inprocess"],
        cwd=clone.project.root,
        env={**clone.cloud.environment, "PATH": "/usr/bin:/bin", "HOME": str(clone.project.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    arguments = ""
    while process.poll() is None:
        arguments += "\n".join(each.arguments for each in living())
        time.sleep(0.1)
    assert process.stdout is not None
    printed = process.stdout.read() + clone.run("outputs").printed
    process.stdout.close()
    clone.cloud.troubles.append(("GET", SUBSCRIPTIONS + ".*", NotNow(400, {"description": f"{SECRET_KEY} no"})))
    printed += clone.run("up", code=1).printed
    for secret in (ACCESS_KEY, SECRET_KEY, clone.password):
        assert secret not in printed
        assert secret not in arguments
    resources = json.dumps(clone.state)
    assert ACCESS_KEY not in resources
    assert SECRET_KEY not in resources
    # In a state of this engine secrets stand in clear text, and marked: every one of them.
    held = json.dumps([_unmarked(known) for known in clone.state["resources"]] + [_unmarked(clone.state["outputs"])])
    assert clone.password not in held


@pytest.mark.parametrize(
    "wrong",
    [
        (
            {},
            {"REDISCLOUD_ACCESS_KEY": "", "REDISCLOUD_SECRET_KEY": ""},
            "REDISCLOUD_ACCESS_KEY and REDISCLOUD_SECRET_K",
        ),
        ({}, {"REDISCLOUD_SECRET_KEY": "wrong"}, "Redis Cloud does not accept the keys (401)"),
        ({}, {"REDISCLOUD_URL": "http://api.example/v1"}, "REDISCLOUD_URL is no https address"),
        ({"cloudRegion": "mars-1"}, {}, "no Essentials plan in mars-1 of AWS; it has some in: us-east-1, us-west-1"),
        (PAID | {"budgetUsd": 59}, {}, "cache:budgetUsd is 59.00, and plan Single-Zone_Persistence_2.5GB costs 60.00"),
        (PAID | {"paymentMethodId": 1}, {}, "cache:paymentMethodId 1 is none of the account's, and plan Single-Zone_"),
        (
            PAID | {"tier": "prod", "memoryMb": 8192},
            {},
            "offers no Essentials plan of 16384 MB or more, with TLS, in sev",
        ),
        (PAID | {"tlsCaFile": "nowhere.pem"}, {}, "cache:tlsCaFile nowhere.pem cannot be read: No such file"),
        (PAID | {"tlsCaFile": "Pulumi.yaml"}, {}, "cache:tlsCaFile Pulumi.yaml has no certificate in it"),
    ],
    ids=lambda wrong: wrong[2][:40],
)
def test_a_failure_is_one_clean_message_before_anything_is_made(
    stack: StackInProcess,
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    wrong: tuple[dict[str, object], dict[str, str], str],
) -> None:
    """In a preview already, and without a traceback."""
    values, variables, said = wrong
    stack.configure(**values)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for verb in (stack.preview, stack.up):
        printed = verb(code=1)
        assert said in printed
        assert "Traceback" not in printed
    assert not [each for each in cloud.requests if each.method != "GET"]


def test_a_task_that_fails_leaves_what_the_next_run_goes_on_from(stack: StackInProcess, cloud: Cloud) -> None:
    """The database's creation failed: the subscription is there, and is not made again."""
    error = {"type": "GENERAL_ERROR", "status": "500", "description": "A general error occurred."}
    cloud.failures.append(("fixedDatabaseCreateRequest", error))
    printed = stack.up(code=1)
    assert "A general error occurred. (GENERAL_ERROR)" in printed
    assert "Traceback" not in printed
    stack.up()
    assert (len(cloud.asked("POST", SUBSCRIPTIONS)), len(cloud.databases)) == (1, 1)


def _unmarked(value: Any) -> Any:
    """Leave out what is marked as a secret."""
    if isinstance(value, dict):
        return {} if value.get("value") is not None and len(value) == 2 else {k: _unmarked(v) for k, v in value.items()}
    return [_unmarked(each) for each in value] if isinstance(value, list) else value
