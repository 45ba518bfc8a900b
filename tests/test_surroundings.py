"""Every verb that needs no cloud, where nobody reads it, in a narrow terminal, without one, in ASCII, and under Ctrl-C.

It ends with the exit code that docs/commands.md has, and never with a traceback. Not among them are `pulumi` and
`ci cli`, which fetch from elsewhere (tests/runner/test_pulumi_install.py).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

import pytest

from operate import cli
from runner import interrupt
from tests.soak import Soak
from tests.stacks.project import ROOT, ProjectCopy, copy

NOBODY = "--url=http://127.0.0.1:1"
# A stack's life, in turns with all else that can be asked meanwhile; and the exit code of each.
LIFE = {
    "-m operate --help": 0,
    "-m operate upp": 2,
    "-m operate preview": 0,
    "-m operate preview --stack=prod --engine=offline": 0,
    "-m operate outputs": 0,
    "-m operate env --stack=local --engine=inprocess": 1,
    "-m operate up": 0,
    "-m operate env": 0,
    "-m operate verify": 0,
    "-m verify --help": 0,
    "-m verify check": 0,
    "-m verify health": 0,
    "-m verify status": 0,
    "-m verify shell": 0,
    "-m verify faults": 0,
    f"-m verify app {NOBODY}": 1,
    "-m verify capacity --organizations=1000 --engine=redis-7.0": 0,
    "-m operate ci check": 0,
    f"-m operate ci application {NOBODY} --wait=0": 1,
    "-m operate ci plan": 1,
    "-m operate ci comment --pull-request=1": 1,
    "-m operate ci drift": 1,
    "-m operate ci issue": 1,
    "-m operate ci propose rollback": 1,
    "-m operate rotate": 0,
    "-m operate rotate-undo": 0,
    "-m operate rotate-finish": 0,
    "-m operate rollback": 0,
    "-m operate attach": 0,
    "-m operate backup": 0,
    "-m operate backups": 0,
    "-m operate restore --from=nothing": 1,
    "-m operate drill": 0,
    "-m operate capacity --stack=dev": 0,
    "-m operate capacity --organizations=many": 78,
    "-m operate compliance --stack=prod": 1,
    "-m operate permissions --stack=prod": 0,
    # The copy is no clone.
    "-m operate upgrade --version=0.1.0": 1,
    "-m operate docs --check": 1,
    "-m operate down": 0,
    "runner/environment.py --help": 0,
}
# What runs until it is ended, or needs what is fetched from elsewhere: under Ctrl-C alone.
UNENDING = (
    "-m verify serve --port=0",
    "-m verify check --wait=60",
    "-m benchmarks",
    "runner/environment.py --set=development --venv=.venv-other",
)

# Of it the parent learns when our own first line runs: what is before is the start of Python. A process tells it once.
STARTED = """
import contextlib, os, sys
def tell(event, arguments):
    if event == "exec" and getattr(arguments[0], "co_filename", "").endswith("__main__.py"):
        begun()
    elif event == "import" and arguments[0] == "argparse":
        begun()
def begun():
    descriptor = os.environ.pop("TELL_START", None)
    if descriptor is not None:
        with contextlib.suppress(OSError):
            os.write(int(descriptor), b"x")
sys.addaudithook(tell)
"""
# In seconds: most have ended by themselves by then.
LATEST_INTERRUPT = 1.5
COLUMNS = 40

Ended = tuple[int, str]


def project(folder: Path) -> ProjectCopy:
    """Make a copy of the project with all that these verbs read."""
    copy(folder)
    for name in ("docs", "examples", "benchmarks", "requirements"):
        shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)
    shutil.copy(ROOT / "README.md", folder)
    (folder / "docs/costs.md").write_text("stale\n")
    return ProjectCopy(root=folder, engine="inprocess", path="")


def environment(of: ProjectCopy) -> dict[str, str]:
    """Return the variables of a run: the stack's connection among them, once it is up."""
    # No workflow's job: what needs one is refused.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "REDIS_"))}
    connection = {}
    with contextlib.suppress(OSError):
        connection = of.delivered()
    return {**inherited, "ENGINE": "inprocess", "PULUMI_HOME": str(of.root / "home"), **connection}


def logged(run: Callable[[IO[bytes]], int]) -> Ended:
    """Return the exit code of a run and what it printed: into a file, since a server may outlive it."""
    with tempfile.TemporaryFile() as log:
        code = run(log)
        log.seek(0)
        return code, log.read().decode(errors="replace")


def without_a_reader(command: list[str], root: Path, variables: Mapping[str, str]) -> Ended:
    """Run it as in `… | head -0`: what it prints on the way to a person is kept."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        return logged(
            lambda log: (
                subprocess.run(
                    command, cwd=root, env=variables, stdin=subprocess.DEVNULL, stdout=pipe, stderr=log, check=False
                ).returncode
            )
        )


def without_a_reader_of_anything(command: list[str], root: Path, variables: Mapping[str, str]) -> Ended:
    """Run it as in `… 2>&1 | head -0`."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            command, cwd=root, env=variables, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, check=False
        )
    return done.returncode, ""


def without_a_terminal(command: list[str], root: Path, variables: Mapping[str, str]) -> Ended:
    """Run it in a session of its own, with nothing to read from and no TERM."""
    plain = {name: value for name, value in variables.items() if name != "TERM"}
    return logged(
        lambda log: (
            subprocess.run(
                command,
                cwd=root,
                env=plain,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                check=False,
            ).returncode
        )
    )


def in_ascii(command: list[str], root: Path, variables: Mapping[str, str]) -> Ended:
    """Run it in the C locale, which Python would else put right by itself."""
    plain = {name: value for name, value in variables.items() if not name.startswith("LC_")}
    plain |= {"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    return without_a_terminal(command, root, plain)


def in_a_narrow_terminal(command: list[str], root: Path, variables: Mapping[str, str]) -> Ended:
    """Run it in a terminal of 40 columns, with nobody who types."""
    ours, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    printed: list[bytes] = []

    def read() -> None:
        # Linux ends the reading with an error once nobody has the terminal.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 65536):
                printed.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    plain = {name: value for name, value in variables.items() if name != "COLUMNS"}
    # A prompt ends at once: end of file, as Ctrl-D types it.
    os.write(ours, b"\x04")
    done = subprocess.run(
        command,
        cwd=root,
        env={**plain, "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        check=False,
    )
    os.close(terminal)
    reader.join()
    os.close(ours)
    return done.returncode, b"".join(printed).decode(errors="replace")


# In ASCII there is no terminal either.
SURROUNDINGS = (without_a_reader, without_a_reader_of_anything, in_ascii, in_a_narrow_terminal)


def test_every_verb_is_here() -> None:
    """A new one is run here too, or fetches from elsewhere."""
    verbs = [verb for group in cli.GROUPS.values() for verb in group]
    names = {verb.name for verb in verbs if not verb.verbs} | {f"ci {verb.name}" for verb in cli.CI}
    run = {match[1] for line in LIFE if (match := re.match(r"-m operate ((?:ci )?[a-z-]+)", line))}
    assert names - run == {"pulumi", "ci cli"}
    assert {*LIFE.values(), interrupt.INTERRUPTED} <= set(cli.EXIT_CODES)


@pytest.mark.stack
@pytest.mark.long
@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_every_verb_ends_with_its_exit_code(
    surroundings: Callable[[list[str], Path, Mapping[str, str]], Ended], tmp_path: Path
) -> None:
    """And without a traceback, wherever it is run."""
    here = project(tmp_path / "project")
    for line, expected in LIFE.items():
        # Whether its packages are there is another test's: here it is refused for want of them.
        code, printed = surroundings([sys.executable, *line.split()], here.root, environment(here))
        # The verifier is read as a filter is: it does no work beside its answer.
        unread = {141} if surroundings.__name__.startswith("without_a_reader") and "verify" in line else set()
        assert code in {expected, *unread}, (line, printed)
        assert "Traceback" not in printed, (line, printed)
        assert "Error:" not in printed.replace("error:", ""), (line, printed)


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what tells a run's start."""
    folder = tmp_path_factory.mktemp("hook")
    (folder / "sitecustomize.py").write_text(STARTED)
    return folder


@pytest.fixture
def running(tmp_path: Path) -> Iterator[ProjectCopy]:
    """A copy whose stack is up, and is taken down at the end."""
    here = project(tmp_path / "project")
    here.run("up")
    yield here
    # However a run before was cut off.
    here.run("down")
    assert here.servers() == []


# Ten moments of each.
@pytest.mark.long
@pytest.mark.stack
@pytest.mark.timeout(7200)
@pytest.mark.soak(10 * (len(LIFE) + len(UNENDING)))
def test_ctrl_c_ends_every_verb_at_any_moment(soak: Soak, running: ProjectCopy, hook: Path) -> None:
    """With 130, or with its own code where it had ended by then."""
    chance = soak.random()
    lines = [*LIFE, *UNENDING]
    for number in range(soak.cases):
        line, moment = chance.choice(lines), chance.uniform(0, LATEST_INTERRUPT)
        code, printed = interrupted([sys.executable, *line.split()], running, hook, moment)
        case = f"case {number}: {line}, after {moment:.3f} s: {code}\n{printed}"
        # By the system itself, while Python ends: a shell shows 130.
        assert code in {-signal.SIGINT, *cli.EXIT_CODES}, case
        assert line not in UNENDING[:2] or code in {-signal.SIGINT, interrupt.INTERRUPTED}, case
        assert "Traceback" not in printed, case
        assert "Exception ignored" not in printed, case


def interrupted(command: list[str], here: ProjectCopy, hook: Path, moment: float) -> Ended:
    """Run it, and send Ctrl-C to it and all that it started, so many seconds after our first line."""
    reading, writing = os.pipe()
    variables = {**environment(here), "PYTHONPATH": str(hook), "TELL_START": str(writing)}
    if "--wait=60" in command:
        variables |= {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1"}

    def run(log: IO[bytes]) -> int:
        process = subprocess.Popen(
            command,
            cwd=here.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=[writing],
        )
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        time.sleep(moment)
        # As long as it is not waited for, its group is there.
        os.killpg(process.pid, signal.SIGINT)
        return process.wait(60)

    return logged(run)
