"""Rollback and attach: the stack's file first, then an `up`, and a line to commit it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from operate import rollback
from runner.project import Project, ProjectError
from tests.operate.stacks import FakeStack

FILE = "config:\n  # The cache of production.\n  cache:backend: elasticache\n"
DETACHED = FILE.replace("config:\n", "config:\n  cache:attached: false\n")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a stack prod that is attached."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text(FILE)
    return Project(tmp_path)


def content(project: Project) -> str:
    """Return what is in the stack's file."""
    return project.stack_file("prod").read_text()


def test_a_rollback_writes_the_file_and_then_runs(project: Project) -> None:
    """So that the `up` reads it; and says what to commit, by the command."""
    stack = FakeStack()
    seen: list[str] = []
    said: list[str] = []
    stack.on_up = lambda: seen.append(content(project))
    assert rollback.detach(project, stack, "prod", said.append) == 0
    assert seen == [DETACHED]
    assert stack.steps == [None]
    assert said[0].startswith("stack prod is rolled back: its Redis stays")
    assert "make attach STACK=prod" in said[0]
    assert said[1].splitlines() == [
        "Pulumi.prod.yaml has cache:attached: false; commit it, or the next deploy from elsewhere does the opposite:",
        "      git commit -m 'The cache of prod is rolled back' Pulumi.prod.yaml",
    ]


def test_attach_takes_the_setting_out_and_then_runs(project: Project) -> None:
    """The file is as it was before the rollback."""
    project.stack_file("prod").write_text(DETACHED)
    stack = FakeStack()
    seen: list[str] = []
    said: list[str] = []
    stack.on_up = lambda: seen.append(content(project))
    assert rollback.attach(project, stack, "prod", said.append) == 0
    assert seen == [FILE]
    assert stack.steps == [None]
    assert said[0].startswith("stack prod is attached: its Redis is proved and delivered")
    assert "Pulumi.prod.yaml has no cache:attached; commit it" in said[1]
    assert "git commit -m 'The cache of prod is attached' Pulumi.prod.yaml" in said[1]


def test_each_reaches_the_same_state_when_run_twice(project: Project) -> None:
    """And runs an `up` each time, since the first may have failed."""
    stack = FakeStack()
    for verb, state in ((rollback.detach, DETACHED), (rollback.attach, FILE)):
        for _ in range(2):
            assert verb(project, stack, "prod", lambda _: None) == 0
            assert content(project) == state
    assert stack.steps == [None] * 4


@pytest.mark.parametrize(("verb", "state"), [(rollback.detach, DETACHED), (rollback.attach, FILE)])
def test_one_that_failed_claims_nothing_and_is_kept_for_the_next(
    project: Project, verb: Callable[..., int], state: str
) -> None:
    """The wish is in the file, which is to be committed all the same; the exit code is that of the `up`."""
    said: list[str] = []
    assert verb(project, FakeStack(codes=[3]), "prod", said.append) == 3
    assert content(project) == state
    assert len(said) == 1
    assert "commit it" in said[0]


def test_a_file_that_cannot_be_changed_stops_before_the_up(project: Project) -> None:
    """Nothing is rolled back that the next deploy would undo."""
    project.stack_file("prod").write_text("config: {cache:backend: elasticache}\n")
    stack = FakeStack()
    with pytest.raises(ProjectError, match="edit it to have cache:attached: false"):
        rollback.detach(project, stack, "prod", lambda _: None)
    assert stack.steps == []


@pytest.mark.parametrize("verb", [rollback.detach, rollback.attach])
def test_one_that_could_not_even_begin_leaves_the_file_as_it_was(project: Project, verb: Callable[..., int]) -> None:
    """Another run holds the stack, or the login is another one: a later deploy must not roll back unannounced."""
    stack = FakeStack()

    def refuse() -> None:
        raise ProjectError("another run works on this stack")

    stack.on_up = refuse
    before = DETACHED if verb is rollback.attach else FILE
    project.stack_file("prod").write_text(before)
    said: list[str] = []
    with pytest.raises(ProjectError, match="another run"):
        verb(project, stack, "prod", said.append)
    assert (content(project), said) == (before, [])


def test_one_that_was_interrupted_says_what_to_commit(project: Project) -> None:
    """The wish is in the file by then."""
    stack = FakeStack()

    def interrupt() -> None:
        raise KeyboardInterrupt

    stack.on_up = interrupt
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        rollback.detach(project, stack, "prod", said.append)
    assert content(project) == DETACHED
    assert "commit it" in said[0]
