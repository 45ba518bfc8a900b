"""Secrets of an environment of a repository at GitHub, one for each variable, for the workflows that deploy from it.

The environment has to be there: to declare it would set its reviewers and branches anew, and a destroy would delete it
with the secrets of others (GitHub REST API, "Create or update an environment").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi

from infra.control import Control
from infra.governance import Governance
from infra.naming import name_of
from infra.outputs import Output
from infra.plan import Plan, Resource
from infra.settings import Settings
from infra.sinks import Delivered, Delivery

# Of a secret that an environment does not have, a workflow gets the repository's of the same name, or the
# organization's (GitHub documentation, Secrets reference). So a rollback leaves each, with a line break, which GitHub
# takes (cli/cli issue 3853) and our client reads as unset.
NOTHING: Final = "\n"


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
    """Declare the secrets."""
    import pulumi_github as github

    secrets = [
        github.ActionsEnvironmentSecret(
            f"{name_of(settings.name_prefix, stack)}-{variable}",
            repository=settings.github_repository or "",
            environment=settings.github_environment or "",
            secret_name=variable,
            # In place: the provider seals it with the environment's public key, and `plaintext_value` is deprecated.
            value=_value(delivery.values, variable),
        )
        for variable in delivery.variables
    ]
    where = f"{settings.github_owner}/{settings.github_repository}/{settings.github_environment}"
    return Delivered(resources=secrets, outputs={"githubEnvironment": where})


def _value(values: pulumi.Output[Mapping[str, str]], variable: str) -> pulumi.Output[str]:
    def one(known: Mapping[str, str]) -> str:
        return known[variable] or NOTHING

    value: pulumi.Output[str] = pulumi.Output.secret(values.apply(one))
    return value


def _is_not_plain(secret: Resource, _: Plan) -> str | None:
    return "plaintext_value is set" if secret.known("plaintext_value") else None


CONTROLS: Final = (
    Control(
        name="github-secret-sealed",
        title="a secret of GitHub's is sealed with the environment's key before it is sent",
        types=("github_actions_environment_secret",),
        check=_is_not_plain,
        cure="set value, and not plaintext_value, in infra/sinks/github_environment.py",
        rules={"checkov": ("CKV_GIT_4",)},
    ),
)

OUTPUTS: Final[Sequence[Output]] = (
    Output("githubEnvironment", "the owner, the repository and the environment that has the secrets"),
)
GOVERNANCE: Final = Governance(controls=CONTROLS)
