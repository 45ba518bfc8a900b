import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from runner.attempt import reported

ROOT = Path(__file__).resolve().parents[2]


def test_a_missing_package_is_said_with_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    """As in an environment that was made for another stack: no traceback."""

    def act() -> int:
        importlib.import_module("pulumi_of_nobody")
        return 0

    assert reported(act) == 1
    assert capsys.readouterr().err == ("error: No module named 'pulumi_of_nobody': make install, with the same STACK\n")


def test_an_empty_stack_is_said_to_be_empty() -> None:
    """As a variable of a pipeline that is not set gives it."""
    done = subprocess.run(
        [sys.executable, "-m", "operate", "outputs", "--stack="], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: STACK is empty; there is: dev, local, prod,")
