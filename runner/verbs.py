"""What can be done with a stack, whichever engine runs it."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from runner import confirmation, engines, private_file
from runner.attempt import say
from runner.backend_facts import BackendFacts
from runner.engines import Choice, NotReachable, PulumiCommand
from runner.project import LOCAL_STACK, Project, ProjectError
from runner.pulumi_cli import CliStack


class Stack(Protocol):
    """What both engines offer."""

    def up(self) -> int:
        """Bring the stack to what its program declares; return the exit code."""

    def preview(self) -> int:
        """Show what `up` would do; return the exit code."""

    def destroy(self) -> int:
        """Delete everything; return the exit code."""

    def outputs(self, *, show_secrets: bool = True) -> dict[str, Any]:
        """Return the outputs; without `show_secrets`, "[secret]" in the place of each."""

    def resources(self) -> list[str]:
        """Name what `destroy` would delete."""


def choose(project: Project, stack: str, choice: Choice, facts: BackendFacts, *, only_leaving: bool = False) -> Stack:
    """Find the engine that runs a stack, and where its state is kept. Raises `ProjectError`.

    A stack stays with the engine and the state that brought it up. `only_leaving` is for what changes nothing but to
    take it down: there the in-process engine also serves a stack that it brought up in an earlier release.
    """
    brought_up_in_process = project.inprocess_state(stack).exists()
    if not facts.is_served_in_process and (choice == "inprocess" or brought_up_in_process):
        if only_leaving and brought_up_in_process:
            return _in_process(project, stack, "which brought this stack up", facts)
        raise ProjectError(_not_served(stack, brought_up=brought_up_in_process))
    in_project = is_kept_in_project(project, stack, facts)
    if not in_project and not engines.is_logged_in() and choice != "inprocess":
        raise NotReachable(
            "nobody is logged in to Pulumi",
            f"it would keep the state of stack {stack}, which is not of this machine alone\n"
            f"      pulumi login, then pulumi stack init {stack}  (docs/state.md compares the places for it)",
        )
    engine = engines.find(project, stack, choice, say)
    if isinstance(engine, PulumiCommand):
        return CliStack(
            project=project, stack=stack, command=engine, say=say, facts=facts, is_kept_in_project=in_project
        )
    if project.cli_state_has_resources(stack):
        raise ProjectError(
            f"stack {stack} was brought up by the Pulumi CLI, and is its: put it on PATH, or make pulumi"
        )
    if not facts.is_served_in_process:
        raise NotReachable(
            f"stack {stack} has resources of {facts.packages}, which need the Pulumi CLI ({engine.because})",
            "to install it: make pulumi",
        )
    return _in_process(project, stack, engine.because, facts)


def is_kept_in_project(project: Project, stack: str, facts: BackendFacts) -> bool:
    """Whether the state of a stack is kept in `.local/`: of this machine's own stacks, where nobody is logged in.

    A pipeline's stack is not, but for `local`: its state would end with the job.
    """
    if stack == LOCAL_STACK or project.cli_state_has_resources(stack):
        return True
    if not facts.is_on_this_machine or engines.is_logged_in():
        return False
    return facts.is_served_in_process or not confirmation.is_pipeline()


def _in_process(project: Project, stack: str, because: str, facts: BackendFacts) -> Stack:
    # Imported late, with the SDK, which takes a second and which a run of the CLI does not need.
    from runner.inprocess.operations import InProcessStack

    return InProcessStack(
        project=project,
        stack=stack,
        because=because,
        say=say,
        is_found_without_state=facts.is_found_without_state,
    )


def _not_served(stack: str, *, brought_up: bool) -> str:
    if brought_up:
        return (
            f"stack {stack} was brought up by the in-process engine of an earlier release, which can only take it down"
            f": make down STACK={stack}, then pulumi login, pulumi stack init {stack} and make up STACK={stack}"
        )
    return f"stack {stack} has resources that the in-process engine does not serve: leave ENGINE away"


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
        if (confirmation or asked("The stack's name, to go on: ")) != name:
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
    """Run the verification from here, against what the stack asked for; return its exit code."""
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
    """Return the outputs of a stack that is up. Raises `ProjectError` for one that is not."""
    outputs = stack.outputs()
    if not isinstance(outputs.get("connection"), Mapping):
        raise ProjectError(f"stack {name} is not up: make up STACK={name}")
    return outputs


def _connection(stack: Stack, name: str) -> Mapping[str, str]:
    connection: Mapping[str, str] = require_up(stack, name)["connection"]
    return connection


def asked(question: str) -> str:
    """Ask at the terminal; nothing where nobody can be asked."""
    try:
        return input(question)
    except EOFError:
        return ""
