"""`make rotate`, `rotate-finish` and `rotate-undo`: the steps of a rotation, each as one `up` that is asked for it."""

import os
from collections.abc import Callable
from typing import Final

from infra.rotation import VARIABLE, Step
from runner.verbs import Stack

# Two passwords are valid.
OPEN: Final = frozenset({"started", "undone"})


def take(step: Step, stack: Stack, name: str, *, restarts: bool, say: Callable[[str], None]) -> int:
    """Take one step, and the last as well where the stack restarts its application itself; return the exit code.

    A step that was cut off, or taken already, is gone on with: where the rotation stands is in the stack's state.
    """
    # Before the old password ends, what a run before did not come to is delivered and restarted. A last step that was
    # cut off is in the state already, and comes to the cache by the same.
    code = stack.up() if step == "finish" else _up(stack, step)
    if code == 0 and step != "start" and _state(stack) == "closed":
        say(f"no rotation of stack {name} is open")
        return 0
    if code == 0 and step == "finish":
        code = _up(stack, step)
    if code == 0 and _goes_on(stack, name, restarts=restarts, say=say):
        code = _up(stack, "finish")
    if code == 0:
        say(_words(stack, name))
        return 0
    back = f", or go back: make rotate-undo STACK={name}" if step == "start" and _state(stack) in OPEN else ""
    say(f"the rotation of stack {name} is not through; once what failed is mended, run the same command again{back}")
    return code


def _goes_on(stack: Stack, name: str, *, restarts: bool, say: Callable[[str], None]) -> bool:
    """Return whether the last step needs nobody to come between, and why."""
    state = _state(stack)
    if state == "replaced":
        say(f"this cache takes one password at a time: whatever reads the secrets of stack {name} has to restart now")
        return True
    if restarts and state in OPEN and _is_proved(stack):
        say("the application was restarted by cache:afterDelivery, so the rotation goes on to its end")
        return True
    return False


def _up(stack: Stack, step: Step) -> int:
    os.environ[VARIABLE] = step
    try:
        return stack.up()
    finally:
        del os.environ[VARIABLE]


def _state(stack: Stack) -> str:
    return str(stack.outputs().get("rotation", "closed"))


def _is_proved(stack: Stack) -> bool:
    return (stack.outputs().get("verification") or {}).get("verdict") == "passed"


def _words(stack: Stack, name: str) -> str:
    doubt = "" if _is_proved(stack) else " But nothing of it was proved: see what the run said of its verification."
    match _state(stack):
        case "started":
            delivered = "the new password is delivered, and the one before still works"
        case "undone":
            delivered = "the password of before is delivered again, and the newer one still works"
        case _:
            return f"stack {name} has one password, and the one before it is refused{'.' if doubt else ''}{doubt}"
    return (
        f"{delivered}.{doubt} Restart whatever reads the secrets of stack {name} (the next deploy does), and then: "
        f"make rotate-finish STACK={name}"
    )
