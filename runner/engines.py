"""Which engine runs a stack: the Pulumi CLI where there is one or one can be had, else the in-process engine."""

import importlib.metadata
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from semver import VersionInfo

from runner import package_sources, pulumi_install
from runner.project import Project, ProjectError
from runner.pulumi_install import GaveUp

Choice = Literal["auto", "pulumi", "inprocess"]

# The first with pulumi.run in its SDK; the tests ran against 3.260.
MINIMUM_CLI: Final = VersionInfo(3, 254, 0)

VERSION_SECONDS: Final = 20


@dataclass(frozen=True, kw_only=True)
class PulumiCommand:
    """A Pulumi CLI that can be run."""

    path: Path
    version: VersionInfo


class NotReachable(ProjectError):
    """Pulumi, or the state that it keeps, cannot be reached from this machine; the message has the commands."""

    def __init__(self, because: str, cure: str) -> None:
        """Keep the reason apart, for a preview that goes on without."""
        super().__init__(f"{because}: {cure}")
        self.because = because


@dataclass(frozen=True)
class InProcess:
    """The in-process engine runs, and why."""

    because: str


def find(project: Project, stack: str, choice: Choice, say: Callable[[str], None]) -> PulumiCommand | InProcess:
    """Find the CLI, installing it where there is none, or say why the in-process engine runs instead.

    A stack that the in-process engine brought up stays with it until it is taken down. Raises `ProjectError` where the
    choice is `pulumi` and there is none to be had.
    """
    if choice == "inprocess":
        return InProcess("ENGINE=inprocess")
    if choice == "auto" and project.inprocess_state(stack).exists():
        return InProcess("which brought this stack up; to change: make down first")
    found = present(project, say)
    if found is not None:
        return found
    installed = install(project, say, force=choice == "pulumi")
    if isinstance(installed, PulumiCommand):
        return installed
    if choice == "pulumi":
        raise ProjectError(
            f"ENGINE=pulumi, and there is no Pulumi CLI {MINIMUM_CLI} or later: {installed.reason}; install it from "
            "https://www.pulumi.com/docs/install and put it on PATH"
        )
    return InProcess(f"the Pulumi CLI could not be installed: {installed.reason}")


def is_logged_in(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether the user has a Pulumi backend of their own, by the environment or by `pulumi login`."""
    if environment.get("PULUMI_BACKEND_URL") or environment.get("PULUMI_ACCESS_TOKEN"):
        return True
    home = Path(environment.get("PULUMI_HOME") or package_sources.home() / ".pulumi")
    try:
        return bool(json.loads((home / "credentials.json").read_text(encoding="utf-8")).get("current"))
    except (OSError, ValueError, AttributeError):
        return False


def present(project: Project, say: Callable[[str], None]) -> PulumiCommand | None:
    """Find the CLI on PATH, else the one that an earlier run installed."""
    on_path = shutil.which("pulumi")
    if on_path is not None:
        command = _probe(Path(on_path))
        if command is not None and command.version >= MINIMUM_CLI:
            return command
        known = command.version if command else "which does not say its version"
        say(f"{on_path} is Pulumi {known}; this project needs {MINIMUM_CLI} or later, so it is left alone")
    own = [_probe(path) for path in sorted((project.local / "pulumi").glob("*/bin/pulumi"))]
    usable = [command for command in own if command is not None and command.version >= MINIMUM_CLI]
    return max(usable, key=lambda command: command.version, default=None)


def install(project: Project, say: Callable[[str], None], *, force: bool) -> PulumiCommand | GaveUp:
    """Install the CLI of the SDK's version into the project. With `force`, an earlier failure is not remembered."""
    version = importlib.metadata.version("pulumi")
    result = pulumi_install.install(project.local / "pulumi", version, force=force, announce=say)
    if isinstance(result, GaveUp):
        return result
    command = _probe(result)
    if command is None:
        raise ProjectError(f"{result} was installed and does not run; remove {project.local / 'pulumi'} and try again")
    return command


def _probe(path: Path) -> PulumiCommand | None:
    try:
        answer = subprocess.run(
            [path, "version"],
            capture_output=True,
            text=True,
            timeout=VERSION_SECONDS,
            check=True,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        ).stdout
        return PulumiCommand(path=path, version=VersionInfo.parse(answer.strip().removeprefix("v")))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
