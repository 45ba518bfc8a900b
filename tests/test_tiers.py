"""The account that ends each run of the tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiers

SUITE = """
import os
import pytest

def test_unit(): pass

def test_environment_is_clean():
    assert not [name for name in os.environ if name.startswith(("AWS_", "PULUMI_", "REDIS_"))]

@pytest.mark.long
def test_long(): pass

@pytest.mark.stack
def test_stack(): assert False

@pytest.mark.docker
@pytest.mark.skip(reason="no Docker here")
def test_docker(): pass

@pytest.mark.engine
def test_engine(): pass
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Return a project with a few tests of every tier."""
    (tmp_path / "tests").mkdir()
    for name in ("pyproject.toml", "tests/conftest.py", "tests/soak.py", "tests/tiers.py"):
        shutil.copy(Path(__file__).parents[1] / name, tmp_path / name)
    (tmp_path / "tests" / "test_suite.py").write_text(SUITE)
    return tmp_path


def run(suite: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run pytest on a project; return its exit code and its lines."""
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=suite,
        env={"PATH": "/usr/bin:/bin", "REDIS_HOST": "production.example", "AWS_PROFILE": "production"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return finished.returncode, finished.stdout.splitlines()


def test_a_quick_run_says_what_it_left_out(suite: Path) -> None:
    """The quick tiers run, and the others are counted."""
    code, lines = run(suite, "--part", "quick")
    assert code == 1
    assert "unit: 2 ran, 1 left out (make test-all runs them)" in lines
    assert "stack: 1 ran, 1 failed" in lines
    assert "docker: 0 ran, 1 left out (make test-all runs them)" in lines
    assert "engine: 0 ran, 1 left out (make test-all runs them)" in lines


def test_a_long_run_takes_the_rest_and_names_the_reason_of_a_skip(suite: Path) -> None:
    """The rest of make test-all is what make test left out."""
    code, lines = run(suite, "--part", "long")
    assert code == 0
    assert "unit: 1 ran, 2 left out (make test runs them)" in lines
    assert "stack: 0 ran, 1 left out (make test runs them)" in lines
    assert "docker: 0 ran, 1 skipped: no Docker here" in lines
    assert "engine: 1 ran" in lines


def test_a_required_tier_that_was_skipped_fails_the_run(suite: Path) -> None:
    """A pipeline that is there to run the Docker tests must not be green without them."""
    code, lines = run(suite, "--part", "long", "--require", "docker,engine")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "docker: required, and 1 skipped" in lines
    assert not [line for line in lines if line.startswith("engine: required")]


def test_a_required_tier_without_a_test_fails_the_run(suite: Path) -> None:
    """As where a marker was renamed."""
    code, lines = run(suite, "--part", "long", "--require", "engine", "-k", "not engine")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "engine: required, and none ran" in lines


def test_a_required_tier_that_ran_passes(suite: Path) -> None:
    """And one that is not this part's is not asked for: make test-all runs both parts with the same option."""
    assert run(suite, "--part", "long", "--require", "stack,engine")[0] == pytest.ExitCode.OK
    assert run(suite, "--part", "quick", "--require", "unit,engine", "-k", "unit")[0] == pytest.ExitCode.OK
    assert run(suite, "--part", "quick", "--require", "", "-k", "unit")[0] == pytest.ExitCode.OK


def test_a_tier_that_does_not_exist_cannot_be_required(suite: Path) -> None:
    """A slip of the pen would require nothing."""
    assert run(suite, "--require", "dockr")[0] == pytest.ExitCode.USAGE_ERROR


def test_a_file_that_does_not_load_fails_the_run_and_one_that_is_skipped_says_why(suite: Path) -> None:
    """What has no tier for want of tests is not lost from the account."""
    (suite / "tests" / "test_broken.py").write_text("import no_such_module\n")
    (suite / "tests" / "test_left.py").write_text("import pytest\npytest.skip('too old', allow_module_level=True)\n")
    code, lines = run(suite, "--continue-on-collection-errors")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "whole files: 1 ran, 1 failed, 1 skipped: too old" in lines


def test_no_tests_are_an_error(suite: Path) -> None:
    """A selection that matches nothing is not a success."""
    assert run(suite, "-k", "no_such_test")[0] == pytest.ExitCode.NO_TESTS_COLLECTED


def test_the_two_parts_are_the_whole() -> None:
    """No test is in neither part or in both."""
    for markers in ([], ["unit"], ["stack"], ["docker"], ["engine"], ["long"], ["long", "stack"]):
        assert tiers.is_taken("quick", markers) != tiers.is_taken("long", markers)
        assert tiers.is_taken("all", markers)


def test_a_test_of_two_tiers_is_refused() -> None:
    """A test is counted once."""
    with pytest.raises(ValueError, match="not docker and engine"):
        tiers.tier_of(["engine", "docker"])
