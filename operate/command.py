"""`python -m operate VERB --stack STACK`: day two of a stack, which is an `up` that is asked for something more."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.rotation import Step
from operate import attachment, rotation
from runner import consent, verbs
from runner.attempt import attempt, say
from runner.project import LOCAL_STACK, Project

STEPS: Final[Mapping[str, Step]] = {"rotate": "start", "rotate-finish": "finish", "rotate-undo": "undo"}


def main() -> int:
    """Run one verb; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate", description=__doc__)
    parser.add_argument("verb", choices=(*STEPS, "rollback", "attach"))
    parser.add_argument("--stack", default=LOCAL_STACK)
    parser.add_argument("--engine", choices=("auto", "pulumi", "inprocess"), default="auto")
    parser.add_argument("--confirm", default="", help="the stack's name once more, for a prod stack")
    arguments = parser.parse_args()
    project = Project(Path(__file__).resolve().parents[1])
    return attempt(project, arguments.stack, lambda: run(project, arguments))


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Run a verb on a stack."""
    name: str = arguments.stack
    stack = verbs.choose(project, name, arguments.engine, say)
    # What is not up has nothing to rotate or to give back, and a wrong login must not build it.
    verbs.require_up(stack, name)
    consent.hand_over(project, name, arguments.confirm)
    match arguments.verb:
        case "rollback":
            return attachment.detach(project, stack, name, say)
        case "attach":
            return attachment.attach(project, stack, name, say)
        case verb:
            restarts = "cache:afterDelivery" in project.settings(name)
            return rotation.take(STEPS[verb], stack, name, restarts=restarts, say=say)
