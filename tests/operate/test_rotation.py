"""The verbs of a rotation: which step each asks for, when it goes on by itself, and what it says at the end."""

import os
from pathlib import Path

import pytest

from infra.rotation import VARIABLE, Step
from operate import cli, rotation
from runner import verbs
from tests.operate.stacks import FakeStack


def take(step: Step, stack: FakeStack, *, restarts: bool = False, code: int = 0) -> str:
    """Take a step of the stack prod; assert its exit code, and give what it said."""
    said: list[str] = []
    assert rotation.take(step, stack, "prod", restarts=restarts, say=said.append) == code
    return "\n".join(said)


@pytest.mark.parametrize(
    ("step", "before", "after", "said"),
    [
        ("start", "closed", "started", "the new password is delivered, and the one before still works."),
        ("start", "started", "started", "the new password is delivered, and the one before still works."),
        ("start", "undone", "started", "the new password is delivered, and the one before still works."),
        ("undo", "started", "undone", "the password of before is delivered again, and the newer one still works."),
        ("undo", "undone", "undone", "the password of before is delivered again, and the newer one still works."),
    ],
)
def test_a_step_is_one_up_that_is_asked_for_it(step: Step, before: str, after: str, said: str) -> None:
    """And ends with where the rotation stands."""
    stack = FakeStack(before)
    words = take(step, stack)
    assert stack.steps == [step]
    assert stack.rotation == after
    assert words.startswith(said)


@pytest.mark.parametrize("before", ["started", "undone"])
def test_the_last_step_comes_after_an_up_that_delivers_what_is_left(before: str) -> None:
    """A run before may have failed at a sink, or at the restart: the old password may then be the one in use."""
    stack = FakeStack(before)
    words = take("finish", stack)
    assert stack.steps == [None, "finish"]
    assert stack.rotation == "closed"
    assert words == "stack prod has one password, and the one before it is refused"


def test_the_last_step_is_not_taken_where_that_fails() -> None:
    """And the old password stays valid."""
    stack = FakeStack("started", codes=[3])
    take("finish", stack, code=3)
    assert (stack.steps, stack.rotation) == ([None], "started")


@pytest.mark.parametrize(("step", "asked"), [("finish", None), ("undo", "undo")])
def test_what_is_not_open_is_neither_finished_nor_undone(step: Step, asked: str | None) -> None:
    """And the `up` brings to the cache what a run that was cut off has left in the state."""
    stack = FakeStack("closed")
    assert take(step, stack) == "no rotation of stack prod is open"
    assert stack.steps == [asked]


def test_what_was_not_proved_is_said_and_not_gone_on_with() -> None:
    """A cache that cannot be reached is delivered where `cache:unreachable` says so."""
    stack = FakeStack("closed")
    stack.verdict = "failed"
    words = take("start", stack, restarts=True)
    assert stack.steps == ["start"]
    assert "But nothing of it was proved: see what the run said" in words


@pytest.mark.parametrize("step", ["start", "undo"])
def test_an_open_rotation_ends_with_what_is_left_to_do(step: Step) -> None:
    """Restart, and then the command."""
    words = take(step, FakeStack("started"))
    assert "Restart whatever reads the secrets of stack prod (the next deploy does), and then: " in words
    assert words.endswith("make rotate-finish STACK=prod")


@pytest.mark.parametrize("step", ["start", "undo"])
def test_it_goes_on_to_its_end_where_the_application_was_restarted(step: Step) -> None:
    """By cache:afterDelivery, which the first `up` waited for."""
    stack = FakeStack("started" if step == "undo" else "closed")
    words = take(step, stack, restarts=True)
    assert stack.steps == [step, "finish"]
    assert stack.rotation == "closed"
    assert words.splitlines() == [
        "the application was restarted by cache:afterDelivery, so the rotation goes on to its end",
        "stack prod has one password, and the one before it is refused",
    ]


@pytest.mark.parametrize("restarts", [True, False])
def test_where_one_password_is_taken_at_a_time_it_goes_on_to_its_end(restarts: bool) -> None:
    """There is nothing to wait for, and it says what has to restart."""
    stack = FakeStack("closed", at_once=1)
    words = take("start", stack, restarts=restarts)
    assert stack.steps == ["start", "finish"]
    assert words.splitlines() == [
        "this cache takes one password at a time: whatever reads the secrets of stack prod has to restart now",
        "stack prod has one password, and the one before it is refused",
    ]


@pytest.mark.parametrize("step", ["start", "undo"])
def test_a_step_that_failed_is_not_gone_on_with(step: Step) -> None:
    """The old password stays valid; the same command goes on, and another goes back."""
    stack = FakeStack("started", codes=[3])
    words = take(step, stack, restarts=True, code=3)
    assert stack.steps == [step]
    back = ", or go back: make rotate-undo STACK=prod" if step == "start" else ""
    assert words == (
        f"the rotation of stack prod is not through; once what failed is mended, run the same command again{back}"
    )


def test_a_finish_that_failed_does_not_offer_the_way_back() -> None:
    """One password may be gone already."""
    words = take("finish", FakeStack("started", codes=[1]), code=1)
    assert words == "the rotation of stack prod is not through; once what failed is mended, run the same command again"


def test_the_end_of_a_rotation_that_goes_on_can_fail_too() -> None:
    """The exit code is that of the end, and run again it goes on from there."""
    stack = FakeStack("closed", codes=[0, 1])
    take("start", stack, restarts=True, code=1)
    assert (stack.steps, stack.rotation) == (["start", "finish"], "started")
    take("start", stack, restarts=True)
    assert stack.steps[2:] == ["start", "finish"]
    assert stack.rotation == "closed"


def test_nothing_is_left_in_the_environment() -> None:
    """Also where the `up` ended with an exception: the next one must not rotate."""
    stack = FakeStack()
    take("start", stack)
    assert VARIABLE not in os.environ

    def interrupt() -> None:
        raise KeyboardInterrupt

    stack.on_up = interrupt
    with pytest.raises(KeyboardInterrupt):
        take("finish", stack)
    assert VARIABLE not in os.environ


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("cache:backend: local", ["start"]),
        ("cache:afterDelivery: ./redeploy.sh", ["start", "finish"]),
        ("afterDelivery: ./redeploy.sh", ["start", "finish"]),
    ],
)
def test_whether_the_application_is_restarted_is_in_the_stacks_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, steps: list[str]
) -> None:
    """By the key in either of the ways that Pulumi reads."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  {line}\n")
    stack = FakeStack()
    monkeypatch.setattr(verbs, "choose", lambda *_, **__: stack)
    monkeypatch.setattr(cli, "PROJECT", tmp_path)
    assert cli.main(["rotate", "--stack=dev"]) == 0
    assert stack.steps == steps
