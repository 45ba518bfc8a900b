"""Whole lives of stacks, in which no password, token or key may be anywhere but where it belongs.

A life is a preview, `up` twice, a rotation, each sink that refuses, a restart that fails, a verification that fails, a
rollback, an attach and the end. Searched is all of it: what was printed and logged, every file, what the state and the
outputs have in plain, what the vendors were sent beside secrets, and every process that was started.
"""

import dataclasses
import json
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import redis

from infra import delivery, guards, rotation, verification
from infra.aws import access, network
from infra.local_server import provider as local_provider
from infra.redis_cloud import api
from infra.sinks import encore_cli, files
from runner import closing as ending
from runner import verbs
from runner.inprocess import operations, wire
from runner.project import ProjectError
from tests import leaks
from tests.servers import free_port
from tests.stacks import aws_stack, gcp_stack
from tests.stacks.inprocess import ROOT, StackInProcess
from tests.stacks.project import ProjectCopy
from tests.standins import aws, rediscloud
from tests.standins.aws_elasticache import fault
from tests.standins.encore import Platform
from tests.standins.gcp_secret_manager import ADD, Refused, SecretManager

# What a user has in his environment, or a tool in its files; in letters that each encoding writes in its own way.
KEYS: Final = {
    name: f"{name.lower()}/+%{secrets.token_urlsafe(24)}?="
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "GOOGLE_OAUTH_ACCESS_TOKEN",
        "PULUMI_ACCESS_TOKEN",
        "ENCORE_AUTH_TOKEN",
    )
}
PASSWORD_RESOURCE: Final = "pulumi-python:dynamic/password:Password"
NOBODYS: Final = "a-password-that-nobody-has"
APPLICATIONS: Final = '{\n  "metadata": {"app_id": "hospitality"}\n}\n'

Trouble = Callable[[], AbstractContextManager[object]]


@contextmanager
def asked(step: str) -> Iterator[None]:
    """Ask the next run for a step of a rotation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(rotation.VARIABLE, step)
        yield


@dataclass(kw_only=True)
class Subject:
    """A stack, and what can happen to it."""

    stack: StackInProcess
    # Brings it up for the first time.
    begin: Callable[[], str]
    # The files that are there to have secrets: the sinks' own.
    own: Sequence[Path] = ()
    steps: Sequence[str] = ("start", "finish")
    # The next run has another password to deliver.
    renewed: Trouble = lambda: asked("start")
    # The cache does not pass its verification, or has none.
    spoiled: Trouble | None = None
    # A sink, or the vendor, refuses.
    refusals: Sequence[Trouble] = ()
    # A restart of the application that fails.
    command: str = "echo deploying; exit 3"
    # What a vendor was sent or shows, without what is there for secrets.
    sent: Callable[[], str] = str
    secrets: dict[str, str] = field(default_factory=dict)


class Search:
    """Finds the secrets of a stack in whatever it wrote."""

    def __init__(self, subject: Subject, place: Path, said: Callable[[], str], started: list[leaks.Started]) -> None:
        """Search in a folder that has all others of the stack, and in what `said` gives."""
        self.secrets = {**KEYS, **subject.secrets}
        self._subject, self._place, self._said, self._started = subject, place, said, started
        self._texts: dict[str, list[str]] = {}
        self._found: set[str] = set()

    @property
    def passwords(self) -> list[str]:
        """What there was of passwords so far."""
        return [secret for name, secret in self.secrets.items() if name.startswith("password")]

    def after(self, printed: str) -> None:
        """Look at what a step left."""
        stack = self._subject.stack
        self._learn()
        self._keep("what was printed", printed + self._said())
        self._keep("the plain state", "".join(plain(resource) for resource in stack.resources))
        self._keep("the plain outputs", json.dumps(stack._stack.outputs(show_secrets=False)))
        state = stack._stack.state_file
        if state.exists():
            assert stat.S_IMODE(state.stat().st_mode) == 0o600
        self._found |= set(leaks.in_files(self._place, self.secrets, allowed=[state, *self._subject.own]))

    def found(self) -> list[str]:
        """Name every place that has a secret, and what it has."""
        self._keep("what the vendor was sent", self._subject.sent())
        for each in self._started:
            self._keep("the arguments of a process", each.arguments)
            # The verification is the one that is told the password so, as the application is.
            if "-m verify check" not in each.arguments:
                # A user's own keys are inherited by whatever runs.
                self._keep("the environment of a process", without(each.environment, KEYS, self._subject.secrets))
        found = {
            f"{where} holds {', '.join(held)}"
            for where, texts in self._texts.items()
            if (held := leaks.in_text("\n".join(texts), self.secrets))
        }
        return sorted(found | self._found)

    def _keep(self, where: str, text: str) -> None:
        """Keep it for the end: a run prints what is known as a secret only after it."""
        self._texts.setdefault(where, []).append(text)

    def _learn(self) -> None:
        """Take the passwords out of the state and the outputs, where they are in clear."""
        stack = self._subject.stack
        known = [stack.outputs.get("connection", {}).get("REDIS_PASSWORD")]
        for resource in stack.resources:
            if resource.type == PASSWORD_RESOURCE:
                known += [wire.plain(resource.outputs).get(name) for name in ("value", "previous", "retired")]
        for password in known:
            if password and password not in self.passwords:
                self.secrets[f"password {len(self.passwords) + 1}"] = password


def plain(resource: Any) -> str:
    """Give all that the state has of a resource, secrets masked."""
    masked = {"inputs": wire.masked(resource.inputs), "outputs": wire.masked(resource.outputs)}
    return json.dumps({**dataclasses.asdict(resource), **masked})


def without(environment: str, *secrets: dict[str, str]) -> str:
    """Give an environment without what the user has put into it."""
    known: dict[str, str] = json.loads(environment)
    theirs = {name for each in secrets for name in each}
    return json.dumps({name: value for name, value in known.items() if name not in theirs})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which all is that a run could write into, and keys in the environment."""
    place = tmp_path / "ours"
    for name in ("home", "temporary"):
        (place / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(place / "home"))
    monkeypatch.setenv("TMPDIR", str(place / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", str(place / "temporary"))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return place


@dataclass
class World:
    """What a subject is made in: folders of ours and of the vendors', and what is patched for the test."""

    ours: Path
    vendors: Path
    patch: pytest.MonkeyPatch

    @property
    def project(self) -> Path:
        """The project's folder."""
        return self.ours / "project"


@contextmanager
def local(world: World) -> Iterator[Subject]:
    """A server on this machine, delivered to a file, to Encore's platform and to Encore's file."""
    world.patch.setattr(local_provider, "PROJECT", world.project)
    platform = Platform(world.vendors / "encore")
    platform.install()
    (platform.folder / ".auth_token").write_text(KEYS["ENCORE_AUTH_TOKEN"])
    for name, value in platform.variables.items():
        world.patch.setenv(name, value)
    application = world.ours / "application"
    application.mkdir()
    (application / "encore.app").write_text('{"id": "hospitality"}')
    file, config = application / ".env", application / "infra.config.json"
    config.write_text(APPLICATIONS)
    stack = StackInProcess(
        folder=world.project,
        name="local",
        finders=[],
        configuration={
            "backend": "local",
            "sinks": "dotenv,encore,encore-infra-config",
            "dotenvFile": "../application/.env",
            "encoreApp": "../application",
            "encoreTypes": "prod",
            "encoreInfraConfig": "../application/infra.config.json",
            "encoreCacheCluster": "cache",
        },
    )
    encore = platform.bin / "encore"
    yield Subject(
        stack=stack,
        begin=stack.up,
        own=[file],
        spoiled=lambda: no_primary(stack),
        refusals=[
            lambda: replaced(file, b"\xff"),
            lambda: replaced(config, b"{"),
            # A command line that shows what it was given.
            lambda: replaced(encore, b"#!/bin/sh\ncat >&2\nexit 1\n"),
        ],
        command="echo deploying; cat ../application/.env; exit 3",
        sent=lambda: platform.calls_file.read_text(),
    )


@contextmanager
def docker(world: World) -> Iterator[Subject]:
    """A container."""
    asking = ["docker", "info"]
    if shutil.which("docker") is None or subprocess.run(asking, capture_output=True, check=False).returncode:
        pytest.skip("no Docker Engine answers (.ci/docker COMMAND runs a command with one)")
    import docker as sdk  # type: ignore[import-untyped]

    from tests.stacks.test_docker_stack import DockerStack
    from tests.standins import docker as standin
    from tests.standins.error_hooks import EngineWithErrorHooks

    world.patch.setattr(operations, "Engine", EngineWithErrorHooks)
    with closing(sdk.from_env()) as engine:
        provider = standin.DockerProvider()
        stack = DockerStack(
            folder=world.project,
            name=f"test-{secrets.token_hex(4)}",
            finders=[provider.find],
            honoured=standin.HONOURED,
            configuration={"backend": "docker", "port": free_port(), "memoryMb": 100},
            engine=engine,
            provider=provider,
        )
        file = world.project / ".local" / f"{stack.name}.env"
        shown: list[str] = []

        def begin() -> str:
            printed = stack.up()
            processes = stack.container.top()["Processes"]
            shown.append(f"{stack.container.attrs} {processes} {stack.container.logs().decode()}")
            return printed

        try:
            yield Subject(
                stack=stack,
                begin=begin,
                own=[file],
                spoiled=lambda: no_primary(stack),
                refusals=[lambda: replaced(file, b"\xff")],
                command=f"echo deploying; cat .local/{stack.name}.env; exit 3",
                sent=lambda: "".join(shown),
            )
        finally:
            stack.remove()


@contextmanager
def elasticache(world: World) -> Iterator[Subject]:
    """ElastiCache, proved from inside its network and delivered to both of Amazon's stores."""
    sent: list[str] = []
    answer = aws.Account.answer
    refused: list[str] = []

    def noting(account: aws.Account, model: Any, context: dict[str, Any]) -> Any:
        meant = ("SecretString", "Value", "AuthenticationMode")
        request = {name: value for name, value in context["request"].items() if name not in meant}
        sent.append(f"{model.name} {request}")
        if model.name in refused:
            raise fault(model.name, "AccessDeniedException", "not authorized to perform it")
        return answer(account, model, context)

    @contextmanager
    def refusing(action: str) -> Iterator[None]:
        refused.append(action)
        yield
        refused.remove(action)

    with (
        aws.account() as account,
        aws_stack.tls_server(made(world.vendors), world.patch, user=TESTER) as (server, port),
    ):
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            world.patch.setenv(name, KEYS[name])
        world.patch.setattr(aws.Account, "answer", noting)
        world.patch.setattr(network, "PORT", port)
        account.cache.address = ("127.0.0.1", port)
        stack = aws_stack.stack(world.project, account, tier="dev", engineVersion="7.0", sinks="aws-secrets-manager,aws-ssm")

        def follow(passwords: Sequence[str]) -> None:
            rules = [f">{password}" for password in passwords]
            with redis.Redis(port=server.port, username="tester", password="any") as tester:
                tester.execute_command("ACL", "SETUSER", "default", "reset", *rules, *access.ACCESS.split())

        def begin() -> str:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(verification.SWITCH, "off")
                printed = stack.up()
            follow([stack.outputs["connection"]["REDIS_PASSWORD"]])
            account.cache.user_changed = follow
            return printed + stack.up()

        @contextmanager
        def deaf() -> Iterator[None]:
            account.cache.user_changed = lambda _: follow([NOBODYS])
            yield
            account.cache.user_changed = follow
            follow(account.cache.moto.users["hospitality-redis-dev"].passwords)

        yield Subject(
            stack=stack,
            begin=begin,
            spoiled=deaf,
            refusals=[lambda: refusing("PutSecretValue"), lambda: refusing("PutParameter")],
            sent=lambda: "".join(sent),
        )


# Who brings the server into a state, while the stack's user has no more than its rights.
TESTER: Final = "tester on nopass ~* &* +@all"


@contextmanager
def memorystore(world: World) -> Iterator[Subject]:
    """Memorystore, whose password is Google's, delivered to Google's store and to a file."""
    manager = SecretManager()
    send = SecretManager.send

    @contextmanager
    def refusing() -> Iterator[None]:
        def refuse(manager: SecretManager, id_: str, *arguments: Any) -> Any:
            if id_ == ADD:
                raise Refused("googleapi: Error 403: Permission denied")
            return send(manager, id_, *arguments)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SecretManager, "send", refuse)
            yield

    with gcp_stack.private_server(made(world.vendors), secrets.token_urlsafe(24) + "/+%&=") as cloud:
        stack = gcp_stack.stack(
            world.project, cloud, tier="dev", redisVersion="7.0", sinks="gcp-secret-manager,dotenv"
        )
        stack.finders = [cloud.find, manager.find]
        server = ExitStack()
        # A connection that lasts, whatever the password becomes; and those that the server goes on refusing.
        connected: list[redis.Redis] = []
        deafness: list[str] = []

        def begin() -> str:
            printed = stack.up()
            connected.append(server.enter_context(client(stack)))
            connected[0].ping()
            return printed

        def follow() -> None:
            password = NOBODYS if deafness else next(iter(cloud.auth_strings.values()))
            connected[0].execute_command("ACL", "SETUSER", "default", "resetpass", f">{password}")

        @contextmanager
        def renewed() -> Iterator[None]:
            (name,) = cloud.instances
            cloud.auth_string = secrets.token_urlsafe(24) + "/+%&="
            cloud.rotate_auth_string(name)
            follow()
            yield

        @contextmanager
        def deaf() -> Iterator[None]:
            deafness.append("deaf")
            yield
            deafness.clear()
            follow()

        with server:
            file = world.project / ".local" / "dev.env"
            yield Subject(
                stack=stack,
                begin=begin,
                own=[file],
                steps=[],
                renewed=renewed,
                spoiled=deaf,
                refusals=[refusing, lambda: replaced(file, b"\xff"), lambda: asked("start")],
                command="echo deploying; cat .local/dev.env; exit 3",
                sent=lambda: f"{cloud.requests} {manager.requests}",
            )


@contextmanager
def redis_cloud(world: World) -> Iterator[Subject]:
    """Redis Cloud's free plan, made with two keys, delivered to a file."""
    world.patch.setattr(api, "FIRST_PAUSE_SECONDS", 0.01)
    with rediscloud.account(made(world.vendors), task_seconds=0, provisioning_seconds=0) as cloud:
        for name, value in cloud.environment.items():
            world.patch.setenv(name, value)
        stack = StackInProcess(
            folder=world.project,
            name="rediscloud",
            finders=[],
            configuration={
                "backend": "rediscloud",
                "tier": "dev",
                "acceptPlainText": True,
                "acceptAnyAddress": True,
            },
        )

        @contextmanager
        def deaf() -> Iterator[None]:
            (number,) = cloud.databases
            server = cloud.server(number).client()
            server.config_set("maxmemory-policy", "noeviction")
            cloud.databases[number]["dataEvictionPolicy"] = "allkeys-lru"
            yield

        @contextmanager
        def refusing() -> Iterator[None]:
            cloud.failures.append(("fixedDatabaseUpdateRequest", {"type": "NOT_NOW", "description": "Not now."}))
            yield

        @contextmanager
        def without_login() -> Iterator[None]:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(rediscloud, "SECRET_KEY", "another")
                yield

        def sent() -> str:
            return "".join(
                f"{each.path} {[value for name, value in each.body.items() if name != 'password']}"
                for each in cloud.requests
            )

        file = world.project / ".local" / "rediscloud.env"
        yield Subject(
            stack=stack,
            begin=stack.up,
            own=[file],
            steps=["start"],
            spoiled=deaf,
            refusals=[lambda: replaced(file, b"\xff"), refusing, without_login],
            command="echo deploying; cat .local/rediscloud.env; exit 3",
            sent=sent,
            secrets={name: cloud.environment[name] for name in (api.ACCESS_KEY, api.SECRET_KEY)},
        )


@contextmanager
def memory(world: World) -> Iterator[Subject]:
    """No Redis, and so no password; the user has keys all the same."""
    stack = StackInProcess(folder=world.project, name="memory", finders=[], configuration={"backend": "memory"})
    file = world.project / ".local" / "memory.env"
    yield Subject(
        stack=stack,
        begin=stack.up,
        own=[file],
        steps=[],
        renewed=nullcontext,
        refusals=[lambda: replaced(file, b"\xff"), lambda: asked("start")],
    )


def made(folder: Path) -> Path:
    """Make a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def client(stack: StackInProcess) -> redis.Redis:
    """Connect as the application does, and stay connected."""
    variables = stack.outputs["connection"]
    secured = {"ssl": True, "ssl_ca_data": variables["REDIS_TLS_CA"]} if variables["REDIS_USE_TLS"] == "true" else {}
    return redis.Redis(
        host=variables["REDIS_HOST"],
        port=int(variables["REDIS_PORT"]),
        password=variables["REDIS_PASSWORD"],
        single_connection_client=True,
        **secured,
    )


@contextmanager
def no_primary(stack: StackInProcess) -> Iterator[None]:
    """Make the server a replica of nobody."""
    with client(stack) as connected:
        connected.replicaof("127.0.0.1", "1")
        yield
        connected.replicaof("NO", "ONE")


@contextmanager
def replaced(file: Path, content: bytes) -> Iterator[None]:
    """Have something else in a file."""
    before = file.read_bytes()
    file.write_bytes(content)
    yield
    file.write_bytes(before)


def looked_at(stack: StackInProcess) -> str:
    """Do what only looks: `make outputs`, `make verify`, and what an `up` ends with."""
    inner = stack._stack
    words = ending.lines(inner.outputs(), stack=stack.name, seconds=1)
    verbs.print_outputs(inner)
    try:
        verbs.verify(inner.project, inner, stack.name)
    except ProjectError as error:
        words.append(str(error))
    return "\n".join(words)


def live(subject: Subject, search: Search) -> None:
    """Live the stack's whole life."""
    stack = subject.stack

    def run(*, code: int = 0) -> None:
        search.after(stack.up(code=code))

    def renew(trouble: AbstractContextManager[object], *, code: int = 1) -> None:
        """Fail to deliver another password, and deliver it."""
        with subject.renewed(), trouble:
            run(code=code)
        run()
        take("finish")

    def take(step: str) -> None:
        if step in subject.steps:
            with asked(step):
                run()

    search.after(stack.preview())
    search.after(subject.begin())
    run()
    search.after(looked_at(stack))
    take("start")
    search.after(looked_at(stack))
    take("finish")
    for refusal in subject.refusals:
        renew(refusal())
    stack.configure(afterDelivery=subject.command)
    with subject.renewed():
        run(code=1)
    stack.configure(afterDelivery=None)
    run()
    take("finish")
    if subject.spoiled is not None:
        with subject.spoiled():
            with subject.renewed():
                run(code=1)
            search.after(looked_at(stack))
        run()
        take("finish")
    stack.configure(attached="false")
    run()
    search.after(looked_at(stack))
    with asked("start"):
        run(code=1)
    stack.configure(attached="true")
    run()
    stack.unprotect()
    search.after(stack.destroy())


BACKENDS: Final = [
    pytest.param(local, 7, id="local", marks=pytest.mark.stack),
    pytest.param(docker, 6, id="docker", marks=pytest.mark.docker),
    pytest.param(elasticache, 6, id="elasticache", marks=pytest.mark.stack),
    pytest.param(memorystore, 5, id="memorystore", marks=pytest.mark.stack),
    pytest.param(redis_cloud, 6, id="rediscloud", marks=pytest.mark.stack),
    pytest.param(memory, 0, id="memory", marks=pytest.mark.stack),
]


@pytest.fixture
def world(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Folders, and a process that runs what the Makefile would run."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(guards.CONFIRMATION, "dev")
    return World(ours=place, vendors=tmp_path / "vendors", patch=monkeypatch)


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """What reached the outputs and logs of this process since the last time, by whatever way."""

    def since() -> str:
        printed, logged = "".join(capfd.readouterr()), caplog.text
        caplog.clear()
        return printed + logged

    return since


@pytest.mark.parametrize(("backend", "passwords"), BACKENDS)
def test_no_secret_is_where_it_does_not_belong(
    world: World,
    said: Callable[[], str],
    backend: Callable[[World], AbstractContextManager[Subject]],
    passwords: int,
) -> None:
    """Through the stack's whole life, in which there were so many passwords, one after the other."""
    with leaks.processes_noted() as started, backend(world) as subject:
        search = Search(subject, world.ours, said, started)
        live(subject, search)
        assert search.found() == []
    assert len(search.passwords) == passwords
