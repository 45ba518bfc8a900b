"""`python -m operate VERB --stack STACK`: what can be done with a stack; the Makefile's targets call it."""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

from infra.rotation import Step
from offline.preview import preview
from operate import facts, leftovers, rollback, rotation
from runner import closing, confirmation, verbs
from runner.attempt import attempt, reported, say
from runner.engines import Choice, NotReachable
from runner.project import LOCAL_STACK, Project

STEPS: Final[Mapping[str, Step]] = {"rotate": "start", "rotate-finish": "finish", "rotate-undo": "undo"}
# What needs no engine but the one that brought the stack up, also one that brings no such stack up any more.
LEAVING: Final = frozenset({"down", "outputs", "env"})
VERBS: Final = ("up", "preview", "down", "outputs", "env", "verify", *STEPS, "rollback", "attach", "pulumi")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code."""
    asked = parse(arguments)
    project = Project(Path(__file__).resolve().parents[1])
    if asked.verb == "pulumi":
        return reported(lambda: verbs.install_pulumi(project, say))
    action = shown if asked.verb == "preview" else run
    return attempt(project, asked.stack, lambda: action(project, asked))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m operate", description=__doc__)
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("--stack", default=LOCAL_STACK)
    parser.add_argument(
        "--engine", choices=(*get_args(Choice), "offline"), default="auto", help="offline: for `preview` alone"
    )
    parser.add_argument(
        "--confirm", default="", help="the stack's name once more: for `down`, and for changes of a prod stack"
    )
    asked = parser.parse_args(arguments)
    if asked.engine == "offline" and asked.verb != "preview":
        parser.error("--engine offline declares nothing: it is for preview alone")
    return asked


def run(project: Project, asked: argparse.Namespace) -> int:
    """Run a verb on a stack. Raises `ProjectError`."""
    name: str = asked.stack
    started = time.monotonic()
    stack = verbs.choose(project, name, asked.engine, facts.of(project, name), only_leaving=asked.verb in LEAVING)
    match asked.verb:
        case "up":
            confirmation.hand_over(project, name, asked.confirm)
            code = stack.up()
            if code == 0:
                for line in closing.lines(stack.outputs(), stack=name, seconds=time.monotonic() - started):
                    print(line)
        case "down":
            code = verbs.take_down(stack, name, asked.confirm) or leftovers.remove(project, name)
        case "outputs":
            code = verbs.print_outputs(stack)
        case "env":
            code = verbs.print_environment(stack, name)
        case "verify":
            code = verbs.verify(project, stack, name)
        case _:
            code = change(project, stack, asked)
    return code


def shown(project: Project, asked: argparse.Namespace) -> int:
    """Show what `up` would do; offline where that is asked for, or where Pulumi cannot be reached and may be left out.

    A pipeline's preview is never offline: it would compare with nothing. Raises `ProjectError`.
    """
    name: str = asked.stack
    because = "ENGINE=offline"
    if asked.engine != "offline":
        try:
            return verbs.choose(project, name, asked.engine, facts.of(project, name)).preview()
        except NotReachable as unreachable:
            if asked.engine != "auto" or confirmation.is_pipeline():
                raise
            because = unreachable.because
    return preview(project, name, because=because, needs=facts.needs(project, name))


def change(project: Project, stack: verbs.Stack, asked: argparse.Namespace) -> int:
    """Rotate the password of a stack that is up, or take the cache from the application and give it back."""
    name: str = asked.stack
    # What is not up has nothing to rotate or to give back, and a wrong login must not build it.
    verbs.require_up(stack, name)
    confirmation.hand_over(project, name, asked.confirm)
    match asked.verb:
        case "rollback":
            return rollback.detach(project, stack, name, say)
        case "attach":
            return rollback.attach(project, stack, name, say)
        case step:
            restarts = "cache:afterDelivery" in project.settings(name)
            return rotation.take(STEPS[step], stack, name, restarts=restarts, say=say)
