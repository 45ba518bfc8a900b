"""What the runner and a preview must know of a stack's backend, as the backend says of itself."""

import os
from typing import Final

from infra import backend
from infra.backends import BACKENDS
from runner import engines, environment
from runner.backend_facts import BackendFacts
from runner.project import Project

# Pulumi.yaml has no default for it: what is wrong with a stack that names no backend, the program says.
SETTING: Final = "cache:backend"


def of(project: Project, stack: str) -> BackendFacts:
    """Return the facts of a stack's backend; of one that is not known, those of a backend that nothing is known of."""
    packages = " and ".join(environment.sets_of_stack(project.root, stack))
    settings = project.settings(stack)
    name = str(settings.get(SETTING, ""))
    if name not in BACKENDS:
        return BackendFacts(packages=packages, is_on_this_machine=True, is_served_in_process=not packages)
    known = backend.get(name)
    return BackendFacts(
        packages=packages,
        is_on_this_machine=known.is_on_this_machine(settings, os.environ),
        is_served_in_process=known.is_served_in_process and not packages,
        is_found_without_state=known.remove_leftovers is not None,
        example_key=known.example_key,
    )


def needs(project: Project, stack: str) -> list[str]:
    """Return what an `up` needs of the machine that it runs on."""
    facts = of(project, stack)
    own = ["Python 3.11 or later"]
    if not facts.is_served_in_process:
        own.append(f"the Pulumi CLI, {engines.MINIMUM_CLI} or later: make pulumi installs it")
    if not facts.is_on_this_machine:
        own.append(f"a place for the state: pulumi login, pulumi stack init {stack} (docs/state.md)")
    name = str(project.settings(stack).get(SETTING, ""))
    return [*own, *(backend.get(name).needs if name in BACKENDS else ())]
