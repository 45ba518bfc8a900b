"""What a command does where its output cannot be written: nobody reads it, the disk is full, a character is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from semver import VersionInfo

from runner.backend_facts import BackendFacts
from runner.engines import PulumiCommand
from runner.project import Project
from runner.pulumi_cli import CliStack

ROOT = Path(__file__).resolve().parents[2]

# Prints far more than a pipe holds, has a child print, and ends its work with a file.
WORK = """
import subprocess, sys
from pathlib import Path
from runner import output

def main():
    for number in range(20_000):
        print("a line of output", number)
    print("a line of errors", file=sys.stderr)
    subprocess.run(["sh", "-c", "echo of a child || exit 9"], check=True)
    Path(sys.argv[1]).write_text("done")
    return 7

sys.exit(output.run(main))
"""


def gone() -> int:
    """Return the writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def work(file: Path, stdout: int, stderr: int = subprocess.PIPE, **variables: str) -> subprocess.CompletedProcess[str]:
    """Do the work with such an output."""
    return subprocess.run(
        [sys.executable, "-c", WORK, file],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=stdout,
        stderr=stderr,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("buffering", ["", "1"])
def test_work_is_done_to_its_end_where_nobody_reads(tmp_path: Path, buffering: str, *, both: bool) -> None:
    """`… | head -1`, and `… 2>&1 | head -1`: with the command's own exit code, and in silence."""
    pipe = gone()
    done = work(tmp_path / "file", pipe, pipe if both else subprocess.PIPE, PYTHONUNBUFFERED=buffering)
    os.close(pipe)
    assert (tmp_path / "file").read_text() == "done"
    assert done.returncode == 7
    assert done.stderr in {None, "a line of errors\n"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this machine has no /dev/full")
def test_a_full_disk_is_told_after_the_work() -> None:
    """The output is not there, and nobody else would say so: of a command that would succeed it is the failure."""
    program = "import sys; from runner import output; sys.exit(output.run(lambda: print('an answer')))"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "error: not all output could be written: No space left on device\n"


def test_a_closed_output_is_not_the_number_of_a_file(tmp_path: Path) -> None:
    """`>&-`: else what the command prints would stand in the next file that it opens."""
    program = f"""
import os, sys
from runner import output
def main():
    with open({str(tmp_path / "file")!r}, "w") as file:
        os.write(1, b"printed")
sys.exit(output.run(main))
"""
    done = subprocess.run(["sh", "-c", 'exec "$0" -c "$1" >&- 2>&-', sys.executable, program], cwd=ROOT, check=False)
    assert done.returncode == 0
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_character_that_the_terminal_does_not_have_is_its_number(encoding: str) -> None:
    """A Latin-1 terminal has no ellipsis, and the C locale no accents."""
    program = "import sys; from runner import output; sys.exit(output.run(lambda: print('é …')))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert done.stdout == "é …\n".encode(encoding, "backslashreplace")


@pytest.mark.parametrize(("given", "made"), [(0o000, 0o644), (0o002, 0o644), (0o077, 0o600)])
def test_no_file_is_writable_for_others(tmp_path: Path, given: int, made: int) -> None:
    """Whatever umask the command is started with; one that is stricter stays."""
    subprocess.run(
        [sys.executable, "-c", WORK, tmp_path / "file"],
        cwd=ROOT,
        umask=given,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    assert (tmp_path / "file").stat().st_mode & 0o777 == made


def run_cli(tmp_path: Path, script: str, stdout: int) -> subprocess.CompletedProcess[bytes]:
    """Have a stack of the CLI run a script as Pulumi."""
    cli = tmp_path / "pulumi"
    cli.write_text(f"#!/bin/sh\n{script}\n")
    cli.chmod(0o755)
    program = f"""
import sys
from pathlib import Path
from runner import output
from tests.runner.test_output import stack
sys.exit(output.run(lambda: stack(Path({str(tmp_path)!r}))._run("up")))
"""
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, check=False)


def stack(folder: Path) -> CliStack:
    """Return a stack of a CLI in a folder."""
    command = PulumiCommand(path=folder / "pulumi", version=VersionInfo(3, 272, 0))
    facts = BackendFacts(is_on_this_machine=False, is_served_in_process=False)
    return CliStack(
        project=Project(folder), stack="dev", command=command, say=print, facts=facts, is_kept_in_project=False
    )


def test_pulumi_ends_its_run_where_nobody_reads(tmp_path: Path) -> None:
    """It would be killed by its first line, in the middle of what it does."""
    pipe = gone()
    script = f"echo one; echo two; echo done > {tmp_path}/file; exit 5"
    done = run_cli(tmp_path, script, pipe)
    os.close(pipe)
    assert (done.returncode, done.stderr) == (5, b"")
    assert (tmp_path / "file").read_text() == "done\n"


def test_what_pulumi_prints_is_printed_as_it_is(tmp_path: Path) -> None:
    """Byte by byte, also where it is no text."""
    done = run_cli(tmp_path, r"printf 'one\ntwo \377'; exit 5", subprocess.PIPE)
    assert (done.returncode, done.stdout) == (5, b"one\ntwo \377")
