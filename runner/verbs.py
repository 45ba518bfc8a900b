"""What can be done with a stack, whichever engine runs it."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from runner import engines, environment, private_file
from runner.engines import Choice, InProcess, PulumiCommand
from runner.project import LOCAL_STACK, Project, ProjectError
from runner.pulumi_cli import CliStack


class Stack(Protocol):
    """What both engines offer."""

    def up(self) -> int:
        """Bring the stack to what its program declares; give the exit code."""

    def preview(self) -> int:
        """Show what `up` would do; give the exit code."""

    def destroy(self) -> int:
        """Delete everything; give the exit code."""

    def outputs(self, *, show_secrets: bool = True) -> dict[str, Any]:
        """Give the outputs; without `show_secrets`, "[secret]" in the place of each."""

    def resources(self) -> list[str]:
        """Name what `destroy` would delete."""


def choose(project: Project, stack: str, choice: Choice, say: Callable[[str], None]) -> Stack:
    """Find the engine that runs a stack. Raises `ProjectError`."""
    packages = " and ".join(environment.sets_of_stack(project.root, stack))
    # A set of packages of its own means resources that only their plugins can make.
    if packages and choice == "inprocess":
        raise ProjectError(
            f"stack {stack} has resources of {packages}, which the in-process engine cannot serve: leave ENGINE away"
        )
    engine = _without_login(stack, packages, choice) or engines.find(project, stack, choice, say)
    if isinstance(engine, PulumiCommand):
        return CliStack(project=project, stack=stack, command=engine, say=say)
    if project.cli_state_has_resources(stack):
        raise ProjectError(
            f"stack {stack} was brought up by the Pulumi CLI, and is its: put it on PATH, or make pulumi"
        )
    if packages:
        raise ProjectError(
            f"stack {stack} has resources of {packages}, which need the Pulumi CLI ({engine.because}); to install it: "
            "make pulumi"
        )
    # Imported late, with the SDK, which takes a second and which a run of the CLI does not need.
    from runner.inprocess.operations import InProcessStack

    return InProcessStack(project=project, stack=stack, because=engine.because, say=say)


def _without_login(stack: str, packages: str, choice: Choice) -> InProcess | None:
    """Choose the in-process engine for a stack that it can serve and that has no other place for its state.

    Only `local` is kept by the CLI without a login. So that two API keys are all that Redis Cloud needs, nobody has to
    have a Pulumi account first, or to wait for the CLI.
    """
    if choice != "auto" or stack == LOCAL_STACK or packages or engines.is_logged_in():
        return None
    return InProcess(f"nobody is logged in to Pulumi; to keep the state there: pulumi login, pulumi stack init {stack}")


def install_pulumi(project: Project, say: Callable[[str], None]) -> int:
    """Install the Pulumi CLI into the project, whatever an earlier try came to."""
    found = engines.present(project, say) or engines.install(project, say, force=True)
    if isinstance(found, PulumiCommand):
        say(f"Pulumi {found.version}: {found.path}")
        return 0
    say(f"error: the Pulumi CLI could not be installed: {found.reason}")
    return 1


def take_down(stack: Stack, name: str, confirmation: str) -> int:
    """Delete a stack; outside `local` only once its name was given again. Raises `ProjectError`."""
    if name != LOCAL_STACK:
        resources = stack.resources()
        if not resources:
            print(f"stack {name} has no resources")
            return 0
        print(f"This deletes, with all data in it, what stack {name} declared:")
        for resource in resources:
            print(f"  - {resource}")
        if (confirmation or _asked("The stack's name, to go on: ")) != name:
            raise ProjectError(
                f"nothing was deleted: the name given is not {name}; in a pipeline: "
                f"make down STACK={name} CONFIRM={name}"
            )
    return stack.destroy()


def print_outputs(stack: Stack) -> int:
    """Print the outputs as JSON, secrets masked."""
    print(json.dumps(stack.outputs(show_secrets=False), indent=2, sort_keys=True))
    return 0


def print_environment(stack: Stack, name: str) -> int:
    """Print the REDIS_* variables as lines that a POSIX shell evaluates."""
    for variable, value in sorted(_connection(stack, name).items()):
        print(f"export {variable}={shlex.quote(value)}")
    return 0


def verify(project: Project, stack: Stack, name: str) -> int:
    """Run the verification from here, against what the stack asked for; give its exit code."""
    outputs = stack.outputs()
    connection = _connection(stack, name)
    if not connection.get("REDIS_HOST"):
        print(f"stack {name} has no cache to prove: the application uses its own memory")
        return 0
    if outputs.get("verifiedFrom", "here") != "here":
        raise ProjectError(
            f"the cache of stack {name} is proved from inside its network ({outputs['verifiedFrom']}), which an `up` "
            f"does: make up STACK={name}"
        )
    expectation = project.local / "expectations" / f"{name}.json"
    private_file.write(expectation, json.dumps(outputs.get("expectation", {})))
    code = subprocess.run(
        [sys.executable, "-m", "verify", "check", "--expect", str(expectation)],
        cwd=project.root,
        # The user's own REDIS_* variables must not mix with the stack's.
        env={key: value for key, value in os.environ.items() if not key.startswith("REDIS_")} | dict(connection),
        check=False,
    ).returncode
    if code and "repair" in outputs:
        print(outputs["repair"])
    return code


def require_up(stack: Stack, name: str) -> Mapping[str, Any]:
    """Give the outputs of a stack that is up. Raises `ProjectError` for one that is not."""
    outputs = stack.outputs()
    if not isinstance(outputs.get("connection"), Mapping):
        raise ProjectError(f"stack {name} is not up: make up STACK={name}")
    return outputs


def _connection(stack: Stack, name: str) -> Mapping[str, str]:
    connection: Mapping[str, str] = require_up(stack, name)["connection"]
    return connection


def _asked(question: str) -> str:
    try:
        return input(question)
    except EOFError:
        return ""
