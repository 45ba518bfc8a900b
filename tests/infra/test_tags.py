"""What AWS and Google know a stack's resources by, whatever its project and the stack are called."""

import pulumi
import pytest

from infra.backends.memory.settings import MemorySettings
from infra.tags import labels_of, tags_of


@pytest.mark.parametrize(
    ("project", "stack", "labels"),
    [
        ("cache", "prod", ("cache", "prod")),
        ("My.Cache", "Team_A-1", ("my-cache", "team_a-1")),
        ("cache", "eu.prod", ("cache", "eu-prod")),
        ("P" * 100, "s" * 100, ("p" * 63, "s" * 63)),
    ],
)
def test_a_label_is_one_that_google_takes(
    monkeypatch: pytest.MonkeyPatch, project: str, stack: str, labels: tuple[str, str]
) -> None:
    """Both names: a Pulumi project and a stack may have capitals, dots, and 100 characters."""
    monkeypatch.setattr(pulumi, "get_project", lambda: project)
    settings = MemorySettings.example(tier="prod")
    given = labels_of(settings, stack)
    assert (given["project"], given["stack"]) == labels
    assert (given["tier"], given["managed-by"]) == ("prod", "pulumi")
    assert tags_of(settings, stack)["project"] == project
