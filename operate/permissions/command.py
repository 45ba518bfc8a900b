"""`python -m operate.permissions --stack prod`: the least that a role needs for a stack; `--preview`: to look at it."""

import argparse
import json
import sys
from pathlib import Path

import pulumi

from operate.permissions import document
from operate.permissions.policy import NotInTable, Purpose, declared, google_roles, iam_policy
from runner.project import LOCAL_STACK, Project, ProjectError

PROJECT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Print the policy of AWS, or Google's roles."""
    parser = argparse.ArgumentParser(prog="python -m operate.permissions", description=__doc__)
    parser.add_argument("--stack", default=LOCAL_STACK)
    parser.add_argument("--preview", action="store_true", help="what a preview needs, and not an up")
    parser.add_argument("--write", action="store_true", help="renew the documents instead")
    options = parser.parse_args()
    project = Project(PROJECT)
    try:
        if options.write:
            document.write(project)
        else:
            project.require_stack(options.stack)
            show(project, options.stack, "preview" if options.preview else "deploy")
    except (ProjectError, NotInTable, pulumi.RunError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def show(project: Project, stack: str, purpose: Purpose) -> None:
    """Print what a stack needs of its cloud. Raises `ProjectError`, `NotInTable` and `pulumi.RunError`."""
    types, place = declared(project, stack)
    policy, roles = iam_policy(types, place, purpose), google_roles(types, purpose)
    if policy["Statement"]:
        print(document.as_text(policy), end="")
    if roles:
        print(json.dumps({"roles": roles}, indent=2))
    if not policy["Statement"] and not roles:
        print(f"stack {stack} declares nothing in a cloud: no role is needed", file=sys.stderr)
