"""`python -m operate permissions --stack prod`: the least that a role needs for a stack."""

import json
import sys

import pulumi

from operate.permissions import document
from operate.permissions.policy import NotInTable, Purpose, declared, google_roles, iam_policy
from runner.project import Project, ProjectError


def show(project: Project, stack: str, purpose: Purpose) -> int:
    """Print what a stack needs of its cloud: AWS's policy, or Google's roles.

    Raises `ProjectError`, also for a configuration that the program refuses and for a type without permissions.
    """
    try:
        types, place = declared(project, stack)
        policy, roles = iam_policy(types, place, purpose), google_roles(types, purpose)
    except (NotInTable, pulumi.RunError) as error:
        raise ProjectError(str(error)) from None
    if policy["Statement"]:
        print(document.as_text(policy), end="")
    if roles:
        print(json.dumps({"roles": roles}, indent=2))
    if not policy["Statement"] and not roles:
        print(f"stack {stack} declares nothing in a cloud: no role is needed", file=sys.stderr)
    return 0
