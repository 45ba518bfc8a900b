"""The password's provider, called as both engines call it: it makes one, and another only for a rotation."""

import string
from pathlib import Path
from typing import Any

import pytest

from infra.password import SECRETS, Password, PasswordProvider
from infra.rotation import VARIABLE
from runner.inprocess import wire
from tests.stacks.inprocess import StackInProcess, written

PROVIDER = PasswordProvider()


def news(step: str | None = None, at_once: int = 2) -> dict[str, Any]:
    """Return what the program declares; a number arrives from the engine as a float."""
    return {"step": step, "atOnce": float(at_once), "value": None, "previous": None, "retired": None, "standing": None}


def made() -> dict[str, Any]:
    """Make a password."""
    outputs = PROVIDER.create(news()).outs
    assert outputs is not None
    return outputs


def updated(olds: dict[str, Any], step: str | None, at_once: int = 2) -> dict[str, Any]:
    """Take a step, as an engine does that saw a change."""
    assert PROVIDER.diff("password", olds, news(step, at_once)).changes
    outputs = PROVIDER.update("password", olds, news(step, at_once)).outs
    assert outputs is not None
    return outputs


def test_it_has_32_letters_and_digits() -> None:
    """Nothing that a URL, a shell or a service would trip over, and never the same twice."""
    outputs = made()
    assert len(outputs["value"]) == 32
    assert set(outputs["value"]) <= set(string.ascii_letters + string.digits)
    assert outputs == {"value": outputs["value"], "previous": "", "retired": "", "standing": "closed"}
    assert made()["value"] != outputs["value"]


def test_a_step_at_the_creation_makes_one_password() -> None:
    """There is none to rotate yet; the step of the next run finds it."""
    outputs = PROVIDER.create(news("start")).outs
    assert outputs is not None
    assert (outputs["previous"], outputs["standing"]) == ("", "closed")


def test_without_a_step_nothing_changes() -> None:
    """Wherever a rotation stands."""
    closed = made()
    started = updated(closed, "start")
    for olds in (closed, started):
        assert not PROVIDER.diff("password", olds, news()).changes
        assert PROVIDER.update("password", olds, news()).outs == olds


def test_a_rotation_goes_through_its_steps() -> None:
    """Another password beside the first, and then alone."""
    first = made()
    started = updated(first, "start")
    assert started["value"] != first["value"]
    assert len(started["value"]) == 32
    assert started == {"value": started["value"], "previous": first["value"], "retired": "", "standing": "started"}
    finished = updated(started, "finish")
    assert finished == {"value": started["value"], "previous": "", "retired": first["value"], "standing": "closed"}


def test_an_undone_rotation_delivers_the_password_of_before() -> None:
    """And its end retires the newer one."""
    first = made()
    started = updated(first, "start")
    undone = updated(started, "undo")
    assert (undone["value"], undone["previous"], undone["standing"]) == (first["value"], started["value"], "undone")
    finished = updated(undone, "finish")
    assert (finished["value"], finished["retired"]) == (first["value"], started["value"])


@pytest.mark.parametrize("step", ["start", "undo", "finish"])
def test_a_step_that_was_taken_is_no_change(step: str) -> None:
    """A run that was cut off later than here is run again, and finds its passwords."""
    olds = updated(made(), "start")
    taken = olds if step == "start" else updated(olds, step)
    assert not PROVIDER.diff("password", taken, news(step)).changes
    assert PROVIDER.update("password", taken, news(step)).outs == taken


@pytest.mark.parametrize("step", ["undo", "finish"])
def test_what_is_not_under_way_is_no_change(step: str) -> None:
    """Nothing to undo or to finish."""
    assert not PROVIDER.diff("password", made(), news(step)).changes


def test_where_one_is_taken_at_a_time_the_old_one_is_retired_at_once() -> None:
    """And a start that was cut off before the vendor heard of it makes no third one."""
    first = made()
    rotated = updated(first, "start", at_once=1)
    assert rotated == {"value": rotated["value"], "previous": "", "retired": first["value"], "standing": "replaced"}
    assert not PROVIDER.diff("password", rotated, news("start", at_once=1)).changes
    assert updated(rotated, "finish", at_once=1) == {**rotated, "standing": "closed"}


def test_a_state_of_before_rotations_keeps_its_password() -> None:
    """It has the value alone, and the update adds where the rotation stands."""
    old = {"value": "x" * 32}
    whole = updated(old, None)
    assert whole == {"value": "x" * 32, "previous": "", "retired": "", "standing": "closed"}
    assert not PROVIDER.diff("password", whole, news()).changes


def test_a_state_of_before_rotations_can_be_rotated() -> None:
    """The first run after the upgrade may be a rotation."""
    started = updated({"value": "x" * 32}, "start")
    assert (started["previous"], started["standing"]) == ("x" * 32, "started")


def test_the_resource_is_known_to_states_by_this_name() -> None:
    """Type token and class path are state identity: a rename needs an alias."""
    assert Password._resource_type_name == "dynamic/password:Password"
    assert (PasswordProvider.__module__, PasswordProvider.__qualname__) == ("infra.password", "PasswordProvider")


PROGRAM = """
import pulumi
from infra.password import Password

made = Password("password", name_prefix="hospitality-redis")
pulumi.export("shown", made.passwords.apply(repr))
pulumi.export("valid", made.passwords.apply(lambda known: list(known.valid)))
"""


def test_all_of_its_passwords_are_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the state, in what is made of them, and in every printed line; through a rotation as well."""
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "__main__.py").write_text(PROGRAM)
    (tmp_path / "program" / "Pulumi.yaml").write_text("name: cache\nruntime: python\n")
    stack = StackInProcess(folder=tmp_path / "stack", name="dev", finders=[], program=tmp_path / "program")
    known: set[str] = set()
    for step in ("", "start", "finish"):
        monkeypatch.setenv(VARIABLE, step)
        printed = stack.up()
        resource = stack.resource("pulumi-python:dynamic/password:Password")
        assert all(wire.is_secret(resource.outputs[name]) for name in SECRETS)
        known.update(value for name in SECRETS if (value := wire.plain(resource.outputs[name])))
        assert not [password for password in known if password in printed + written(resource)]
    assert len(known) == 2
    assert stack.outputs["shown"] == "Passwords(state='closed')"
    assert len(stack.outputs["valid"]) == 1
    assert stack._stack.outputs(show_secrets=False)["valid"] == "[secret]"
