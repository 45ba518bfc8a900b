"""The state machine of a rotation: every step from every state, and what a stack refuses to take."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import pytest

from infra import rotation
from infra.backends import BACKENDS, settings_of
from infra.capabilities import PasswordSupport
from infra.rotation import VARIABLE, InvalidStep, Passwords, RotationState, Step
from infra.settings import Settings

CLOSED = Passwords(current="old", retired="older")
STARTED = Passwords(current="new", previous="old", retired="older", state="started")
UNDONE = Passwords(current="old", previous="new", retired="older", state="undone")
FINISHED = Passwords(current="new", retired="old")
TAKEN_BACK = Passwords(current="old", retired="new")

AFTER: dict[tuple[Step | None, RotationState], Passwords] = {
    (None, "closed"): CLOSED,
    (None, "started"): STARTED,
    (None, "undone"): UNDONE,
    ("start", "closed"): STARTED,
    ("start", "started"): STARTED,
    ("start", "undone"): STARTED,
    ("undo", "closed"): CLOSED,
    ("undo", "started"): UNDONE,
    ("undo", "undone"): UNDONE,
    ("finish", "closed"): CLOSED,
    ("finish", "started"): FINISHED,
    ("finish", "undone"): TAKEN_BACK,
}
STATES = {passwords.state: passwords for passwords in (CLOSED, STARTED, UNDONE)}
# Where the cache takes one password at a time; its steps are below.
ONE_AT_A_TIME = {"replaced"}


class TestSteps:
    """What the passwords are after a step."""

    def test_every_step_from_every_state_is_here(self) -> None:
        """A new one of either has to say what it does."""
        steps = (None, *get_args(Step))
        assert {(step, state) for step in steps for state in {*get_args(RotationState)} - ONE_AT_A_TIME} == AFTER.keys()

    @pytest.mark.parametrize(("step", "state"), AFTER)
    def test_a_step_leads_to_its_passwords(self, step: Step | None, state: RotationState) -> None:
        """And a fresh one is taken by nothing but a start of a closed rotation."""
        assert STATES[state].after(step, fresh="new", at_once=2) == AFTER[step, state]

    @pytest.mark.parametrize(("step", "state"), AFTER)
    def test_a_step_taken_twice_is_taken_once(self, step: Step | None, state: RotationState) -> None:
        """So a step that was cut off can be run again."""
        once = STATES[state].after(step, fresh="new", at_once=2)
        assert once.after(step, fresh="another", at_once=2) == once

    @pytest.mark.parametrize(("step", "state"), AFTER)
    def test_what_is_delivered_before_a_step_outlives_it_unless_the_rotation_is_finished(
        self, step: Step | None, state: RotationState
    ) -> None:
        """An application that did not restart is never locked out by a start or an undo."""
        before = STATES[state]
        after = before.after(step, fresh="new", at_once=2)
        assert before.current in after.valid
        if step != "finish":
            assert set(before.valid) <= set(after.valid)

    def test_a_finished_rotation_can_be_followed_by_another(self) -> None:
        """The password that ends with it is then the one to be refused."""
        again = FINISHED.after("start", fresh="newest", at_once=2)
        assert again == Passwords(current="newest", previous="new", retired="old", state="started")
        assert again.after("finish", fresh="x", at_once=2) == Passwords(current="newest", retired="new")

    def test_to_and_fro_makes_no_third_password(self) -> None:
        """A start after an undo delivers the newer one again."""
        passwords = CLOSED
        steps: tuple[Step, ...] = ("start", "undo", "start", "undo", "start")
        for step in steps:
            passwords = passwords.after(step, fresh="new", at_once=2)
            assert set(passwords.valid) == {"old", "new"}
        assert passwords == STARTED

    def test_where_one_is_taken_at_a_time_the_old_one_ends_at_once(self) -> None:
        """Started twice it is started once, whether or not the vendor came to know; and there is no way back."""
        after = CLOSED.after("start", fresh="new", at_once=1)
        assert after == Passwords(current="new", retired="old", state="replaced")
        assert after.valid == ("new",)
        assert after.after("start", fresh="another", at_once=1) == after
        assert after.after("undo", fresh="another", at_once=1) == after
        ended = after.after("finish", fresh="another", at_once=1)
        assert ended == Passwords(current="new", retired="old")
        assert ended.after("start", fresh="newest", at_once=1).current == "newest"

    def test_the_valid_ones_begin_with_the_one_that_is_delivered(self) -> None:
        """And a retired one is never among them."""
        assert CLOSED.valid == ("old",)
        assert STARTED.valid == ("new", "old")
        assert UNDONE.valid == ("old", "new")

    def test_the_repr_shows_no_password(self) -> None:
        """They can be logged by accident."""
        passwords = Passwords(current="hunter1", previous="hunter2", retired="hunter3", state="started")
        assert repr(passwords) == "Passwords(state='started')"


class TestRequest:
    """The step that the environment asks for."""

    @pytest.mark.parametrize("step", get_args(Step))
    def test_each_step_is_asked_for_by_its_name(self, step: Step) -> None:
        """In the environment of one run."""
        assert rotation.requested({VARIABLE: step}) == step

    @pytest.mark.parametrize("environment", [{}, {VARIABLE: ""}], ids=["unset", "empty"])
    def test_nothing_is_asked_for_by_nothing(self, environment: dict[str, str]) -> None:
        """The usual `up`."""
        assert rotation.requested(environment) is None

    @pytest.mark.parametrize("asked", ["Start", "rotate", "start ", "1"])
    def test_another_word_is_refused_with_the_commands(self, asked: str) -> None:
        """An `up` that rotated nothing, in silence, would pass for a rotation."""
        with pytest.raises(InvalidStep) as refused:
            rotation.requested({VARIABLE: asked})
        assert str(refused.value).splitlines() == [
            f'CACHE_ROTATION "{asked}" is none of start, finish, undo',
            "      unset CACHE_ROTATION, and use make rotate, rotate-finish or rotate-undo",
        ]


# What only a real account has.
MADE_UP: Mapping[str, Mapping[str, Any]] = {
    "elasticache": {"network_stack": "a/b/c"},
    "rediscloud": {"accept_any_address": True, "accept_plain_text": True},
}


def of(backend: str, *, attached: bool) -> Settings:
    """Return settings of a backend."""
    return settings_of(backend).example(attached=attached, **MADE_UP.get(backend, {}))


class TestRequirement:
    """What a stack can take."""

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_without_a_step_every_stack_goes_on(self, backend: str) -> None:
        """Attached or not."""
        for attached in (True, False):
            rotation.require_possible(of(backend, attached=attached), verified=True)

    @pytest.mark.parametrize("step", get_args(Step))
    @pytest.mark.parametrize("backend", BACKENDS)
    def test_a_backend_takes_the_steps_that_its_passwords_allow(
        self, backend: str, step: Step, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All with two passwords at a time, no way back with one, and none without one of ours."""
        monkeypatch.setenv(VARIABLE, step)
        at_once = settings_of(backend).capabilities.passwords.at_a_time
        if at_once == 2 or (at_once == 1 and step != "undo"):
            rotation.require_possible(of(backend, attached=True), verified=True)
            return
        with pytest.raises(InvalidStep) as refused:
            rotation.require_possible(of(backend, attached=True), verified=True)
        assert str(refused.value).startswith(f"CACHE_ROTATION {step}: ")

    def test_a_backend_without_a_password_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And one whose vendor makes it says who does, and where to read on."""
        monkeypatch.setenv(VARIABLE, "start")
        with pytest.raises(InvalidStep, match=r"^CACHE_ROTATION start: memory has no password of ours$"):
            rotation.require_possible(of("memory", attached=True), verified=True)
        with pytest.raises(InvalidStep, match=r"Google makes the password.*docs/memorystore\.md"):
            rotation.require_possible(of("memorystore", attached=True), verified=True)

    def test_with_one_password_at_a_time_there_is_no_way_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And the refusal says why."""
        monkeypatch.setenv(VARIABLE, "undo")
        one_at_a_time = replace(settings_of("local").capabilities, passwords=PasswordSupport("us", 1))
        monkeypatch.setattr(settings_of("local"), "capabilities", one_at_a_time)
        with pytest.raises(InvalidStep, match=r"local takes one password at a time, and the old one has ended$"):
            rotation.require_possible(of("local", attached=True), verified=True)

    @pytest.mark.parametrize("step", get_args(Step))
    def test_a_step_is_not_taken_without_its_proof(self, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
        """The switch is for a destroy."""
        monkeypatch.setenv(VARIABLE, step)
        with pytest.raises(InvalidStep, match=rf"^CACHE_ROTATION {step}: the verification is switched off\n"):
            rotation.require_possible(of("local", attached=True), verified=False)

    @pytest.mark.parametrize("step", get_args(Step))
    def test_a_stack_that_is_rolled_back_is_attached_first(self, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its sinks have let go, and nothing would prove the new password."""
        monkeypatch.setenv(VARIABLE, step)
        with pytest.raises(InvalidStep, match=r"(?s)cache:attached is false.*make attach"):
            rotation.require_possible(of("local", attached=False), verified=True)
