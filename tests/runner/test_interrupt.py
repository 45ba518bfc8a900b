"""Ctrl-C where Python makes something else of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from runner import interrupt
from tests.stacks.project import ROOT

# Each is interrupted by itself: in a destructor, in a class's body, and while Python ends.
LOST = """
class Ended:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)
def main():
    ended = Ended()
    del ended
    time.sleep(60)
"""
WRAPPED = """
class Named:
    def __set_name__(self, owner, name):
        signal.raise_signal(signal.SIGINT)
def main():
    class Body:
        named = Named()
"""
REPLACED = """
def main():
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt as error:
        words = str(error)
    raise ValueError(words)
"""
AT_THE_END = """
def main():
    atexit.register(lambda: signal.raise_signal(signal.SIGINT))
"""


def ended(work: str) -> tuple[int, str]:
    """Run it as a command; return its exit code and all that it printed."""
    script = f"import atexit, signal, time\nfrom runner import output\n{work}\noutput.run_and_exit(main)\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("work", [LOST, WRAPPED, REPLACED])
def test_what_python_makes_of_it_ends_the_command_too(work: str) -> None:
    """With 130, and in silence."""
    assert ended(work) == (interrupt.INTERRUPTED, "")


def test_while_python_ends_the_system_ends_it() -> None:
    """A shell shows that as 130; Python's own handler would print a traceback."""
    assert ended(AT_THE_END) == (-2, "")


def test_another_error_is_an_error() -> None:
    """A fault of ours is not hidden."""
    code, printed = ended("def main():\n    raise ValueError('ours')")
    assert code == 1
    assert "ValueError: ours" in printed


def test_what_a_shell_has_ignore_it_goes_on() -> None:
    """As a job that was started with `&`: the Ctrl-C at the terminal is meant for another."""
    script = "import signal\nfrom runner import output\n"
    script += "output.run_and_exit(lambda: signal.raise_signal(signal.SIGINT))\n"
    command = [sys.executable, "-c", script]
    done = subprocess.run(["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command], cwd=ROOT, check=False)
    assert done.returncode == 0
