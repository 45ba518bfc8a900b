"""docs/permissions.md, and the policies that examples/ci-identity gives to its roles."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from infra import inventory
from infra.markdown import table
from infra.permission import Grant, Roles
from operate.permissions.policy import PURPOSES, declared, google_roles, iam_policy
from runner.project import Project

PAGE: Final = Path("docs") / "permissions.md"
POLICIES: Final = Path("examples") / "ci-identity" / "permissions"
GOOGLE_ROLES: Final = Path("examples") / "ci-identity-google" / "permissions"
# The project's own stacks at AWS.
STACKS: Final = ("staging", "prod")

HEAD: Final = """\
# Permissions

The least that a pipeline's role needs is made from what a stack declares: its program is run in preview, without an
account, and each type of resource that it declares has its actions beside the code that declares it.

    make permissions STACK=prod                                      # of an up
    .venv/bin/python -m operate permissions --stack prod --preview   # of a preview: it reads

A type without actions there fails a test, and so does an action that AWS does not have, one that could be limited to a
resource and is not, and one that CloudFormation's handler of the same type asks for and we do not. What AWS cannot
name before it is there (keys, security groups) is limited by the tags `managed-by`, `project` and `stack`, all else by
the name: `cache:namePrefix` and the stack. Where AWS or Pulumi makes the end of a name, the pattern has its exact
length: the role of `prod` reaches nothing of `prod-eu`, `prod2` or `pro`, and a test matches the policies against their
names. A key of your own that the stack is to use may not have a tag `stack`: that would make it another stack's.

The network interfaces that the verifier's function leaves behind have neither name nor tags: they are limited to the
subnets of `cache:subnetIds`, so `make docs` again once a stack names its own, and with `cache:networkStack` to none.

The role also needs the state: [examples/ci-identity](../examples/ci-identity) adds the bucket and the key, and says
which jobs of a repository may take it; [examples/ci-identity-google](../examples/ci-identity-google) is the same at
Google, where roles are for a whole project: give each stack a project of its own. **What a
preview reads, whoever may open a pull request can read**: its role decrypts the stack's secrets, and a refresh reads
the delivered one. Forks get no token from GitHub; to keep prod's secrets from branches as well, give the environment
`prod-preview` an approval.

Nothing of this ran against a real account. The first `up` under a new role may be refused for an action that we did not
know of; AWS's message names it.

This page is generated: `make docs`.

"""


def page() -> str:
    """Return the whole page."""
    return "\n".join(
        [
            f"{HEAD}## AWS\n",
            table(["type", "a preview asks for", "an up asks for as well"], _rows(Grant)),
            "\n## Google Cloud\n",
            table(["type", "roles of a preview", "roles of an up, in their place"], _rows(Roles)),
            "",
        ]
    )


def policies(project: Project) -> Mapping[Path, str]:
    """Return the files of examples/ci-identity and its counterpart, by their paths in the project.

    No stack of the project's own is at Google: there it is the roles for everything that one could declare.
    """
    written = {
        GOOGLE_ROLES / f"{purpose}.json": as_text({"roles": google_roles(inventory.governance().permissions, purpose)})
        for purpose in PURPOSES
    }
    for stack in STACKS:
        types, place = declared(project, stack)
        for purpose in PURPOSES:
            written[POLICIES / f"{stack}.{purpose}.json"] = as_text(iam_policy(types, place, purpose))
    return written


def as_text(policy: Mapping[str, Any]) -> str:
    """Return a policy as a file has it."""
    return json.dumps(policy, indent=2) + "\n"


def _rows(kind: type[Grant] | type[Roles]) -> list[list[str]]:
    return [
        [
            f"`{type_}`",
            _listed({name for each in asked for name in each.reads}),
            _listed({name for each in asked for name in each.changes}),
        ]
        for type_, asked in sorted(inventory.governance().permissions.items())
        if any(isinstance(each, kind) for each in asked)
    ]


def _listed(items: Iterable[str]) -> str:
    return ", ".join(f"`{item}`" for item in sorted(items))
