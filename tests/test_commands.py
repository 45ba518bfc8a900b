"""What every command of ours has in common."""

import importlib
import os
import runpy
import subprocess
import sys
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


@pytest.mark.parametrize("module", ["benchmarks", "compliance", "operate.permissions"])
def test_an_interrupt_at_work_is_no_traceback(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the commands that have nothing to say of it: they leave nothing half done."""

    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module(f"{module}.command"), "main", interrupted)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__")
    assert ended.value.code == 130
