"""What every command of ours has in common."""

import importlib
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(path.parent.relative_to(ROOT).parts)
    for package in ("benchmarks", "compliance", "operate", "runner", "verify")
    for path in (ROOT / package).rglob("__main__.py")
)


@pytest.mark.parametrize(
    "command", [["runner/environment.py"], *(["-m", module] for module in MODULES)], ids=lambda words: words[-1]
)
def test_an_interrupt_during_the_imports_is_no_traceback(tmp_path: Path, command: Sequence[str]) -> None:
    """Somebody thought better of it: nothing was begun, and there is nothing to say."""
    # Each command imports one of them.
    for name in ("argparse", "redis"):
        (tmp_path / f"{name}.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("module", ["benchmarks"])
def test_an_interrupt_at_work_is_no_traceback(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the commands that have nothing to say of it: they leave nothing half done."""

    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module(f"{module}.command"), "main", interrupted)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__")
    assert ended.value.code == 130


# In a locale that has no more than ASCII, which Python would else put right by itself.
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

COMMANDS = [
    ["runner/environment.py", "--help"],
    ["-m", "operate", "compliance", "--help"],
    ["-m", "operate", "capacity", "--organizations=1000", "--stack=dev"],
    ["-m", "operate", "--help"],
    ["-m", "operate", "rotate", "--stack=nosuch"],
    ["-m", "operate", "permissions", "--stack=local"],
    ["-m", "operate", "ci", "--help"],
    ["-m", "operate", "outputs", "--stack=local", "--engine=inprocess"],
    ["-m", "operate", "outputs", f"--stack={'long' * 1000}"],
    ["-m", "operate", "outputs", "--stack=../up"],
    ["-m", "operate", "outputs", "--stack=\udcff"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words)[:60].replace("\udcff", "bytes"))
def test_no_command_ends_in_a_traceback_where_nobody_reads_it_or_for_ascii(command: Sequence[str]) -> None:
    """`… 2>&1 | head -1` ends as without it, and without a word of its own."""
    environment = {**os.environ, **ASCII}
    read = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert b"Traceback" not in read.stderr
    assert b"UnicodeEncodeError" not in read.stderr
    assert read.stdout + read.stderr
    reading, writing = os.pipe()
    os.close(reading)
    with tempfile.TemporaryFile() as errors:
        unread = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environment, stdout=writing, stderr=errors, check=False
        )
        os.close(writing)
        errors.seek(0)
        assert (unread.returncode, errors.read()) == (read.returncode, read.stderr)
