"""A local stack that ccddbd0 brought up is changed and taken down by today's project, under each engine."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest
import redis

from benchmarks.servers import free_port, until
from infra.backends.local import binary
from tests.stacks.project import ProjectCopy

KEPT = Path(__file__).parent / "kept"


@pytest.fixture
def server(project: ProjectCopy) -> redis.Redis:
    """The server of that stack, started as ccddbd0 did; the project has the stack's state and files."""
    port, program = free_port(), binary.find()
    source = KEPT / project.engine
    for file in (path for path in source.rglob("*") if path.is_file()):
        place = project.root / ".local" / file.relative_to(source)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.touch(mode=0o600)
        place.write_text(file.read_text().replace("@PORT@", str(port)).replace("@BINARY@", program.pin))
    folder = project.server_folder
    (folder / "data").mkdir(mode=0o700)
    with (folder / "server.lock").open("ab") as lock, (folder / "server.log").open("ab") as log:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            ["/bin/sh", "-c", 'echo $$ >server.pid && exec "$0" - <server.conf', str(program.path)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": os.defpath},
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
    # It outlives whoever started it, as it did.
    process.returncode = 0
    client = redis.Redis(port=port, password=project.delivered()["REDIS_PASSWORD"], decode_responses=True)
    until(lambda: answers(client))
    client.set("kept", "yes")
    return client


def answers(client: redis.Redis) -> bool:
    """Whether the server takes its password by now."""
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def assert_nothing_is_left(project: ProjectCopy) -> None:
    """No server, no data, no password in a file, and no state of a resource."""
    assert project.servers() == []
    assert not project.server_folder.exists()
    assert not project.dotenv.exists()
    assert project.run("outputs").printed.endswith("{}\n")


def test_it_is_changed_and_taken_down(project: ProjectCopy, server: redis.Redis) -> None:
    """In place: the same process, with its data and its password; and then nothing is left to do."""
    before = project.server_pid()
    project.configure(memoryMb=128, maxmemoryPolicy="volatile-lru")
    printed = project.run("up").printed
    assert "replaced" not in printed
    assert "warning" not in printed
    assert project.server_pid() == before
    assert server.get("kept") == "yes"
    memory = server.info("memory")
    assert (memory["maxmemory"], memory["maxmemory_policy"]) == (128 * 1024 * 1024, "volatile-lru")
    # The operator administers from now on.
    with pytest.raises(redis.exceptions.NoPermissionError):
        server.config_get("maxmemory")
    assert project.client().get("kept") == "yes"
    assert "unchanged" in project.run("up").printed
    project.run("down")
    assert_nothing_is_left(project)


@pytest.mark.long
@pytest.mark.usefixtures("server")
def test_it_is_taken_down_as_it_is(project: ProjectCopy) -> None:
    """Without an `up` before: the providers are found where its state names them."""
    project.run("down")
    assert_nothing_is_left(project)
