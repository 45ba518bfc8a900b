"""The confirmation for a prod stack reaches the program, and is asked for only where somebody can answer."""

import os
from pathlib import Path

import pytest

from infra import preconditions
from infra.preconditions import UnmetPrecondition
from runner import confirmation
from runner.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two stacks, of which one is of tier prod; Pulumi takes a key of the project's own without the namespace."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  tier: prod\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  cache:tier: dev\n")
    return Project(tmp_path)


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Sit at a terminal, and answer every question with "prod"."""
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "prod"

    monkeypatch.setattr("builtins.input", answer)
    monkeypatch.setattr(confirmation, "_can_ask", lambda: True)
    monkeypatch.setenv("CI", "")
    # Set here, so that what the product sets is put back.
    monkeypatch.setenv("CACHE_CONFIRM", "")
    return asked


def test_the_confirmation_from_the_command_line_is_handed_over(project: Project, questions: list[str]) -> None:
    """`make up STACK=prod CONFIRM=prod` asks nothing more."""
    confirmation.hand_over(project, "prod", "prod")
    assert os.environ["CACHE_CONFIRM"] == "prod"
    assert questions == []


def test_a_person_at_a_terminal_is_asked(project: Project, questions: list[str]) -> None:
    """Before the plan is made, and not after it was agreed to."""
    confirmation.hand_over(project, "prod", "")
    assert questions == ["Stack prod is of tier prod. Its name, to go on: "]
    assert os.environ["CACHE_CONFIRM"] == "prod"


@pytest.mark.parametrize("value", ["", "0", "false", "False", "1", "true", "yes"])
def test_a_person_is_asked_wherever_the_program_would_refuse(
    project: Project, questions: list[str], monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Both read `CI` the same way: nobody is refused who was not asked, nor asked for what nobody wants."""
    monkeypatch.setenv("CI", value)
    try:
        preconditions.require_confirmation(os.environ, stack="prod")
        is_refused = False
    except UnmetPrecondition:
        is_refused = True
    confirmation.hand_over(project, "prod", "")
    assert bool(questions) == is_refused


def test_nobody_is_asked_where_nobody_has_to_be(
    project: Project, questions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another tier, a pipeline, a word in the environment already, or no terminal."""
    confirmation.hand_over(project, "dev", "")
    with monkeypatch.context() as pipeline:
        pipeline.setenv("CI", "true")
        confirmation.hand_over(project, "prod", "")
    with monkeypatch.context() as without:
        without.setattr(confirmation, "_can_ask", lambda: False)
        confirmation.hand_over(project, "prod", "")
    assert os.environ["CACHE_CONFIRM"] == ""
    monkeypatch.setenv("CACHE_CONFIRM", "prod")
    confirmation.hand_over(project, "prod", "")
    assert questions == []
