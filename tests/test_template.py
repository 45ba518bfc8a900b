"""What `pulumi new` asks of a team: questions that the program understands, with answers that it takes."""

import re
from typing import Any

import pytest
import yaml

from infra import settings
from infra.settings import schema
from tests.stacks.project import ROOT
from tests.test_repository import tracked

PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
QUESTIONS: dict[str, dict[str, Any]] = PROJECT["template"]["config"]

# Keys of Pulumi's own providers, which the program leaves alone.
PROVIDERS = {"aws:region"}


def test_every_question_is_about_a_setting() -> None:
    """A key that the program does not know would stop the first preview."""
    assert set(QUESTIONS) <= schema.every_setting().keys() | PROVIDERS
    assert {"cache:backend", "cache:tier"} <= set(QUESTIONS)


@pytest.mark.parametrize("key", [key for key in QUESTIONS if key not in PROVIDERS])
def test_a_question_asks_what_the_setting_says(key: str) -> None:
    """In the words of its model, with every choice that there is."""
    entry = schema.every_setting()[key]
    assert QUESTIONS[key]["description"].startswith(entry["description"].partition(";")[0])
    assert all(choice in QUESTIONS[key]["description"] for choice in entry.get("enum", ()))


def test_a_team_that_takes_every_default_has_a_stack_that_is_in_order() -> None:
    """Enter, enter, enter."""
    answers = {key: question["default"] for key, question in QUESTIONS.items() if "default" in question}
    assert settings.load(answers, stack="dev").backend == "docker"


def test_the_first_question_says_which_backend_goes_with_the_stacks_that_are_here() -> None:
    """The default under the name `local` would be a stack that its own file's comment contradicts."""
    words = QUESTIONS["cache:backend"]["description"]
    for stack in ("dev", "local"):
        backend = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]["cache:backend"]
        assert f"{backend} (stack {stack})" in words


@pytest.mark.parametrize("key", QUESTIONS)
def test_a_question_has_the_form_that_pulumi_reads(key: str) -> None:
    """A description to ask with, and a default that is a text (pulumi/pulumi, apitype.ProjectTemplateConfigValue)."""
    question = QUESTIONS[key]
    assert question["description"]
    assert question.keys() <= {"description", "default", "secret"}
    assert isinstance(question.get("default", ""), str)


def test_a_typed_key_has_no_namespace() -> None:
    """With one, `pulumi new` panics as soon as the copy has another name than ours (seen with 3.260)."""
    assert not [key for key in PROJECT["config"] if ":" in key]


def test_no_file_has_a_placeholder_by_accident() -> None:
    """`pulumi new` puts the new project's name and description in their place, in every text file."""
    placeholder = re.compile(rb"\$\{(PRO" + rb"JECT|DESCRIP" + rb"TION)\}")
    assert [path for path in tracked() if placeholder.search(path.read_bytes())] == []
