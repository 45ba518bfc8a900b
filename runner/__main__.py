"""`python -m runner VERB --stack STACK`: what the Makefile's targets call."""

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from runner import closing, environment, verbs
from runner.project import LOCAL_STACK, Project, ProjectError

FAILED: Final = 1
INTERRUPTED: Final = 130


def main() -> int:
    """Run one verb; give the exit code."""
    arguments = parse()
    project = Project(Path(__file__).resolve().parents[1])
    try:
        if arguments.verb == "pulumi":
            return verbs.install_pulumi(project, say)
        project.require_stack(arguments.stack)
        with environment.in_use(project.root):
            return run(project, arguments)
    except ProjectError as error:
        say(f"error: {error}")
        return FAILED
    except KeyboardInterrupt:
        say("interrupted; run the same command again, and it goes on from what is there")
        return INTERRUPTED


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m runner", description=__doc__)
    parser.add_argument("verb", choices=("up", "preview", "down", "outputs", "env", "verify", "pulumi"))
    parser.add_argument("--stack", default=LOCAL_STACK)
    parser.add_argument("--engine", choices=("auto", "pulumi", "inprocess"), default="auto")
    parser.add_argument(
        "--confirm", default="", help="the stack's name once more, for `down` where nobody can be asked"
    )
    return parser.parse_args()


def run(project: Project, arguments: argparse.Namespace) -> int:
    """Run a verb on a stack."""
    started = time.monotonic()
    name: str = arguments.stack
    stack = verbs.choose(project, name, arguments.engine, say)
    match arguments.verb:
        case "up":
            code = stack.up()
            if code == 0:
                for line in closing.lines(stack.outputs(), stack=name, seconds=time.monotonic() - started):
                    print(line)
            return code
        case "preview":
            return stack.preview()
        case "down":
            return verbs.take_down(stack, name, arguments.confirm)
        case "outputs":
            return verbs.print_outputs(stack)
        case "env":
            return verbs.print_environment(stack, name)
        case _:
            return verbs.verify(project, stack, name)


def say(line: str) -> None:
    """Tell the user something that is not the answer: `make env` is evaluated by a shell."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
