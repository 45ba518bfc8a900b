"""The recipe for Pulumi ESC in docs/sinks.md: what it opens is there, and holds what the application reads."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.outputs import OF_EVERY_STACK
from runner.project import Project
from tests.stacks.project import ProjectCopy

ROOT = Path(__file__).resolve().parents[2]
OPEN = "fn::open::pulumi-stacks"


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    """The document's environment, but for what it is called."""
    text = (ROOT / "docs" / "sinks.md").read_text().partition("## Pulumi ESC\n")[2]
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found
    values: dict[str, Any] = yaml.safe_load(found[1])["values"]
    return values


def path_of(reference: str) -> list[str]:
    """Return the path of a reference, `${a.b}`."""
    found = re.fullmatch(r"\$\{([\w.]+)\}", reference)
    assert found
    return found[1].split(".")


def test_it_opens_a_stack_of_this_project(recipe: dict[str, Any]) -> None:
    """By its project's and its own name, and takes an output that every stack has, and that is a secret."""
    opened, stack, output = path_of(recipe["environmentVariables"])
    project, _, name = recipe[opened][OPEN]["stacks"][stack]["stack"].partition("/")
    assert project == yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["name"]
    assert Project(ROOT).stack_file(name).exists()
    assert [each.secret for each in OF_EVERY_STACK if each.name == output] == [True]


def test_the_application_gets_every_name(recipe: dict[str, Any], project: ProjectCopy) -> None:
    """Those of `cache:url` and `cache:variables` too: text each, as ESC wants of a variable."""
    output = path_of(recipe["environmentVariables"])[-1]
    project.configure(url=True, variables="spring")
    project.run("up")
    assert project.outputs()[output] == "[secret]"
    assert project.variables() == project.delivered()
    assert project.delivered().keys() >= {"REDIS_HOST", "REDIS_URL", "SPRING_DATA_REDIS_PASSWORD"}
