"""`python -m runner VERB --stack STACK`: what the Makefile's targets call."""

import argparse
import time
from pathlib import Path

from runner import closing, consent, leftovers, verbs
from runner.attempt import attempt, reported, say
from runner.project import LOCAL_STACK, Project


def main() -> int:
    """Run one verb; give the exit code."""
    arguments = parse()
    project = Project(Path(__file__).resolve().parents[1])
    if arguments.verb == "pulumi":
        return reported(lambda: verbs.install_pulumi(project, say))
    return attempt(project, arguments.stack, lambda: run(project, arguments))


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m runner", description=__doc__)
    parser.add_argument("verb", choices=("up", "preview", "down", "outputs", "env", "verify", "pulumi"))
    parser.add_argument("--stack", default=LOCAL_STACK)
    parser.add_argument("--engine", choices=("auto", "pulumi", "inprocess"), default="auto")
    parser.add_argument(
        "--confirm", default="", help="the stack's name once more, for `down`, and for `up` of a prod stack"
    )
    return parser.parse_args()


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Run a verb on a stack."""
    started = time.monotonic()
    name: str = arguments.stack
    stack = verbs.choose(project, name, arguments.engine, say)
    match arguments.verb:
        case "up":
            consent.hand_over(project, name, arguments.confirm)
            code = stack.up()
            if code == 0:
                for line in closing.lines(stack.outputs(), stack=name, seconds=time.monotonic() - started):
                    print(line)
            return code
        case "preview":
            return stack.preview()
        case "down":
            return verbs.take_down(stack, name, arguments.confirm) or leftovers.remove(project, name)
        case "outputs":
            return verbs.print_outputs(stack)
        case "env":
            return verbs.print_environment(stack, name)
        case _:
            return verbs.verify(project, stack, name)
