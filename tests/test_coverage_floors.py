"""The floors under the share of lines that the tests run: what falls below one fails, and none is ever lowered."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests import coverage_floors
from tests.coverage_floors import FLOORS, ROOT

PACKAGES = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["run"]["source_pkgs"])


def report(folder: Path, **lines: tuple[int, int]) -> Path:
    """Write what `coverage json` writes, for one file of each package: its lines, and how many were run."""
    files = {
        f"{package}/file.py": {"summary": {"num_statements": count, "covered_lines": run, "missing_lines": count - run}}
        for package, (count, run) in lines.items()
    }
    file = folder / "report.json"
    file.write_text(json.dumps({"meta": {"format": 3}, "files": files}))
    return file


@pytest.fixture
def floors(tmp_path: Path) -> Path:
    """Floors of two packages."""
    file = tmp_path / "floors.toml"
    file.write_text("# Kept.\ninfra = 90\nverify = 80\n")
    return file


def run(floors: Path, report: Path, *options: str) -> int:
    """Run the command."""
    return coverage_floors.main([f"--floors={floors}", f"--report={report}", *options])


def test_a_package_below_its_floor_fails_and_its_files_are_named(
    floors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also when the other is far above."""
    assert run(floors, report(tmp_path, infra=(1000, 899), verify=(100, 100))) == 1
    printed = capsys.readouterr()
    assert printed.err.strip() == "infra: 89.9 percent, and its floor is 90; lines not run: infra/file.py (101)"
    assert "verify       100.0 percent, floor 80" in printed.out
    assert run(floors, report(tmp_path, infra=(1000, 900), verify=(100, 100))) == 0


def test_floors_are_raised_to_whole_percents_and_never_lowered(floors: Path, tmp_path: Path) -> None:
    """A run below a floor fails all the same."""
    assert run(floors, report(tmp_path, infra=(1000, 957), verify=(100, 79)), "--raise") == 1
    assert floors.read_text() == "# Kept.\ninfra = 95\nverify = 80\n"


@pytest.mark.parametrize("lines", [{"infra": (10, 10)}, {"infra": (10, 10), "verify": (10, 0)}])
def test_a_package_of_which_nothing_was_measured_fails(
    floors: Path, tmp_path: Path, lines: dict[str, tuple[int, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    """A package that was renamed would else have no floor."""
    assert run(floors, report(tmp_path, **lines)) == 1
    assert "verify: nothing was measured: make coverage" in capsys.readouterr().err


def test_a_report_that_is_not_there_fails(floors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody ran the tests."""
    assert run(floors, tmp_path / "none.json") == 1
    assert "make coverage" in capsys.readouterr().err


def test_every_package_that_is_measured_has_a_floor() -> None:
    """And above nothing."""
    floors = tomllib.loads(FLOORS.read_text())
    assert floors.keys() == PACKAGES
    assert all(0 < floor <= 100 for floor in floors.values())


def test_no_floor_is_lower_than_it_ever_was() -> None:
    """In the history that this clone has; a copy without one begins with what is written."""
    name = FLOORS.relative_to(ROOT).as_posix()

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout

    now = tomllib.loads(FLOORS.read_text())
    for commit in git("log", "--format=%H", "--", name).split():
        before = tomllib.loads(git("show", f"{commit}:{name}"))
        assert not {package: floor for package, floor in before.items() if now.get(package, 0) < floor}


def test_a_process_that_a_test_starts_is_counted(tmp_path: Path) -> None:
    """In another folder, as `make coverage` measures: by the settings of pyproject.toml."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "__init__.py").write_text("NUMBER = 1\n")
    start = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import infra'], cwd=sys.argv[1], check=True)"
    )
    (tmp_path / "start.py").write_text(start)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    copy = tmp_path / "copy"
    (copy / "infra").mkdir(parents=True)
    (copy / "infra" / "__init__.py").write_text("NUMBER = 1\n")

    def coverage(*arguments: str | Path) -> str:
        command = [sys.executable, "-m", "coverage", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    (tmp_path / ".local" / "coverage").mkdir(parents=True)
    coverage("run", "start.py", copy)
    coverage("combine", "--quiet")
    assert "infra/__init__.py" in coverage("report", "--include=infra/*")
    assert "100%" in coverage("report", "--include=infra/*")
