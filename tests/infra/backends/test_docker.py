"""The docker backend: what it refuses, what it declares, and what it says when a container cannot be made."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import resource_pb2

from infra import settings
from infra.backends.docker import errors
from infra.backends.docker import resources as docker
from infra.backends.docker.settings import DockerSettings
from infra.settings import InvalidSettings
from infra.verification import SWITCH
from runner.inprocess import operations, wire
from runner.inprocess.providers import Diff, Provider
from tests.stacks.inprocess import StackInProcess
from tests.standins.docker import HONOURED
from tests.standins.error_hooks import EngineWithErrorHooks
from verify.access import PRESETS

DIGEST = "sha256:" + "ab" * 32
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what a user may choose
SET_IMAGE = "set cache:image redis:7-alpine"
SET_BIND = "set cache:bindAddress 127.0.0.1"


def load(**values: str) -> DockerSettings:
    """Load the settings of a docker stack."""
    config = {f"cache:{key}": value for key, value in {"backend": "docker", **values}.items()}
    loaded = settings.load(config, stack="dev")
    assert isinstance(loaded, DockerSettings)
    return loaded


class TestSettings:
    """What a docker stack may ask for."""

    @pytest.mark.parametrize(
        ("values", "said", "cure"),
        [
            ({"port": "0"}, "cache:port 0 will not do for docker", "set cache:port 6379"),
            *(
                ({"image": image}, f'cache:image "{image}" will not do: it is not an image with its version', SET_IMAGE)
                for image in ("redis", "redis:latest", "host:5000/redis", "redis:7 --privileged", "redis@sha256:12")
            ),
            *(
                ({"dockerHost": host}, f'cache:dockerHost "{host}" will not do', "set cache:dockerHost ssh://you@host")
                for host in ("somewhere", "tcp://", "unix://", "http://a:1", "tcp://[::1")
            ),
            *(
                (
                    {"bindAddress": address},
                    f'cache:bindAddress "{address}" will not do: it is not an IP address',
                    SET_BIND,
                )
                for address in ("localhost", "10.0.0.0/8", "")
            ),
            (
                {"dockerHost": "ssh://me@build.example"},
                "cache:bindAddress 127.0.0.1 is reached from build.example alone",
                f"set cache:bindAddress {EVERYWHERE}",
            ),
            (
                {"dockerHost": "tcp://192.0.2.7:2376", "bindAddress": "::1"},
                "cache:bindAddress ::1 is reached from 192.0.2.7 alone",
                f"set cache:bindAddress {EVERYWHERE}",
            ),
            (
                {"backend": "local", "dockerHost": "ssh://me@build.example"},
                "cache:dockerHost is a setting of docker, and this stack's backend is local",
                "rm cache:dockerHost",
            ),
        ],
        ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
    )
    def test_what_cannot_be_is_refused_with_its_cure(self, values: dict[str, str], said: str, cure: str) -> None:
        """Before anything is created."""
        with pytest.raises(InvalidSettings) as refused:
            load(**values)
        assert said in str(refused.value)
        assert f"pulumi config {cure} --stack dev" in str(refused.value)

    def test_a_secret_value_is_not_shown(self) -> None:
        """Whatever is wrong with it."""
        config = {"cache:backend": "docker", "cache:image": "hunter2", "cache:bindAddress": "hunter2"}
        with pytest.raises(InvalidSettings) as refused:
            settings.load(config, stack="dev", secret_keys=("cache:image", "cache:bindAddress"))
        assert "hunter2" not in str(refused.value)

    @pytest.mark.parametrize(
        "image",
        ["redis:7-alpine", "redis:7.4.2", f"redis@{DIGEST}", f"redis:7@{DIGEST}", "registry.example:5000/team/redis:7"],
    )
    def test_an_image_with_its_version_is_taken(self, image: str) -> None:
        """By tag or by digest, of any registry."""
        assert load(image=image).image == image

    @pytest.mark.parametrize(
        ("values", "host"),
        [
            ({}, "127.0.0.1"),
            ({"bindAddress": "127.0.0.2"}, "127.0.0.2"),
            ({"bindAddress": EVERYWHERE}, "127.0.0.1"),
            ({"bindAddress": "::1"}, "::1"),
            ({"bindAddress": "192.0.2.7"}, "192.0.2.7"),
            ({"dockerHost": "unix:///run/docker.sock"}, "127.0.0.1"),
            ({"dockerHost": "tcp://localhost:2375"}, "127.0.0.1"),
            ({"dockerHost": "ssh://me@build.example", "bindAddress": EVERYWHERE}, "build.example"),
            ({"dockerHost": "tcp://192.0.2.7:2376", "bindAddress": EVERYWHERE}, "192.0.2.7"),
            ({"dockerHost": "tcp://192.0.2.7:2376", "bindAddress": "198.51.100.1"}, "198.51.100.1"),
        ],
        ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
    )
    def test_the_application_is_given_an_address_that_it_can_reach(self, values: dict[str, str], host: str) -> None:
        """The one that the port is published on, or the daemon's machine where that is all of them."""
        assert docker.connection_host(load(**values)) == host


class TestCommand:
    """The server's command line, which `docker inspect` and `ps` show."""

    @pytest.mark.parametrize(
        ("persistence", "words"),
        [
            ("append-only", "--appendonly yes --appendfsync everysec --save --user"),
            ("snapshot", "--appendonly no --save 3600 1 300 100 60 10000 --user"),
            ("none", "--appendonly no --save --user"),
        ],
    )
    def test_it_says_how_data_are_kept(self, persistence: str, words: str) -> None:
        """And no word of it is empty: the provider refuses that."""
        command = docker.command(load(persistence=persistence), ["secret"], ["operator's"])
        assert words in " ".join(command)
        assert all(command)

    def test_it_has_the_memory_and_the_policy(self) -> None:
        """As the settings say."""
        command = " ".join(docker.command(load(memoryMb="300", maxmemoryPolicy="volatile-ttl"), ["secret"], ["x"]))
        assert f"--maxmemory {300 * 1024 * 1024} --maxmemory-policy volatile-ttl" in command

    def test_it_has_the_digest_of_each_password_alone(self) -> None:
        """Redis takes it in the password's place; in a rotation there are two."""
        passwords = ["secret", "of before", "of the operator"]
        command = docker.command(load(), passwords[:2], passwords[2:])
        digests = [f"#{hashlib.sha256(password.encode()).hexdigest()}" for password in passwords]
        application, operator = command.index("default"), command.index("operator")
        assert command[application - 1 : operator - 1] == ["--user", "default", "on", *digests[:2], *PRESETS["data"]]
        assert command[operator - 1 :] == ["--user", "operator", "on", digests[2], "~*", "&*", "+@all"]
        assert not [password for password in passwords if password in " ".join(command)]


@dataclass
class Recorder:
    """Takes the place of the provider, and keeps what it was asked for."""

    requests: dict[str, resource_pb2.RegisterResourceRequest] = field(default_factory=dict)

    def find(self, type_: str, _: Mapping[str, Any]) -> Provider | None:
        """Serve everything of Docker's."""
        return self if "docker" in type_ else None

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Take everything."""
        return news, []

    def diff(self, _id: str, olds: dict[str, Any], _outputs: dict[str, Any], news: dict[str, Any]) -> Diff:
        """Compare."""
        return Diff(changes=olds != news)

    def create(self, news: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make nothing."""
        return "id", {**news, "imageId": DIGEST}

    def read(self, _id: str, outputs: dict[str, Any]) -> dict[str, Any]:
        """Find what was made."""
        return outputs

    def update(self, _id: str, _outputs: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Change nothing."""
        return news

    def delete(self, _id: str, _outputs: dict[str, Any]) -> None:
        """Delete nothing."""

    def inputs(self, name: str) -> dict[str, Any]:
        """Return what was declared of a resource, secrets in clear text."""
        plain: dict[str, Any] = wire.plain(wire.from_struct(self.requests[name].object))
        return plain


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A recorder in the place of the provider; nothing is verified, since nothing is there."""
    recorder = Recorder()

    class Recording(EngineWithErrorHooks):
        def RegisterResource(  # noqa: N802 - the protocol's name
            self, request: resource_pb2.RegisterResourceRequest
        ) -> resource_pb2.RegisterResourceResponse:
            recorder.requests[request.name] = request
            return super().RegisterResource(request)

    monkeypatch.setattr(operations, "Engine", Recording)
    monkeypatch.setenv(SWITCH, "off")
    return recorder


def stack(folder: Path, recorder: Recorder, **configuration: object) -> StackInProcess:
    """Make a stack named dev."""
    return StackInProcess(
        folder=folder,
        name="dev",
        finders=[recorder.find],
        honoured=HONOURED,
        configuration={"backend": "docker", **configuration},
    )


class TestDeclaration:
    """What the provider is asked for."""

    def test_types_and_names_are_pinned(self, tmp_path: Path, recorder: Recorder) -> None:
        """Another is another resource in everybody's state."""
        stack(tmp_path, recorder, dockerHost="unix:///run/docker.sock").up()
        assert {name: request.type for name, request in recorder.requests.items()} == {
            "cache-dev": "pulumi:pulumi:Stack",
            "daemon": "pulumi:providers:docker",
            "password": "pulumi-python:dynamic/password:Password",
            "operator": "pulumi-python:dynamic/password:Password",
            "image": "docker:index/remoteImage:RemoteImage",
            "data": "docker:index/volume:Volume",
            "cache": "docker:index/container:Container",
            "dotenv": "pulumi-python:dynamic/sinks:Dotenv",
        }

    def test_the_container_is_what_was_agreed(self, tmp_path: Path, recorder: Recorder) -> None:
        """All of it but the command, which has tests of its own."""
        stack(tmp_path, recorder).up()
        labels = [
            {"label": "managed-by", "value": "pulumi"},
            {"label": "project", "value": "cache"},
            {"label": "stack", "value": "dev"},
        ]
        declared = recorder.inputs("cache")
        assert declared.pop("command")[0] == "redis-server"
        assert declared == {
            "name": "hospitality-redis-dev",
            "image": DIGEST,
            "user": "redis",
            "readOnly": True,
            "capabilities": {"drops": ["ALL"]},
            "securityOpts": ["no-new-privileges"],
            "memory": 576,
            "memorySwap": 576,
            "volumes": [{"volumeName": "redis_data_dev", "containerPath": "/data"}],
            "ports": [{"internal": 6379, "external": 6379, "ip": "127.0.0.1"}],
            "healthcheck": {
                "tests": ["CMD-SHELL", "redis-cli -p 6379 ping | grep -qE 'PONG|NOAUTH'"],
                "interval": "3s",
                "timeout": "2s",
                "retries": 3,
            },
            "wait": True,
            "waitTimeout": 60,
            "restart": "unless-stopped",
            "destroyGraceSeconds": 30,
            "logDriver": "json-file",
            "logOpts": {"max-size": "10m", "max-file": "3"},
            "labels": [*labels, {"label": "acl", "value": " ".join(PRESETS["data"])}],
        }
        assert recorder.requests["cache"].deleteBeforeReplace
        assert recorder.inputs("data") == {"name": "redis_data_dev", "labels": labels}
        assert recorder.inputs("image") == {"name": "redis:7-alpine", "keepLocally": True}

    def test_other_labels_never_replace_the_data(self, tmp_path: Path, recorder: Recorder) -> None:
        """To the provider another label is another volume."""
        stack(tmp_path, recorder).up()
        assert list(recorder.requests["data"].ignoreChanges) == ["labels"]

    def test_settings_reach_the_provider(self, tmp_path: Path, recorder: Recorder) -> None:
        """Each in its place."""
        asked = {
            "port": 6400,
            "bindAddress": "127.0.0.2",
            "image": "redis:7.4.2",
            "dockerHost": "unix:///run/other.sock",
        }
        up = stack(tmp_path, recorder, **asked)
        up.up()
        assert recorder.inputs("cache")["ports"] == [{"internal": 6379, "external": 6400, "ip": "127.0.0.2"}]
        assert recorder.inputs("image")["name"] == "redis:7.4.2"
        assert recorder.inputs("daemon")["host"] == "unix:///run/other.sock"
        for name in ("image", "data", "cache"):
            assert "::daemon::" in recorder.requests[name].provider
        assert up.outputs["redisUrl"].endswith("@127.0.0.2:6400")

    def test_the_password_is_in_no_input_but_the_sinks(self, tmp_path: Path, recorder: Recorder) -> None:
        """Searched for in everything that was declared; and what is made of it is marked as a secret."""
        up = stack(tmp_path, recorder)
        up.up()
        password = up.outputs["connection"]["REDIS_PASSWORD"]
        assert len(password) == 32
        assert [name for name in recorder.requests if password in str(recorder.inputs(name))] == ["dotenv"]
        for name, marked in (("cache", "command"), ("dotenv", "values")):
            assert wire.is_secret(wire.from_struct(recorder.requests[name].object)[marked])

    @pytest.mark.parametrize(("address", "warned"), [("127.0.0.1", False), (EVERYWHERE, True), ("192.0.2.7", True)])
    def test_an_address_of_the_network_is_warned_of(
        self, tmp_path: Path, recorder: Recorder, address: str, warned: bool
    ) -> None:
        """There is no TLS."""
        printed = stack(tmp_path, recorder, bindAddress=address).preview()
        assert (f"warning: cache:bindAddress {address} publishes Redis without TLS" in printed) == warned


class TestExplanation:
    """What is added to the provider's error."""

    @staticmethod
    def explanation(error: str, **values: str) -> str:
        """Explain an error of the stack dev."""
        return errors.explanation(load(**values), "hospitality-redis-dev", "redis_data_dev", "dev", error)

    def test_an_error_that_explains_itself_is_left_alone(self) -> None:
        """Nothing is said twice."""
        assert self.explanation("Unable to read Docker image into resource") == ""

    def test_commands_go_to_the_configured_daemon(self) -> None:
        """And not to the one that the user's shell has."""
        said = self.explanation("is already in use by container", dockerHost="unix:///run/other.sock")
        assert "docker --host unix:///run/other.sock rm --force hospitality-redis-dev" in said

    @pytest.mark.parametrize("error", ["port is already allocated", "listen tcp4: bind: address already in use"])
    @pytest.mark.parametrize(("port", "other"), [("6400", "6380"), ("6380", "6381")])
    def test_a_taken_port_is_named(self, error: str, port: str, other: str) -> None:
        """In both of Docker's wordings: another container has it, or another program; never with the same port."""
        cure = f"port {port} is taken; pulumi config set cache:port {other} --stack dev"
        assert cure in self.explanation(error, port=port)

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (
                "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
                "start Docker Desktop, or sudo systemctl start docker; whether it runs: docker info; ",
            ),
            ("unexpected error from Configure: failed to connect to any docker daemon", "no Docker daemon answers"),
            (
                "Error pinging Docker server: permission denied while trying to connect to the Docker daemon socket",
                "sudo usermod --append --groups docker $USER, then log in again",
            ),
            (
                "Unable to read Docker image into resource: no matching manifest for linux/arm64/v8 in the list",
                f"inspect redis:7-alpine; another one: pulumi config set cache:image {errors.MIRROR} --stack dev",
            ),
            ("toomanyrequests: You have reached your unauthenticated pull rate limit.", "has more: docker login; "),
            (
                "pull access denied for rediss, repository does not exist or may require 'docker login'",
                "there is no image redis:7-alpine, or it wants a login",
            ),
            (
                'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
                "does not reach the image's registry; to try again: docker pull redis:7-alpine",
            ),
            (
                "Error starting userland proxy: listen tcp4 127.0.0.1:6379: bind: permission denied",
                "only root may publish; pulumi config set cache:port 6380 --stack dev",
            ),
            ("failed to register layer: no space left on device", "what takes it: docker system df"),
        ],
        ids=lambda value: value[-30:],
    )
    def test_what_dockers_words_mean_and_the_command_that_cures_it(self, error: str, words: str) -> None:
        """Words of the daemon, of its client, and of the provider around them."""
        assert words in self.explanation(error)

    def test_an_image_that_is_proposed_is_one_that_the_settings_take(self) -> None:
        """And so is the port."""
        assert load(image=errors.MIRROR, port=str(errors.OTHER_PORTS[0])).image == errors.MIRROR

    def test_without_dockers_command_it_says_how_to_see_the_log(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The provider does not need the command, so it may be missing."""
        monkeypatch.setenv("PATH", "")
        said = self.explanation("container failed to be in healthy state")
        assert said.endswith("last lines of its log:\n  docker logs --tail 20 hospitality-redis-dev")
