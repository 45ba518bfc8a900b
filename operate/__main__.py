"""`python -m operate VERB --stack STACK`: day two of a stack, which is an `up` that is asked for something more."""

import argparse
import sys
from pathlib import Path

from operate import attachment, rotation
from runner import consent, verbs
from runner.attempt import attempt, say
from runner.project import LOCAL_STACK, Project


def main() -> int:
    """Run one verb; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m operate", description=__doc__)
    parser.add_argument("verb", choices=("rotate", "rotate-finish", "rotate-undo", "rollback", "attach"))
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
    consent.hand_over(project, name, arguments.confirm)
    # Pulumi takes a key of the project's own without the namespace too.
    restarts = not {"cache:afterDelivery", "afterDelivery"}.isdisjoint(project.settings(name))
    match arguments.verb:
        case "rollback":
            return attachment.detach(project, stack, name, say)
        case "attach":
            return attachment.attach(project, stack, name, say)
        case "rotate-finish":
            return rotation.take("finish", stack, name, restarts=restarts, say=say)
        case "rotate-undo":
            return rotation.take("undo", stack, name, restarts=restarts, say=say)
        case _:
            return rotation.take("start", stack, name, restarts=restarts, say=say)


if __name__ == "__main__":
    sys.exit(main())
