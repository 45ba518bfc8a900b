"""Names of stacks and projects, which become parts of paths and are checked before.

The system's Python reads this file too, before anything is installed: no newer syntax than 3.8's, no packages.
"""

from __future__ import annotations

import re
from pathlib import Path

LONGEST = 100
# Pulumi's own rule (pulumi/pulumi, sdk/go/common/tokens/names.go).
_NAME = re.compile(rf"[A-Za-z0-9_.-]{{1,{LONGEST}}}")


def problem(name: str) -> str | None:
    """Return why a stack or a project cannot have the name; None where it can."""
    # Pulumi takes these two, but `.local/servers/..` is no folder of a stack's own.
    if name in {".", ".."}:
        return "leads to a folder"
    if _NAME.fullmatch(name) is None:
        return f"is not up to {LONGEST} letters, digits, hyphens, underscores and periods"
    return None


def stack_problem(project: Path, stack: str) -> str | None:
    """Return why a project has no stack of the name, with those that it has; None where it has one."""
    wrong = problem(stack)
    if wrong:
        return f"the stack's name {stack[:LONGEST]!a} {wrong}; there is: {', '.join(stacks(project))}"
    if not (project / f"Pulumi.{stack}.yaml").is_file():
        return f"there is no stack {stack}: Pulumi.{stack}.yaml is missing; there is: {', '.join(stacks(project))}"
    return None


def stacks(project: Path) -> list[str]:
    """Return the stacks that have a file, sorted."""
    names = (file.name[len("Pulumi.") : -len(".yaml")] for file in project.glob("Pulumi.*.yaml"))
    return sorted(name for name in names if problem(name) is None)
