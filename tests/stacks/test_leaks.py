"""Whole lives of stacks, in which no password, token or key may be anywhere but where it belongs.

A life is a preview, `up` twice, a rotation, each sink that refuses, a restart that fails, a verification that fails, a
rollback, an attach and the end. Searched is all of it: what was printed and logged, every file, what the state and the
outputs have in plain, what the vendors were sent beside secrets, and every process that was started.
"""

import dataclasses
import json
import logging
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pulumi
import pytest
import redis

from benchmarks.servers import free_port
from infra import delivery, preconditions, rotation, verification
from infra.backends.elasticache import network, rbac
from infra.backends.local import ownership as local_ownership
from infra.backends.rediscloud import api
from infra.sinks import files
from runner import closing as ending
from runner import verbs
from runner.inprocess import operations, wire
from runner.project import ProjectError
from tests import leaks
from tests.stacks import aws_stack, gcp_stack
from tests.stacks.inprocess import ROOT, StackInProcess
from tests.stacks.project import ProjectCopy
from tests.standins import aws, rediscloud
from tests.standins.aws_elasticache import fault
from tests.standins.encore import Platform
from tests.standins.gcp_resource import Refused
from tests.standins.gcp_secret_manager import ADD, SecretManager
from verify import access, redaction

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
# A command line of Encore's that shows what it was given.
ECHO: Final = b"#!/bin/sh\ncat >&2\nexit 1\n"

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

    def __init__(
        self, subject: Subject, place: Path, said: Callable[[], Mapping[str, str]], started: list[leaks.Started]
    ) -> None:
        """Search in a folder that has all others of the stack, in what `said` gives, and in what was started."""
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
        self._keep("the engine's words", printed)
        for where, text in self._said().items():
            self._keep(where, text)
        self._keep("the plain state", "".join(plain(resource) for resource in stack.resources))
        self._keep("a plain output", json.dumps(stack._stack.outputs(show_secrets=False)))
        state = stack._stack.state_file
        if state.exists():
            assert stat.S_IMODE(state.stat().st_mode) == 0o600
        self._found |= set(leaks.in_files(self._place, self.secrets, allowed=[state, *self._subject.own]))

    def found(self) -> list[str]:
        """Name every place that has a secret, and what it has."""
        self._keep("what a vendor was sent", self._subject.sent())
        for each in self._started:
            self._keep("an argument of a process", each.arguments)
            # The verification is the one that is told the password so, as the application is.
            if "-m verify check" not in each.arguments:
                # A user's own keys are inherited by whatever runs.
                inherited = without(json.loads(each.environment), KEYS, self._subject.secrets)
                self._keep("the environment of a process", json.dumps(inherited))
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
    """Return all that the state has of a resource, secrets masked."""
    masked = {"inputs": wire.masked(resource.inputs), "outputs": wire.masked(resource.outputs)}
    return json.dumps({**dataclasses.asdict(resource), **masked})


def without(values: Mapping[str, str], *names: Iterable[str]) -> dict[str, str]:
    """Return the values but those of some names."""
    left_out = {name for each in names for name in each}
    return {name: value for name, value in values.items() if name not in left_out}


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


def installed(folder: Path, patch: pytest.MonkeyPatch) -> Platform:
    """Return Encore's platform, to which somebody is logged in, with its command line on PATH."""
    platform = Platform(folder)
    platform.install()
    (folder / ".auth_token").write_text(KEYS["ENCORE_AUTH_TOKEN"])
    for name, value in platform.variables.items():
        patch.setenv(name, value)
    return platform


def laid_out(application: Path) -> dict[str, str]:
    """Lay out an application beside the project, and give the settings that deliver to its three sinks."""
    application.mkdir()
    (application / "encore.app").write_text('{"id": "hospitality"}')
    (application / "infra.config.json").write_text('{\n  "metadata": {"app_id": "hospitality"}\n}\n')
    return {
        "sinks": "dotenv,encore,encore-infra-config",
        "url": "true",
        "variables": "laravel,Redis__Auth=password",
        "dotenvFile": "../application/.env",
        "encoreApp": "../application",
        "encoreTypes": "prod",
        "encoreInfraConfig": "../application/infra.config.json",
        "encoreCacheCluster": "cache",
    }


@contextmanager
def local(world: World) -> Iterator[Subject]:
    """A server on this machine, delivered to a file, to Encore's platform and to Encore's file."""
    world.patch.setattr(local_ownership, "PROJECT", world.project)
    platform = installed(world.vendors / "encore", world.patch)
    application = world.ours / "application"
    sinks = laid_out(application)
    file, config = application / ".env", application / "infra.config.json"
    stack = StackInProcess(
        folder=world.project,
        name="local",
        finders=[],
        configuration={"backend": "local", **sinks},
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
            lambda: replaced(encore, ECHO),
        ],
        command="echo deploying; cat ../application/.env; exit 3",
        sent=platform.calls_file.read_text,
    )


@contextmanager
def docker(world: World) -> Iterator[Subject]:
    """A container."""
    asking = ["docker", "info"]
    if shutil.which("docker") is None or subprocess.run(asking, capture_output=True, check=False).returncode:
        pytest.skip("no Docker Engine answers (.ci/docker COMMAND runs a command with one)")
    import docker as sdk  # type: ignore[import-untyped]

    from infra.backends.docker import resources as backend
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

        command = backend.command

        @contextmanager
        def deaf() -> Iterator[None]:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(backend, "command", lambda settings, _, operator: command(settings, [NOBODYS], operator))
                yield

        try:
            yield Subject(
                stack=stack,
                begin=begin,
                own=[file],
                spoiled=deaf,
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
    def refusing(*actions: str) -> Iterator[None]:
        refused.extend(actions)
        yield
        refused.clear()

    with (
        aws.account() as account,
        aws_stack.tls_server(made(world.vendors), world.patch, user=TESTER) as (server, port),
    ):
        for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            world.patch.setenv(name, KEYS[name])
        world.patch.setattr(aws.Account, "answer", noting)
        world.patch.setattr(network, "PORT", port)
        account.cache.address = ("127.0.0.1", port)
        stack = aws_stack.stack(
            world.project,
            account,
            tier="dev",
            engineVersion="7.0",
            sinks="aws-secrets-manager,aws-ssm",
            variables="spring,url",
        )

        def follow(passwords: Sequence[str]) -> None:
            rules = [f">{password}" for password in passwords]
            with redis.Redis(port=server.port, username="tester", password="any") as tester:
                tester.execute_command(
                    "ACL", "SETUSER", "default", "reset", *rules, *rbac.access_string(access.rules("data")).split()
                )

        def begin() -> str:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(verification.SWITCH, "off")
                printed = stack.up()
            follow([stack.outputs["connection"]["REDIS_PASSWORD"]])
            account.cache.user_changed = follow
            return printed

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
            world.project, cloud, tier="dev", redisVersion="7.0", sinks="gcp-secret-manager,dotenv", variables="url"
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
                refusals=[lambda: asked("start"), lambda: replaced(file, b"\xff"), refusing],
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
            spoiled=lambda: no_primary(stack),
            refusals=[lambda: replaced(file, b"\xff"), without_login, refusing],
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


def client(stack: StackInProcess, *, administers: bool = False) -> redis.Redis:
    """Connect as the application does, or as the operator where there is one, and stay connected."""
    variables = (stack.outputs.get("operatorConnection") if administers else None) or stack.outputs["connection"]
    secured = {"ssl": True, "ssl_ca_data": variables["REDIS_TLS_CA"]} if variables["REDIS_USE_TLS"] == "true" else {}
    return redis.Redis(
        host=variables["REDIS_HOST"],
        port=int(variables["REDIS_PORT"]),
        username=variables.get("REDIS_USERNAME"),
        password=variables["REDIS_PASSWORD"],
        single_connection_client=True,
        **secured,
    )


@contextmanager
def no_primary(stack: StackInProcess) -> Iterator[None]:
    """Make the server a replica of nobody."""
    with client(stack, administers=True) as connected:
        connected.replicaof("127.0.0.1", "1")
        yield
        connected.replicaof("NO", "ONE")


@contextmanager
def replaced(file: Path, content: bytes) -> Iterator[None]:
    """Have something else in a file."""
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
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


def begin(subject: Subject, search: Search) -> None:
    """Preview it, bring it up, and bring it up again."""
    search.after(subject.stack.preview())
    search.after(subject.begin())
    search.after(subject.stack.up())
    search.after(looked_at(subject.stack))


def rotate(subject: Subject, search: Search) -> None:
    """Take all the steps that there are."""
    for step in subject.steps:
        with asked(step):
            search.after(subject.stack.up())
        search.after(looked_at(subject.stack))


def be_refused(subject: Subject, search: Search, refusal: Trouble) -> None:
    """Fail to deliver another password, and then deliver it."""
    with subject.renewed(), refusal():
        search.after(subject.stack.up(code=1))
    settle(subject, search)


def fail_to_restart(subject: Subject, search: Search) -> None:
    """Deliver another password, after which a command fails that shows what was delivered."""
    subject.stack.configure(afterDelivery=subject.command)
    with subject.renewed():
        search.after(subject.stack.up(code=1))
    subject.stack.configure(afterDelivery=None)
    settle(subject, search)


def fail_the_verification(subject: Subject, search: Search) -> None:
    """Fail to prove another password, by `up` and by `make verify`."""
    if subject.spoiled is None:
        return
    with subject.spoiled():
        with subject.renewed():
            search.after(subject.stack.up(code=1))
        search.after(looked_at(subject.stack))


def roll_back_and_attach(subject: Subject, search: Search) -> None:
    """Let the application go on in memory, in which no rotation is possible, and back."""
    subject.stack.configure(attached="false")
    search.after(subject.stack.up())
    search.after(looked_at(subject.stack))
    with asked("start"):
        search.after(subject.stack.up(code=1))
    subject.stack.configure(attached="true")
    search.after(subject.stack.up())


def settle(subject: Subject, search: Search) -> None:
    """Bring it up once what was wrong is mended, and end a rotation that was begun."""
    search.after(subject.stack.up())
    if "finish" in subject.steps:
        with asked("finish"):
            search.after(subject.stack.up())


def end(subject: Subject, search: Search) -> None:
    """Take it down. Where secrets were allowed there are none any more."""
    subject.stack.unprotect()
    search.after(subject.stack.destroy())
    assert [file for file in subject.own if file.exists() and leaks.in_text(file.read_bytes(), search.secrets)] == []


Backend = Callable[[World], AbstractContextManager[Subject]]
IN_THIS_PROCESS: Final = [
    pytest.param(backend, marks=pytest.mark.stack) for backend in (local, elasticache, memorystore, redis_cloud, memory)
]
WHOLE_LIVES: Final = [*IN_THIS_PROCESS, pytest.param(docker, marks=pytest.mark.docker)]


@pytest.fixture
def world(tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Folders, and a process that runs what the Makefile would run."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(preconditions.CONFIRMATION, "dev")
    return World(ours=place, vendors=tmp_path / "vendors", patch=monkeypatch)


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], Mapping[str, str]]:
    """What this process and those that it started have printed and logged since the last time, by whatever way."""

    def since() -> Mapping[str, str]:
        printed, logged = "".join(capfd.readouterr()), caplog.text
        caplog.clear()
        return {"the standard output or error": printed, "a log": logged}

    return since


@pytest.mark.parametrize("backend", IN_THIS_PROCESS)
def test_no_secret_is_where_it_does_not_belong(
    world: World, said: Callable[[], Mapping[str, str]], backend: Backend
) -> None:
    """When a stack comes up, gets another password, is refused by a sink, fails its verification, and goes."""
    with leaks.processes_noted() as started, backend(world) as subject:
        search = Search(subject, world.ours, said, started)
        begin(subject, search)
        be_refused(subject, search, subject.refusals[-1])
        fail_the_verification(subject, search)
        end(subject, search)
        assert search.found() == []
    assert (len(search.passwords) > 1) == (backend is not memory)


@pytest.mark.long
@pytest.mark.parametrize("backend", WHOLE_LIVES)
def test_no_secret_is_where_it_does_not_belong_in_a_whole_life(
    world: World, said: Callable[[], Mapping[str, str]], backend: Backend
) -> None:
    """With every sink that refuses, a restart that fails, a rollback and an attach."""
    with leaks.processes_noted() as started, backend(world) as subject:
        search = Search(subject, world.ours, said, started)
        begin(subject, search)
        rotate(subject, search)
        for refusal in subject.refusals:
            be_refused(subject, search, refusal)
        fail_to_restart(subject, search)
        fail_the_verification(subject, search)
        settle(subject, search)
        roll_back_and_attach(subject, search)
        end(subject, search)
        assert search.found() == []
    assert (len(search.passwords) > len(subject.refusals)) == (backend is not memory)


def test_a_secret_is_found_wherever_it_may_not_be(
    world: World, said: Callable[[], Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink, an output and a command that leak by every way there is: a search that misses one proves nothing."""
    write, variables = files.write, delivery.variables

    def leaking(file: Path, text: str, *, mode: int) -> None:
        subprocess.run(["cat"], input=text.encode(), check=True)
        subprocess.run(["true"], env={"VALUE": text}, check=True)
        subprocess.run(["encore", "secret", text], check=True, stdout=subprocess.DEVNULL)
        logging.getLogger("sink").warning(text)
        # The sinks write in no order, and not each of them the password.
        with (world.ours / "home" / "notes").open("a") as notes:
            notes.write(text)
        write(file, text, mode=mode)

    monkeypatch.setattr(files, "write", leaking)
    monkeypatch.setattr(delivery, "variables", lambda *given: pulumi.Output.unsecret(variables(*given)))
    monkeypatch.setattr(redaction, "without", lambda _secrets, words, **_: words)
    with leaks.processes_noted() as started, local(world) as subject:
        search = Search(subject, world.ours, said, started)
        # The engine's words are without the password, but not without its other forms.
        encoded = f"{sys.executable} -m base64 -e ../application/.env"
        subject.stack.configure(afterDelivery=f"{encoded} | tr -d '\\n'; exit 3")
        search.after(subject.stack.up(code=1))
        found = search.found()
        subject.stack.destroy()
    assert found == [
        f"{where} holds password 1"
        for where in (
            "a log",
            "a plain output",
            "an argument of a process",
            "home/notes",
            "the engine's words",
            "the environment of a process",
            "the plain state",
            "the standard output or error",
            "what a vendor was sent",
        )
    ]


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Encore's platform, to which somebody is logged in, and its command line on PATH."""
    return installed(tmp_path / "encore", monkeypatch)


@pytest.fixture
def project(platform: Platform, place: Path, project: ProjectCopy) -> ProjectCopy:
    """A copy of the project that is taken down while the platform is still there."""
    del platform, place
    return project


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_secret_is_where_it_does_not_belong_under_either_engine(
    project: ProjectCopy, platform: Platform, tmp_path: Path
) -> None:
    """The same life by the Makefile's commands; and the CLI's state, which is encrypted, has none at all."""
    application = project.root.parent / "application"
    # With every right, for the replica that is made of the server.
    sinks = {**laid_out(application), "access": "full"}
    file, passphrase = application / ".env", project.root / ".local" / "passphrase"
    state = project.root / ".local" / "inprocess" / "local.json"
    allowed = [file, state, passphrase, *platform.folder.iterdir()]
    known, printed, found = dict(KEYS), [], set()
    project.configure(**sinks)

    def run(*arguments: str, failing: bool = False) -> None:
        done = project.run(*arguments, code=None)
        assert bool(done.code) == failing, done.printed
        printed.append(done.printed)
        password = project.variables()["REDIS_PASSWORD"]
        if password and password not in known.values():
            known[f"password {len(known) - len(KEYS) + 1}"] = password
        if passphrase.exists():
            known["passphrase"] = passphrase.read_text().strip()
        found.update(leaks.in_files(tmp_path, known, allowed=allowed))
        for pid in project.servers():
            assert leaks.in_text(Path(f"/proc/{pid}/environ").read_bytes(), without(known, KEYS)) == []
        for kept in (file, state, passphrase):
            assert not kept.exists() or stat.S_IMODE(kept.stat().st_mode) == 0o600

    with leaks.arguments_watched() as arguments:
        printed.append(project.run("preview").printed)
        run("up")
        run("up")
        run("outputs")
        run("verify")
        run("rotate")
        run("rotate-finish")
        for spoiled, content in ((file, b"\xff"), (platform.bin / "encore", ECHO)):
            with replaced(spoiled, content):
                run("rotate", failing=True)
            run("rotate")
            run("rotate-finish")
        project.configure(**sinks, afterDelivery="cat ../application/.env; exit 3")
        run("rotate", failing=True)
        project.configure(**sinks)
        run("rotate-finish")
        with project.client() as client:
            client.replicaof("127.0.0.1", "1")
            run("verify", failing=True)
            run("rotate", failing=True)
            client.replicaof("NO", "ONE")
        run("rollback")
        run("attach")
        printed.append(project.run("down").printed)
    everything = "\n".join([*printed, platform.calls_file.read_text()])
    assert sorted(found) == leaks.in_text(everything, known) == []
    assert [each for each in arguments if leaks.in_text(each, known)] == []
    assert leaks.in_files(tmp_path, without(known, KEYS, ["passphrase"])) == []
    assert sum(name.startswith("password") for name in known) == 6
