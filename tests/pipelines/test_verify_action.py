"""The action .github/actions/verify, as a runner of GitHub's runs it in somebody else's repository."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.servers import RedisServer, new_password
from tests.pipelines.workflows import ROOT, load

FOLDER = ROOT / ".github" / "actions" / "verify"
ACTION = load((FOLDER / "action.yml").read_text())
STEPS: dict[str, dict[str, Any]] = {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}
DEFAULTS = {name: given.get("default", "") for name, given in ACTION["inputs"].items()}


class Runner:
    """A job's machine: its temporary folder, its workspace with the caller's files, and the steps' outputs."""

    def __init__(self, folder: Path) -> None:
        """Make a workspace whose own `verify` would stand in the way of a command that looks there."""
        self.temp, self.workspace, self.output = folder / "temp", folder / "workspace", folder / "output"
        self.temp.mkdir()
        (self.workspace / "verify").mkdir(parents=True)
        (self.workspace / "verify" / "__init__.py").write_text("raise RuntimeError('not this one')\n")
        self.output.touch()

    def run(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run one step with its environment, the action's inputs put in."""
        values = {
            **{f"inputs.{input_}": value for input_, value in {**DEFAULTS, **inputs}.items()},
            "runner.temp": str(self.temp),
            "steps.python.outputs.python-path": sys.executable,
        }
        given: Mapping[str, str] = STEPS[name]["env"]
        return subprocess.run(
            # https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax: shell: bash
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]],
            cwd=self.workspace,
            env={
                **os.environ,
                "GITHUB_ACTION_PATH": str(FOLDER),
                "GITHUB_OUTPUT": str(self.output),
                **{
                    key: re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values[found[1]], text)
                    for key, text in given.items()
                },
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def report(self) -> str:
        """Read the file that the last run named as its report."""
        name, _, file = self.output.read_text().splitlines()[-1].partition("=")
        assert name == "report"
        return Path(file).read_text()


def test_every_input_reaches_a_step() -> None:
    """One that was forgotten would be taken and change nothing."""
    used = set(re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"])))
    assert used == set(ACTION["inputs"])


def test_no_input_is_read_as_a_command() -> None:
    """They are environment variables, quoted, and the password is in no argument list."""
    assert not [name for name, step in STEPS.items() if "${{" in step["run"]]
    assert "PASSWORD" not in STEPS["Prove the cache"]["run"]


@pytest.mark.long
def test_its_steps_prove_a_cache_and_refuse_a_wrong_one(tmp_path: Path) -> None:
    """Installed once; then the right password, a wrong one, what was expected, and no server at all."""
    runner = Runner(tmp_path)
    installed = runner.run("Install the verifier")
    assert installed.returncode == 0, installed.stdout + installed.stderr

    with RedisServer(tmp_path / "server", password=new_password()) as server:
        password = server.variables["REDIS_PASSWORD"]
        reached = {"host": server.variables["REDIS_HOST"], "port": server.variables["REDIS_PORT"], "wait": "0"}
        proved = runner.run("Prove the cache", **reached, password=password)
        assert proved.returncode == 0, proved.stdout + proved.stderr
        assert "passed" in proved.stdout
        assert runner.report() == proved.stdout

        refused = runner.run("Prove the cache", **reached, password="hunter2-hunter2", format="json")
        assert refused.returncode == 1
        assert json.loads(runner.report())["verdict"] == "failed"
        assert "hunter2" not in refused.stdout + refused.stderr

        (runner.workspace / "expected.json").write_text(json.dumps({"tls": True}))
        expected = runner.run("Prove the cache", **reached, password=password, expect="expected.json")
        assert expected.returncode == 1
        assert "REDIS_USE_TLS=true" in expected.stdout

    assert runner.run("Prove the cache", **{**reached, "wait": "1"}, password=password).returncode == 3
    assert runner.run("Prove the cache", **{**reached, "port": "none"}).returncode == 78
