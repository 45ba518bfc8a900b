"""The end of `down`: what a stack left on this machine that its state does not know, or no longer."""

import sys

from infra import backend
from infra.backend import TakenDown
from runner.project import Project


def remove(project: Project, stack: str) -> int:
    """Remove what is left of a stack that was taken down; return the exit code, 1 where something stays.

    Every backend looks for its own: the stack may have been another's before its state was lost.
    """
    gone = TakenDown(
        stack=stack,
        config=project.settings(stack),
        has_resources={
            "inprocess:.local/inprocess": project.inprocess_state(stack).exists(),
            "file://.local/state": project.cli_state_has_resources(stack),
        },
    )
    problems = [
        problem
        for each in backend.all_backends()
        if each.remove_leftovers is not None
        for problem in each.remove_leftovers(gone, say=print)
    ]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0
