"""`make rotate`, `rotate-finish` and `rotate-undo`: the steps of a rotation, each as one `up` that is asked for it."""

import os
from collections.abc import Callable
from typing import Any

from infra.rotation import VARIABLE, Step
from runner.verbs import Stack


def take(step: Step, stack: Stack, name: str, *, restarts: bool, say: Callable[[str], None]) -> int:
    """Take one step, and the last as well where the stack restarts its application itself; give the exit code.

    A step that was cut off, or taken already, is gone on with: where the rotation stands is in the stack's state.
    """
    code = _up(stack, step)
    standing = _standing(stack.outputs()) if code == 0 else ""
    if standing == "replaced":
        say(f"this cache takes one password at a time: whatever reads the secrets of stack {name} has to restart now")
        code = _up(stack, "finish")
    elif restarts and standing in {"started", "undone"}:
        say("the application was restarted by cache:afterDelivery, so the rotation goes on to its end")
        code = _up(stack, "finish")
    if code == 0:
        say(_words(stack.outputs(), name))
    else:
        back = "" if step == "finish" else f", or go back: make rotate-undo STACK={name}"
        say(
            f"the rotation of stack {name} is not through; once what failed is mended, run the same command again{back}"
        )
    return code


def _up(stack: Stack, step: Step) -> int:
    os.environ[VARIABLE] = step
    try:
        return stack.up()
    finally:
        del os.environ[VARIABLE]


def _standing(outputs: dict[str, Any]) -> str:
    return str(outputs.get("rotation", "closed"))


def _words(outputs: dict[str, Any], name: str) -> str:
    match _standing(outputs):
        case "started":
            delivered = "the new password is delivered, and the one before still works"
        case "undone":
            delivered = "the password of before is delivered again, and the newer one still works"
        case _:
            return f"stack {name} has one password, and the one before it is refused"
    return (
        f"{delivered}. Restart whatever reads the secrets of stack {name} (the next deploy does), and then: "
        f"make rotate-finish STACK={name}"
    )
