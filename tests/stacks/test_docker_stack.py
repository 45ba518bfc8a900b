"""The docker stack's whole life, on a real Docker Engine."""

import json
import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker  # type: ignore[import-untyped]
import pytest
import redis
from docker.errors import NotFound  # type: ignore[import-untyped]

from benchmarks.servers import free_port, is_written, until
from infra import rotation
from infra.backends.docker import errors
from infra.backends.docker.backup import BACKUPS
from infra.backup import BackupError, RunningCache
from runner.inprocess import operations, wire
from runner.project import Project
from tests.processes import living
from tests.stacks.data import content, emptied, written
from tests.stacks.inprocess import StackInProcess
from tests.standins.docker import HONOURED, DockerProvider
from tests.standins.error_hooks import EngineWithErrorHooks

IMAGE = "redis:7-alpine"

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def engine() -> Iterator[Any]:
    """The Docker Engine of this machine."""
    # By Docker's command, which some tests need as well: its SDK leaves a socket open where nobody answers.
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no Docker Engine answers (.ci/docker COMMAND runs a command with one)")
    with closing(docker.from_env()) as engine:
        if not engine.images.list(IMAGE):
            pytest.skip(f"the Docker Engine has no {IMAGE}: docker pull {IMAGE}")
        yield engine


@dataclass
class DockerStack(StackInProcess):
    """A stack of the docker backend, and what its engine says of it."""

    engine: Any
    provider: DockerProvider

    @property
    def container(self) -> Any:
        """The container, as Docker knows it now."""
        return self.engine.containers.get(f"hospitality-redis-{self.name}")

    @property
    def variables(self) -> dict[str, str]:
        """What the application would read."""
        variables: dict[str, str] = self.outputs["connection"]
        return variables

    def client(self) -> redis.Redis:
        """Connect from outside, as the application would."""
        variables = self.variables
        return redis.Redis(
            host=variables["REDIS_HOST"],
            port=int(variables["REDIS_PORT"]),
            password=variables["REDIS_PASSWORD"],
            decode_responses=True,
        )

    def operator(self) -> redis.Redis:
        """Connect as the user that administers."""
        variables = self.outputs["operatorConnection"]
        return redis.Redis(
            host=variables["REDIS_HOST"],
            port=int(variables["REDIS_PORT"]),
            username=variables["REDIS_USERNAME"],
            password=variables["REDIS_PASSWORD"],
            decode_responses=True,
        )

    def remains(self) -> list[str]:
        """Name what Docker has of the stack."""
        names = {container.name for container in self.engine.containers.list(all=True)}
        names |= {volume.name for volume in self.engine.volumes.list()}
        return sorted(name for name in names if self.name in name)

    def remove(self) -> None:
        """Leave nothing behind, whatever a test came to."""
        self.provider.close()
        with suppress(NotFound):
            self.container.remove(force=True, v=True)
        with suppress(NotFound):
            self.engine.volumes.get(f"redis_data_{self.name}").remove()


Maker = Callable[..., DockerStack]


@pytest.fixture(scope="module")
def make(engine: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maker]:
    """A maker of stacks, each with a name and a port of its own."""
    made: list[DockerStack] = []

    def one(**configuration: object) -> DockerStack:
        provider = DockerProvider()
        name = f"test-{secrets.token_hex(4)}"
        made.append(
            DockerStack(
                folder=tmp_path_factory.mktemp(name),
                name=name,
                finders=[provider.find],
                honoured=HONOURED,
                configuration={"backend": "docker", "port": free_port(), "memoryMb": 100, **configuration},
                engine=engine,
                provider=provider,
            )
        )
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "Engine", EngineWithErrorHooks)
        yield one
    for stack in made:
        stack.remove()


@pytest.fixture(scope="module")
def dev(make: Maker) -> DockerStack:
    """The dev stack, up; for tests that only look."""
    stack = make()
    stack.up()
    return stack


class TestUp:
    """What is there after the first `up`."""

    def test_the_container_is_healthy_and_the_cache_is_proved_from_outside(self, dev: DockerStack) -> None:
        """Docker's own health, the verification through the published port, and what the application reads."""
        assert dev.container.attrs["State"]["Health"]["Status"] == "healthy"
        assert dev.outputs["verification"]["verdict"] == "passed"
        assert dev.variables["REDIS_HOST"] == "127.0.0.1"
        assert dev.variables["REDIS_PORT"] == str(dev.configuration["port"])
        assert dev.variables["REDIS_USE_TLS"] == "false"
        assert dev.client().ping()

    def test_it_is_what_the_guide_asks_for(self, dev: DockerStack) -> None:
        """Image, volume, append-only, memory and policy, as the server and Docker say them."""
        mounts = [(mount["Name"], mount["Destination"]) for mount in dev.container.attrs["Mounts"]]
        assert mounts == [(f"redis_data_{dev.name}", "/data")]
        assert IMAGE in dev.container.image.tags
        assert dev.operator().config_get("appendonly", "maxmemory", "maxmemory-policy", "save") == {
            "appendonly": "yes",
            "maxmemory": str(100 * 1024 * 1024),
            "maxmemory-policy": "allkeys-lru",
            "save": "",
        }

    def test_a_second_preview_and_a_second_up_find_nothing_to_do(self, dev: DockerStack) -> None:
        """The same container goes on."""
        before = dev.container.id
        assert "Resources: 7 unchanged" in dev.preview()
        printed = dev.up()
        assert "Resources: 7 unchanged" in printed
        assert "Outputs:" not in printed
        assert dev.container.id == before

    def test_a_rotation_keeps_the_data_and_ends_with_the_old_password_refused(
        self, make: Maker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each step makes another container over the same volume, and both passwords open it in between."""
        stack = make()
        stack.up()
        before = stack.client()
        before.set("kept", "yes")
        for step in ("start", "finish"):
            monkeypatch.setenv(rotation.VARIABLE, step)
            assert "docker:index/container:Container cache" in stack.up()
            monkeypatch.delenv(rotation.VARIABLE)
            if step == "start":
                assert before.get("kept") == "yes"
            assert stack.client().get("kept") == "yes"
        with pytest.raises(redis.AuthenticationError):
            before.get("kept")
        assert stack.outputs["verification"]["checks"]["retired-password"] == "pass"

    def test_the_port_is_open_to_this_machine_alone(self, dev: DockerStack) -> None:
        """Published on the loopback address, and on no other."""
        bindings = dev.container.attrs["NetworkSettings"]["Ports"]
        assert bindings == {"6379/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(dev.configuration["port"])}]}

    def test_the_password_is_in_no_inspection_process_list_environment_or_log(self, dev: DockerStack) -> None:
        """Searched for in all that Docker and this machine show of the container."""
        password = dev.variables["REDIS_PASSWORD"]
        container = dev.container
        shown = {
            "docker inspect": str(container.attrs),
            "docker inspect of the volume": str(dev.engine.volumes.get(f"redis_data_{dev.name}").attrs),
            "docker top": str(container.top()),
            "docker logs": container.logs().decode(),
            "the environment": container.exec_run("env").output.decode(),
            "the processes": "\n".join(process.arguments for process in living()),
        }
        assert len(password) == 32
        assert dev.name in shown["docker inspect"]
        assert "redis-server" in shown["docker top"]
        assert not [where for where, text in shown.items() if password in text]

    def test_the_server_has_no_rights_that_it_does_not_need(self, dev: DockerStack) -> None:
        """As the kernel says: not root, no capabilities, no way to new ones, and nothing to write to but the data."""
        container = dev.container
        status = container.exec_run("cat /proc/1/status").output.decode()
        assert not re.search(r"^Uid:\s+0\s", status, re.MULTILINE)
        for capabilities in ("CapEff", "CapPrm", "CapBnd"):
            assert re.search(rf"^{capabilities}:\s+0+$", status, re.MULTILINE)
        assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
        assert b"Read-only file system" in container.exec_run("touch /somewhere").output
        assert container.exec_run("touch /data/here").exit_code == 0

    def test_it_comes_back_by_itself_within_bounds(self, dev: DockerStack) -> None:
        """A restart policy, a limit of memory with room for a fork and without swap, and logs that end."""
        host = dev.container.attrs["HostConfig"]
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert host["Memory"] == host["MemorySwap"] == (2 * 100 + 64) * 1024 * 1024
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}

    def test_the_labels_say_whose_it_is(self, dev: DockerStack) -> None:
        """On the container and on the volume."""
        whose = {"managed-by": "pulumi", "project": "cache", "stack": dev.name}
        assert whose.items() <= dev.container.labels.items()
        assert dev.engine.volumes.get(f"redis_data_{dev.name}").attrs["Labels"] == whose


@pytest.mark.parametrize("persistence", ["append-only", "snapshot"])
def test_data_outlive_a_replaced_container(make: Maker, persistence: str) -> None:
    """More memory is another container over the same volume; with save points too, since the server ends in order."""
    stack = make(persistence=persistence)
    stack.up()
    before = stack.container.id
    stack.client().set("kept", "here")
    stack.configure(memoryMb=128)
    assert "docker:index/container:Container cache replaced" in stack.up()
    assert stack.container.id != before
    assert stack.client().get("kept") == "here"
    assert stack.operator().config_get("maxmemory") == {"maxmemory": str(128 * 1024 * 1024)}
    assert "delete volume" not in stack.provider.done
    assert "Resources: 7 unchanged" in stack.preview()


def test_a_killed_container_comes_back_with_its_data(make: Maker) -> None:
    """`docker kill` keeps Docker from starting it again; `up` does, and its password is the same."""
    stack = make()
    stack.up()
    stack.client().set("kept", "here")
    password = stack.variables["REDIS_PASSWORD"]
    until(lambda: is_written(stack.client()))
    stack.container.kill()
    stack.up()
    assert stack.container.attrs["State"]["Health"]["Status"] == "healthy"
    assert stack.client().get("kept") == "here"
    assert stack.variables["REDIS_PASSWORD"] == password


def test_a_destroy_leaves_nothing_but_the_image(make: Maker) -> None:
    """No container, no volume, no state."""
    stack = make()
    stack.up()
    assert stack.remains() == [f"hospitality-redis-{stack.name}", f"redis_data_{stack.name}"]
    stack.destroy()
    assert stack.remains() == []
    assert stack.outputs == {}
    assert stack.engine.images.list(IMAGE)


def test_a_stack_of_an_earlier_release_is_changed_and_taken_down(make: Maker) -> None:
    """Over the volume of before, with the data and the password that are in it (kept/README.md)."""
    stack = make()
    kept = (Path(__file__).parent / "kept" / "docker.json").read_text()
    for name, value in {
        "@STACK@": stack.name,
        "@PORT@": str(stack.configuration["port"]),
        "@IMAGE@": stack.engine.images.get(IMAGE).id,
    }.items():
        kept = kept.replace(name, value)
    state = json.loads(kept)
    for resource in state["resources"]:
        provider = stack.provider.find(resource["type"], resource["inputs"])
        if provider is not None:
            resource["id"], resource["outputs"] = provider.create(wire.plain(resource["inputs"]))
    file = Project(stack.folder).inprocess_state(stack.name)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(state))
    stack.client().set("kept", "here")

    assert "replaced" not in stack.preview()
    stack.configure(memoryMb=128, maxmemoryPolicy="volatile-lru")
    stack.up()
    assert stack.client().get("kept") == "here"
    assert stack.operator().config_get("maxmemory", "maxmemory-policy") == {
        "maxmemory": str(128 * 1024 * 1024),
        "maxmemory-policy": "volatile-lru",
    }
    assert "delete volume" not in stack.provider.done
    stack.destroy()
    assert stack.remains() == []


def test_two_stacks_stand_side_by_side(make: Maker) -> None:
    """On one engine, each with its own container, volume and password; the end of one is not the other's."""
    one, other = make(), make()
    one.up()
    other.up()
    one.client().set("whose", "one")
    other.client().set("whose", "other")
    assert one.variables["REDIS_PASSWORD"] != other.variables["REDIS_PASSWORD"]
    other.destroy()
    assert one.client().get("whose") == "one"


def test_another_daemon_is_taken_by_configuration(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cache:dockerHost` goes before DOCKER_HOST, which names a daemon that does not answer."""
    daemon = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    stack = make(dockerHost=daemon)
    stack.up()
    assert stack.container.attrs["State"]["Health"]["Status"] == "healthy"
    assert "Resources: 8 unchanged" in stack.preview()
    stack.destroy()
    assert stack.remains() == []


class TestFailures:
    """A container that cannot be made: why, and a command that cures it."""

    def test_one_that_is_never_healthy_shows_the_last_lines_of_its_log(
        self, make: Maker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A volume that another user's container wrote; the command that the message gives mends it."""
        stack = make()
        volume = {f"redis_data_{stack.name}": {"bind": "/data", "mode": "rw"}}
        # Of an empty volume, Docker would make what the image has there.
        spoil = ["-c", "touch /data/file && chown -R root:root /data && chmod 700 /data"]
        stack.engine.containers.run(IMAGE, spoil, entrypoint="sh", user="root", volumes=volume, remove=True)
        with monkeypatch.context() as patch:
            patch.setattr(errors, "HEALTHY_SECONDS", 10)
            printed = stack.up(code=1)
        assert f"hospitality-redis-{stack.name} was not healthy within 10 s; the last lines of its log:" in printed
        assert "Permission denied" in printed
        assert "container failed to be in healthy state" in printed

        cure = re.search(r"to give them: (docker run .*)", printed)
        assert cure is not None
        subprocess.run(shlex.split(cure[1]), check=True)
        stack.up()
        assert stack.client().ping()

    def test_a_taken_port_is_named_with_how_to_choose_another(self, make: Maker) -> None:
        """Docker's own words do not say which setting it is."""
        with socket.create_server(("127.0.0.1", 0)) as squatter:
            port = squatter.getsockname()[1]
            stack = make(port=port)
            printed = stack.up(code=1)
        assert f"port {port} is taken; pulumi config set cache:port 6380 --stack {stack.name}" in printed

    def test_a_taken_name_is_left_alone(self, make: Maker) -> None:
        """It may be somebody's; the message says how to remove it."""
        stack = make()
        name = f"hospitality-redis-{stack.name}"
        stranger = stack.engine.containers.create(IMAGE, ["redis-server"], name=name)
        printed = stack.up(code=1)
        assert f"if nobody needs it: docker rm --force {name}" in printed
        assert stack.container.id == stranger.id

    def test_a_configuration_changed_by_hand_is_found_and_the_repair_mends_it(self, make: Maker) -> None:
        """The verification says what differs; the restart that it proposes brings back what was declared."""
        stack = make()
        stack.up()
        stack.operator().config_set("maxmemory-policy", "noeviction")
        printed = stack.up(code=1)
        assert "the eviction policy is as asked: the server" in printed
        repair = re.search(r"with its data: (docker restart \S+) && make up", printed)
        assert repair is not None
        subprocess.run(shlex.split(repair[1]), check=True, stdout=subprocess.DEVNULL)
        stack.up()


class TestBackup:
    """Through Docker alone: the volume may be another machine's."""

    @pytest.mark.parametrize("persistence", ["append-only", "snapshot", "none"])
    def test_what_was_backed_up_comes_back(self, make: Maker, tmp_path: Path, persistence: str) -> None:
        """Every key, value and time to live, in the same container; a damaged file is refused before it stops."""
        stack = make(persistence=persistence)
        stack.up()
        cache = RunningCache(stack=stack.name, tier="dev", config={}, outputs=stack.outputs)
        written(stack.client(), 500)
        before = content(stack.client())
        file = tmp_path / "dump.rdb"
        manifest = BACKUPS.take(cache, file)
        assert (manifest.keys, manifest.engine, manifest.backend) == (650, "redis", "docker")
        emptied(stack.client())
        written(stack.client(), 10, prefix="other:")

        damaged, started = tmp_path / "damaged.rdb", stack.container.attrs["State"]["StartedAt"]
        damaged.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(BackupError, match="is damaged"):
            BACKUPS.inspect(cache, damaged)
        assert stack.container.attrs["State"]["StartedAt"] == started

        container = stack.container.id
        assert BACKUPS.inspect(cache, file).sha256 == manifest.sha256
        BACKUPS.restore(cache, file)
        stack.up()
        BACKUPS.settle(cache)
        assert stack.container.id == container
        assert content(stack.client()) == before
        listing = stack.container.exec_run(["ls", "/data"]).output.decode().split()
        assert listing == {"append-only": ["appendonlydir"], "snapshot": ["dump.rdb"], "none": []}[persistence]
