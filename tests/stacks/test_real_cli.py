"""What only the real CLI shows: plain `pulumi up`, and that both engines name resources alike."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from benchmarks.servers import free_port, until
from runner import orphans
from tests.infra.test_rejected_configurations import NETWORK
from tests.stacks.conftest import pulumi_command
from tests.stacks.project import ProjectCopy, copy
from tests.standins import rediscloud

UP = ("up", "--yes", "--skip-preview")

pytestmark = pytest.mark.engine


@pytest.fixture
def plain(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A copy of the project and the environment of a user who has the CLI, a login of their own, and no make."""
    command = pulumi_command()
    if command is None:
        pytest.skip("no pulumi on PATH or in .local/pulumi (make pulumi)")
    copy(tmp_path / "project")
    (tmp_path / "state").mkdir()
    return tmp_path / "project", {
        **os.environ,
        "PATH": f"{command.path.parent}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "of the user",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def pulumi(plain: tuple[Path, dict[str, str]], *arguments: str, code: int = 0) -> str:
    """Run the CLI as that user does."""
    done = subprocess.run(
        ["pulumi", *arguments, "--non-interactive"],
        cwd=plain[0],
        env=plain[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def test_plain_pulumi_up_works_without_make(plain: tuple[Path, dict[str, str]]) -> None:
    """From the clone as it is; and the other owner's engine is refused with the command that takes it down."""
    pulumi(plain, "stack", "init", "local")
    assert "5 created" in pulumi(plain, "up", "--yes", "--skip-preview", "--stack", "local")
    outputs = json.loads(pulumi(plain, "stack", "output", "--json"))
    assert outputs["verification"]["verdict"] == "passed"

    made = ProjectCopy(root=plain[0], engine="inprocess", path="")
    refused = made.run("up", code=1).printed
    assert "holds the server of another owner" in refused
    assert f"PULUMI_BACKEND_URL={plain[1]['PULUMI_BACKEND_URL']} pulumi destroy --stack local" in refused

    pulumi(plain, "destroy", "--yes", "--skip-preview", "--stack", "local")
    assert made.servers() == []


def test_a_stack_that_nobody_made_says_what_makes_it(plain: tuple[Path, dict[str, str]]) -> None:
    """Where its state and secrets are kept is the user's to choose."""
    made = ProjectCopy(root=plain[0], engine="pulumi", path="")
    refused = made.run("up", "--stack", "dev", code=1, **plain[1]).printed
    assert "stack dev is not in your Pulumi backend yet: pulumi stack init dev\n" in refused
    refused = made.run("up", "--stack", "prod", code=1, **plain[1]).printed
    assert 'not in your Pulumi backend yet: pulumi stack init prod --secrets-provider="awskms://' in refused


@pytest.mark.long
def test_plain_pulumi_makes_the_environment_from_requirements_txt(plain: tuple[Path, dict[str, str]]) -> None:
    """The pip toolchain of Pulumi.yaml, over the hash-locked file, with nothing installed beforehand."""
    (plain[0] / ".venv").unlink()
    plain[1]["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{plain[1]['PATH']}"
    pulumi(plain, "stack", "init", "local")
    pulumi(plain, "install", "--no-plugins")
    assert (plain[0] / ".venv" / "bin" / "python").exists()
    assert "5 created" in pulumi(plain, "up", "--yes", "--skip-preview", "--stack", "local")
    pulumi(plain, "destroy", "--yes", "--skip-preview", "--stack", "local")


def test_both_engines_give_the_same_urns(plain: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """A state's identity does not depend on who wrote it."""
    pulumi(plain, "stack", "init", "local")
    pulumi(plain, "up", "--yes", "--skip-preview", "--stack", "local")
    exported = json.loads(pulumi(plain, "stack", "export", "--stack", "local"))["deployment"]["resources"]
    pulumi(plain, "destroy", "--yes", "--skip-preview", "--stack", "local")

    copy(tmp_path / "other")
    other = ProjectCopy(root=tmp_path / "other", engine="inprocess", path="")
    other.run("up")
    written = json.loads((other.root / ".local/inprocess/local.json").read_text())["resources"]
    other.run("down")
    # The provider of dynamic resources is the real engine's own bookkeeping.
    real = {known["urn"] for known in exported if not known["type"].startswith("pulumi:providers:")}
    assert {known["urn"] for known in written} == real


def test_a_prod_stack_on_a_passphrase_is_refused_by_plain_pulumi(plain: tuple[Path, dict[str, str]]) -> None:
    """Even where its line was taken out of the stack's file by hand: Pulumi puts it back before the program starts."""
    pulumi(plain, "stack", "init", "prod")
    file = plain[0] / "Pulumi.prod.yaml"
    written = file.read_text()
    assert "encryptionsalt:" in written
    network = "".join(f"  cache:{key}: {value}\n" for key, value in NETWORK.items())
    file.write_text(f"config:\n  cache:backend: elasticache\n  cache:tier: prod\n{network}")
    refused = pulumi(plain, "preview", "--stack", "prod", code=1)
    assert 'pulumi stack change-secrets-provider --stack prod "awskms://' in refused
    assert "Traceback" not in refused


@pytest.fixture
def docker_stack(plain: tuple[Path, dict[str, str]]) -> Iterator[tuple[Path, dict[str, str]]]:
    """The same user with Docker: a stack of a name and a port that nobody else has."""
    if shutil.which("pulumi-resource-docker") is None and not list(
        (Path.home() / ".pulumi" / "plugins").glob("resource-docker-v*")
    ):
        pytest.skip("no pulumi-docker plugin on PATH or in ~/.pulumi/plugins (pulumi plugin install resource docker)")
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no Docker Engine answers")
    (plain[0] / "Pulumi.engine.yaml").write_text(
        f"config:\n  cache:backend: docker\n  cache:memoryMb: 100\n  cache:port: {free_port()}\n"
    )
    plain[1]["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    del plain[1]["PULUMI_HOME"]  # the user's own, which may have the plugin
    pulumi(plain, "stack", "init", "engine")
    yield plain
    pulumi(plain, "destroy", "--yes", "--skip-preview", "--stack", "engine")


def test_the_docker_stack_lives_under_the_real_provider(docker_stack: tuple[Path, dict[str, str]]) -> None:
    """Proved from outside, nothing to do twice, replaced with its data, without a password in what Docker shows."""
    assert "created" in pulumi(docker_stack, *UP, "--stack", "engine")
    connection = json.loads(pulumi(docker_stack, "stack", "output", "--json", "--show-secrets", "--stack", "engine"))[
        "connection"
    ]
    client = redis.Redis(port=int(connection["REDIS_PORT"]), password=connection["REDIS_PASSWORD"])
    client.set("kept", "yes")
    pulumi(docker_stack, "preview", "--refresh", "--expect-no-changes", "--stack", "engine")
    shown = subprocess.run(
        ["docker", "inspect", "hospitality-redis-engine"], capture_output=True, text=True, check=True
    ).stdout
    assert connection["REDIS_PASSWORD"] not in shown

    pulumi(docker_stack, "config", "set", "cache:memoryMb", "200", "--stack", "engine")
    pulumi(docker_stack, *UP, "--stack", "engine")
    assert client.get("kept") == b"yes"
    assert client.info("memory")["maxmemory"] == 200 * 1024 * 1024

    subprocess.run(["docker", "kill", "hospitality-redis-engine"], capture_output=True, check=True)
    pulumi(docker_stack, *UP, "--refresh", "--stack", "engine")
    assert client.get("kept") == b"yes"

    pulumi(docker_stack, "destroy", "--yes", "--skip-preview", "--stack", "engine")
    for listing in (["ps", "--all", "--format", "{{.Names}}"], ["volume", "ls", "--quiet"]):
        left = subprocess.run(["docker", *listing], capture_output=True, text=True, check=True).stdout.split()
        assert not {"hospitality-redis-engine", "redis_data_engine"} & set(left)


def test_the_redis_cloud_stack_lives_under_the_real_cli(plain: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """Made, proved, nothing to do twice, rotated and destroyed; no key and no password in the clear in its state."""
    stack = ("--stack", "rediscloud")
    with rediscloud.account(tmp_path / "cloud") as cloud:
        plain[1].update(cloud.environment)
        pulumi(plain, "stack", "init", "rediscloud")
        printed = pulumi(plain, *UP, *stack)
        assert "6 created" in printed
        assert "Redis Cloud: creating subscription hospitality-redis-rediscloud-" in printed
        pulumi(plain, "preview", "--refresh", "--expect-no-changes", *stack)

        (database,) = cloud.databases.values()
        first = database["security"]["password"]
        plain[1]["CACHE_ROTATION"] = "start"
        printed += pulumi(plain, *UP, "--refresh", *stack)
        del plain[1]["CACHE_ROTATION"]
        second = database["security"]["password"]
        assert first != second
        state = pulumi(plain, "stack", "export", *stack)
        for secret in (first, second, rediscloud.ACCESS_KEY, rediscloud.SECRET_KEY):
            assert secret not in printed + state

        pulumi(plain, "destroy", "--yes", "--skip-preview", *stack)
        assert (cloud.subscriptions, cloud.databases) == ({}, {})


def test_a_redis_cloud_stack_of_an_earlier_release_goes_on(plain: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """Its state, in which the providers have the places of before, is changed in place, and destroyed."""
    stack = ("--stack", "rediscloud")
    with rediscloud.account(tmp_path / "cloud") as cloud:
        plain[1].update(cloud.environment)
        text = (Path(__file__).parent / "kept" / "rediscloud_pulumi.json").read_text()
        cloud.replay(json.loads(text.replace("@PORT@", "0"))["requests"])
        ((number, database),) = cloud.databases.items()
        port = str(database["publicEndpoint"]).rpartition(":")[2]
        state = json.loads(text.replace("@PORT@", port))["export"]
        (tmp_path / "state.json").write_text(json.dumps(state))
        pulumi(plain, "stack", "init", "rediscloud")
        pulumi(plain, "stack", "import", "--file", str(tmp_path / "state.json"), *stack)
        client = redis.Redis(port=int(port), password=database["security"]["password"])
        client.set("kept", "yes")

        pulumi(plain, "config", "set", "cache:maxmemoryPolicy", "volatile-lru", *stack)
        printed = pulumi(plain, *UP, "--refresh", *stack)
        # The database, and the dotenv sink's file, which is not in this folder.
        assert "2 updated\n    4 unchanged" in printed
        assert list(cloud.databases) == [number]
        assert cloud.databases[number]["dataEvictionPolicy"] == "volatile-lru"
        assert client.get("kept") == b"yes"
        pulumi(plain, "preview", "--refresh", "--expect-no-changes", *stack)
        # What was not changed keeps the provider's old place in the state (infra/dynamic.py).
        exported = json.loads(pulumi(plain, "stack", "export", *stack))["deployment"]["resources"]
        (name,) = (each for each in exported if each["type"] == "pulumi-python:dynamic/rediscloud:Name")
        assert b"infra.redis_cloud.name" in base64.b64decode(name["outputs"]["__provider"])
        pulumi(plain, "destroy", "--yes", "--skip-preview", *stack)
        assert (cloud.subscriptions, cloud.databases) == ({}, {})


def test_a_killed_run_on_redis_cloud_makes_no_second_subscription(
    plain: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """Killed with SIGKILL once it had asked for one, cancelled, and run again: it finds what was made by its name."""
    stack = ("--stack", "rediscloud")
    with rediscloud.account(tmp_path / "cloud", task_seconds=0.5) as cloud:
        plain[1].update(cloud.environment)
        pulumi(plain, "stack", "init", "rediscloud")
        command = ["pulumi", *UP, *stack, "--non-interactive"]
        process = subprocess.Popen(
            command, cwd=plain[0], env=plain[1], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(lambda: bool(cloud.asked("POST", "/fixed/subscriptions")), seconds=60)
        process.kill()
        process.wait()
        orphans.end(plain[1]["PULUMI_BACKEND_URL"])
        pulumi(plain, "cancel", "--yes", "rediscloud")
        pulumi(plain, *UP, *stack)
        assert (len(cloud.subscriptions), len(cloud.databases)) == (1, 1)
        assert len(cloud.asked("POST", "/fixed/subscriptions")) == 1
        pulumi(plain, "destroy", "--yes", "--skip-preview", *stack)
        assert (cloud.subscriptions, cloud.databases) == ({}, {})
