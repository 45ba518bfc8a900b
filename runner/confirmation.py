"""The confirmation that a prod stack asks for before it is changed, handed over to the program, which requires it."""

import contextlib
import os
import sys
from typing import Final

from runner.project import Project

# What the program reads (infra/preconditions.py).
CONFIRMATION: Final = "CACHE_CONFIRM"


def hand_over(project: Project, stack: str, confirmation: str) -> None:
    """Hand the confirmation to the program, or ask for it where somebody can be asked; without one the program refuses.

    Raises `ProjectError` for a stack's file that is not in order.
    """
    given = confirmation or os.environ.get(CONFIRMATION, "")
    if not given and project.settings(stack).get("cache:tier") == "prod" and not is_pipeline() and _can_ask():
        with contextlib.suppress(EOFError):
            given = input(f"Stack {stack} is of tier prod. Its name, to go on: ")
    if given:
        os.environ[CONFIRMATION] = given


def is_pipeline() -> bool:
    """Whether a pipeline runs this. `CI=false` is a person's, as for the program (infra/preconditions.py)."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def _can_ask() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()
