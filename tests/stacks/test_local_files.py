"""The files of `.local`, lost, damaged and replaced: a run names what will not do, and `down` leaves nothing."""

import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra import after_delivery
from infra.backends.local import ownership, processes
from infra.backends.local.server import LocalServer
from infra.sinks import files
from operate import cli, leftovers
from runner.project import Project
from tests.soak import Soak
from tests.stacks.project import copy

pytestmark = pytest.mark.stack

PRECIOUS = "somebody's own\n"


@dataclass
class Machine:
    """A project whose runs happen in this process: an `up` in a third of a second."""

    root: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    printed: list[str] = field(default_factory=list)

    def run(self, verb: str) -> tuple[int, str]:
        """Run a verb; return its exit code and what it printed."""
        # The providers find the project by where their code is.
        for module in (files, after_delivery, ownership, cli):
            self.patch.setattr(module, "PROJECT", self.root)
        self.capture.readouterr()
        code = cli.main([verb, "--engine=inprocess"])
        printed = "".join(self.capture.readouterr())
        self.printed.append(f"{verb}: {code}\n{printed}")
        assert "Traceback" not in printed, printed
        return code, printed

    @property
    def local(self) -> Path:
        """The folder of all that a run leaves."""
        return self.root / ".local"

    @property
    def server(self) -> LocalServer:
        """The stack's server."""
        return LocalServer(self.local / "servers" / "local")

    @property
    def state(self) -> Path:
        """The stack's state."""
        return self.local / "inprocess" / "local.json"

    def password(self) -> str:
        """Return the password, as the state has it."""
        (found,) = (
            resource["outputs"]["value"]["value"]
            for resource in json.loads(self.state.read_text())["resources"]
            if resource["urn"].endswith("::password")
        )
        return str(found)

    def left(self) -> list[str]:
        """Name what a `down` should have removed."""
        found = [str(path) for path in (self.server.folder, self.local / "local.env", self.state) if path.exists()]
        return found + (["a server"] if self.server.is_running() else [])


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Machine]:
    """A project in which nothing ran yet; whatever runs in it is ended with the test."""
    copy(tmp_path / "project")
    made = Machine(tmp_path / "project", monkeypatch, capfd)
    yield made
    made.server.stop()


@pytest.mark.parametrize("lost", ["state", "record", "all", "state and identity"])
def test_down_with_a_lost_state_leaves_nothing(machine: Machine, lost: str) -> None:
    """Neither the server, nor its data, nor the file with the password; and says what it removed."""
    machine.run("up")
    match lost:
        case "state":
            machine.state.unlink()
        case "record":
            machine.state.unlink()
            (machine.server.folder / "owner.json").unlink()
        case "state and identity":
            machine.state.unlink()
            (machine.local / "identity").unlink()
        case _:
            shutil.rmtree(machine.local)
    code, printed = machine.run("down")
    assert (code, machine.left()) == (0, [])
    assert "removed .local/servers/local, which no state knew of" in printed
    assert machine.run("down") == (0, machine.run("down")[1])


def test_down_with_a_lost_state_takes_out_the_applications_own_names(machine: Machine) -> None:
    """By the stack's file, which still says them; a line of somebody else's stays."""
    file = machine.root / "Pulumi.local.yaml"
    file.write_text(file.read_text() + "  cache:url: true\n  cache:variables: {Redis__Password: password}\n")
    machine.run("up")
    machine.state.unlink()
    (machine.local / "local.env").write_text((machine.local / "local.env").read_text() + "OTHER=1\n")
    assert machine.run("down")[0] == 0
    assert (machine.local / "local.env").read_text() == "OTHER=1\n"


def test_down_leaves_nothing_of_the_backend_that_the_stack_had_before(machine: Machine) -> None:
    """Its state was lost, so none but what down looks for at its end knows of the server."""
    machine.run("up")
    machine.state.unlink()
    (machine.root / "Pulumi.local.yaml").write_text("config:\n  cache:backend: memory\n")
    assert machine.run("down")[0] == 0
    assert machine.left() == []


def test_down_leaves_the_server_of_the_other_engine(machine: Machine) -> None:
    """Its state still has it; the command that takes it down is said."""
    machine.run("up")
    record = json.loads((machine.server.folder / "owner.json").read_text())
    (machine.server.folder / "owner.json").write_text(json.dumps(record | {"owner": "file://.local/state#local"}))
    machine.state.unlink()
    cli_state = Project(machine.root).cli_state("local")
    cli_state.parent.mkdir(parents=True)
    cli_state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [{}]}}}))
    # As a user would have to force it: the runner itself refuses the in-process engine then.
    assert leftovers.remove(Project(machine.root), "local") == 1
    assert "to take it down: make down STACK=local ENGINE=pulumi" in machine.capture.readouterr().err
    assert machine.server.is_running()
    cli_state.unlink()
    assert machine.run("down")[0] == 0
    assert machine.left() == []


def test_a_server_elsewhere_of_which_all_is_lost_is_named_by_up_and_by_down(machine: Machine) -> None:
    """With the command that removes it, and the one that goes on with it."""
    folder = machine.root.parent / "elsewhere"
    (machine.root / "Pulumi.local.yaml").write_text(f"config:\n  cache:backend: local\n  cache:folder: {folder}\n")
    machine.run("up")
    shutil.rmtree(machine.local)
    for verb in ("up", "down"):
        code, printed = machine.run(verb)
        assert code == 1
        assert f"{folder} holds the server of another owner: of the same stack in a .local that was lost" in printed
    printed = machine.run("up")[1]
    cure = printed.partition("to go on with it and its data: ")[2].partition("; to remove it: ")[0]
    subprocess.run(["/bin/sh", "-c", cure], check=True)
    assert machine.run("up")[0] == 0
    assert machine.run("down")[0] == 0
    assert not folder.exists()


def test_variables_of_others_stay_in_the_file(machine: Machine) -> None:
    """A lost state takes ours out alone."""
    machine.run("up")
    with (machine.local / "local.env").open("a") as file:
        file.write("OTHER=kept\n")
    machine.state.unlink()
    assert machine.run("down")[0] == 0
    assert (machine.local / "local.env").read_text() == "OTHER=kept\n"


@pytest.mark.long
def test_an_up_mends_the_servers_files(machine: Machine) -> None:
    """With the data and the password, by the same process."""
    machine.run("up")
    process, password = machine.server.process(), machine.password()
    for name in ("server.conf", "owner.json", "server.pid", "server.log", "server.lock"):
        for content in (b"", b"\xff\x00garbage", None):
            file = machine.server.folder / name
            file.unlink(missing_ok=True) if content is None else file.write_bytes(content)
            assert machine.run("up")[0] == 0, (name, content)
            assert (machine.server.process(), machine.password()) == (process, password), (name, content)
    assert machine.run("verify")[0] == 0
    assert machine.run("down")[0] == 0
    assert machine.left() == []


def test_the_way_on_that_a_damaged_state_prints_keeps_the_data(machine: Machine) -> None:
    """The state is moved away, and the server is taken over with another password."""
    machine.run("up")
    password = machine.password()
    machine.state.write_text("{")
    code, printed = machine.run("up")
    assert code == 1
    cure = printed.partition("a new password: ")[2].partition(" && make up")[0]
    subprocess.run(["/bin/sh", "-c", cure], check=True)
    assert machine.run("up")[0] == 0
    assert machine.password() != password
    assert machine.run("verify")[0] == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make another user's files")
def test_what_a_run_as_root_left_is_named_with_its_cure(machine: Machine) -> None:
    """The folder of the server, and a file in it."""
    machine.run("up")
    for path in (machine.server.folder, machine.server.folder / "server.conf"):
        os.chown(path, 12345, -1)
        code, printed = machine.run("up")
        assert code == 1
        assert f"{path} belongs to another user (12345)" in printed
        assert "sudo chown -R $(id -u)" in printed
        os.chown(path, os.geteuid(), -1)
    assert machine.run("up")[0] == 0


@pytest.mark.long
def test_odd_places_and_users(tmp_path: Path) -> None:
    """A path with a quote, a blank and a colon; the longest name of a stack; a user without a name; the C locale."""
    root = tmp_path / "it's a: place"
    copy(root)
    stack = "s" * 100
    (root / f"Pulumi.{stack}.yaml").write_text("config:\n  cache:backend: local\n")
    stranger = ["unshare", "-U", "--map-user=54321", "--map-group=54321"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*stranger, "true"], check=False, capture_output=True).returncode
    ):
        stranger = []
    plain = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    options = ["--stack", stack, "--engine", "inprocess"]
    for verb in (["up"], ["verify"], ["down", "--confirm", stack]):
        done = subprocess.run(
            [*stranger, sys.executable, "-B", "-m", "operate", *verb, *options],
            cwd=root,
            env=plain,
            umask=0,
            capture_output=True,
            check=False,
        )
        printed = (done.stdout + done.stderr).decode("latin-1")
        assert done.returncode == 0, printed
        assert "Traceback" not in printed
        assert not [path for path in (root / ".local").rglob("*") if path.stat().st_mode & 0o022]
    assert not (root / ".local/servers" / stack).exists()


def older(file: Path, rng: random.Random, kept: dict[str, bytes]) -> None:
    """Put the file of an earlier stack in its place."""
    del rng
    if file.name in kept:
        file.write_bytes(kept[file.name])


def changed_value(file: Path, rng: random.Random, kept: dict[str, bytes]) -> None:
    """Change one value of a JSON file, or leave it out."""
    del kept
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        return
    places: list[tuple[Any, Any]] = []

    def collect(value: Any) -> None:
        for key in range(len(value)) if isinstance(value, list) else list(value) if isinstance(value, dict) else ():
            places.append((value, key))
            collect(value[key])

    collect(content)
    if places:
        holder, key = rng.choice(places)
        if rng.random() < 0.3:
            del holder[key]
        else:
            holder[key] = rng.choice(
                [None, "", 0, -1, 2**70, 1.5, True, [], {}, [1], {"a": 1}, "..", "/", "\x00", "x" * 99]
            )
    file.write_text(json.dumps(content))


def as_folder(file: Path, rng: random.Random, kept: dict[str, bytes]) -> None:
    """Put somebody's folder in its place."""
    del rng, kept
    file.unlink()
    file.mkdir()
    (file / "precious").write_text(PRECIOUS)


def as_link(file: Path, rng: random.Random, kept: dict[str, bytes]) -> None:
    """Put a link to somebody's file in its place."""
    del rng, kept
    root = next(folder.parent for folder in file.parents if folder.name == ".local")
    file.unlink()
    file.symlink_to(root / "precious")


def flipped(file: Path, rng: random.Random, kept: dict[str, bytes]) -> None:
    """Change some of its bytes."""
    del kept
    content = bytearray(file.read_bytes())
    for _ in range(min(len(content), 3)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    file.write_bytes(content)


MUTATIONS: list[Callable[[Path, random.Random, dict[str, bytes]], object]] = [
    lambda file, rng, _: file.write_bytes(file.read_bytes()[: rng.randrange(file.stat().st_size + 1)]),
    lambda file, rng, _: file.write_bytes(rng.randbytes(rng.randrange(200))),
    lambda file, *_: file.write_bytes(b""),
    lambda file, *_: file.unlink(),
    older,
    changed_value,
    changed_value,
    as_folder,
    as_link,
    flipped,
]


@pytest.mark.long
@pytest.mark.soak(1000)
@pytest.mark.timeout(7200)
def test_mutated_files(machine: Machine, soak: Soak) -> None:
    """Up, verify and down end with words, end nobody and touch nobody's file; `down` leaves nothing."""
    rng = soak.random()
    precious = machine.root / "precious"
    precious.write_text(PRECIOUS)
    kept: dict[str, bytes] = {}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        for number in range(soak.cases):
            machine.printed.clear()
            assert machine.run("up")[0] == 0, machine.printed
            password = machine.password()
            # The data are the server's own to judge, and the lock of the installation is not read.
            candidates = sorted(
                path
                for path in machine.local.rglob("*")
                if path.is_file() and "data" not in path.parts and path.name not in {"environment.lock", "precious"}
            )
            chosen = rng.sample(candidates, k=rng.choice([1, 1, 2]))
            done = []
            for file in chosen:
                mutation = rng.choice(MUTATIONS)
                before = file.read_bytes()
                mutation(file, rng, kept)
                kept[file.name] = before
                done.append(f"{file.relative_to(machine.local)}: {getattr(mutation, '__name__', '')}")
            pid_file = machine.server.folder / "server.pid"
            if rng.random() < 0.2 and pid_file.is_file() and not pid_file.is_symlink():
                pid_file.write_text(f"{stranger.pid}\n")
            case = f"case {number}: {done}"
            for verb in ("up", "verify"):
                code, printed = machine.run(verb)
                assert code == 0 or printed.strip(), case
            code, printed = machine.run("down")
            if code:
                assert "error: " in printed, (case, machine.printed)
                # What was put there by somebody is theirs to move away, once it is named.
                for file in chosen:
                    if file.is_dir() and not file.is_symlink():
                        assert (file / "precious").read_text() == PRECIOUS
                        shutil.rmtree(file)
                    elif file.is_symlink() or file.name == "local.env":
                        file.unlink(missing_ok=True)
                code, printed = machine.run("down")
            assert code == 0, (case, machine.printed)
            # A name that was changed in the environment file is a variable of somebody's, and stays.
            renamed = {str(file) for file in chosen if file.name == "local.env"}
            left = {each for each in machine.left() if not (Path(each) / "precious").exists()} - renamed
            assert not left, (case, machine.printed)
            assert not any(password in printed for printed in machine.printed), case
            assert stranger.poll() is None, case
            assert precious.read_text() == PRECIOUS, case
            # What somebody put there stays, and is not the next case's.
            for aside in list(machine.local.rglob("precious")):
                assert aside.read_text() == PRECIOUS, (aside, case, machine.printed)
                shutil.rmtree(aside.parent)
            (machine.local / "local.env").unlink(missing_ok=True)
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(machine.server.folder)
            lock, folder = machine.server.folder / "server.lock", machine.server.folder
            assert not processes.find(lock, [folder, folder / "data"]), case
        stranger.kill()
