"""A copy of the project in a folder of its own, run as a user runs it: by the runner, in a process."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from tests.processes import living

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (
    "__main__.py",
    "infra",
    "verify",
    "runner",
    "offline",
    "operate",
    "compliance",
    "workloads",
    "Pulumi.yaml",
    "requirements.txt",
)
STACKS = ("local", "dev", "staging", "prod", "rediscloud")


def copy(folder: Path) -> None:
    """Copy what a run needs. The environment of the tests serves as the project's."""
    folder.mkdir(exist_ok=True)
    for name in (*PROGRAM, *(f"Pulumi.{stack}.yaml" for stack in STACKS)):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(sys.prefix)


@dataclass(frozen=True)
class Result:
    """What a run printed and how it ended."""

    code: int
    printed: str


@dataclass(frozen=True, kw_only=True)
class ProjectCopy:
    """The project's copy, and the engine that runs it. `path` goes first on the PATH of every run."""

    root: Path
    engine: str
    path: str

    def run(self, *arguments: str, code: int | None = 0, **variables: str) -> Result:
        """Run a verb; assert its exit code, unless that is None."""
        done = subprocess.run(
            self._command(arguments),
            cwd=self.root,
            env=self._environment(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout
        return Result(done.returncode, done.stdout)

    def killed(
        self,
        *arguments: str,
        when: Callable[[], bool],
        may_end: bool = False,
        by: Sequence[signal.Signals] = (signal.SIGKILL,),
        **variables: str,
    ) -> Result:
        """Start a verb and kill it, with every process of its group, as soon as `when` holds.

        `by` are signals a moment apart, as a terminal sends them. Fails where the verb ends by itself before, unless it
        `may_end`.
        """
        log = self.root.parent / "killed.log"
        with log.open("w") as stream:
            process = subprocess.Popen(
                self._command(arguments),
                cwd=self.root,
                env=self._environment(variables),
                stdout=stream,
                stderr=stream,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        while not when():
            if process.poll() is not None:
                assert may_end, log.read_text()
                return Result(process.returncode, log.read_text())
            time.sleep(0.002)
        for each in by:
            if process.returncode is None:
                os.killpg(process.pid, each)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1 if len(by) > 1 else None)
        return Result(process.wait(), log.read_text())

    def configure(self, **values: object) -> None:
        """Rewrite the local stack's file."""
        lines = [f"  cache:{key}: {json.dumps(value)}" for key, value in {"backend": "local", **values}.items()]
        (self.root / "Pulumi.local.yaml").write_text("\n".join(["config:", *lines, ""]))

    @property
    def dotenv(self) -> Path:
        """The file of the local stack's sink."""
        return self.root / ".local" / "local.env"

    def delivered(self) -> dict[str, str]:
        """Return what the sink's file says, read as a shell would."""
        lines = shlex.split(self.dotenv.read_text())
        return dict(line.split("=", 1) for line in lines)

    def variables(self) -> dict[str, str]:
        """Return the stack's REDIS_* variables, read as a shell would read `make env`."""
        lines = self.run("env").printed.splitlines()
        exports = [shlex.split(line)[1] for line in lines if line.startswith("export ")]
        return dict(export.split("=", 1) for export in exports)

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets masked."""
        printed = self.run("outputs").printed
        outputs: dict[str, Any] = json.loads(printed[printed.index("{") :])
        return outputs

    def client(self) -> redis.Redis:
        """Connect to the stack's server."""
        variables = self.variables()
        return redis.Redis(
            host=variables["REDIS_HOST"],
            port=int(variables["REDIS_PORT"]),
            password=variables["REDIS_PASSWORD"],
            decode_responses=True,
        )

    @property
    def server_folder(self) -> Path:
        """Where the local stack's server lives."""
        return self.root / ".local" / "servers" / "local"

    def server_pid(self) -> int | None:
        """Return the process of the server, if it wrote one down."""
        try:
            return int((self.server_folder / "server.pid").read_text())
        except (OSError, ValueError):
            return None

    def servers(self) -> list[int]:
        """Return the processes of all servers that were started from this copy."""
        return [
            process.number
            for process in living()
            if (folder := process.folder) is not None and self.server_folder in (folder, folder.parent)
        ]

    def hosts(self) -> list[str]:
        """Name the hosts of Pulumi's language and plugins that run for this copy."""
        return [
            arguments.split()[0]
            for process in living()
            if "pulumi-" in (arguments := process.arguments)
            and f"PULUMI_BACKEND_URL=file://{self.root}/.local/state" in process.environment
        ]

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "operate", *arguments, "--engine", self.engine]

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        # Without it every run would compile the copy again.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**inherited, "PATH": f"{self.path}{os.pathsep}{os.environ['PATH']}", **variables}
