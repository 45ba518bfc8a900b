"""How a password is changed without an outage: first two are valid, then the new one alone.

Applications read their secrets when they start. So between the two steps each has to be restarted, and until then the
old password still works. Where a rotation stands is a fact of the stack's state (infra/password.py), and no file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

# Only to be typed with: the host of our providers loads this module, and has no use for the settings.
if TYPE_CHECKING:
    from infra.settings import Settings

Step = Literal["start", "finish", "undo"]
# "started": the newer password is the one that is delivered; "undone": the older one is again. Both are valid in both.
# "replaced": the cache takes one at a time, and has been given the newer.
RotationState = Literal["closed", "started", "undone", "replaced"]

# In the environment, for one run alone: a setting would be saved in the stack and rotate at every `up`.
VARIABLE: Final = "CACHE_ROTATION"


class InvalidStep(Exception):
    """The environment asks for a step that there is not."""


@dataclass(frozen=True, kw_only=True)
class Passwords:
    """The passwords of the cache's user. None of them is in the repr.

    `current` is the one that the application is given, `previous` is valid beside it, and `retired` was dropped and
    must be refused from then on. An empty one is none.
    """

    current: str = field(repr=False)
    previous: str = field(default="", repr=False)
    retired: str = field(default="", repr=False)
    state: RotationState = "closed"

    @property
    def valid(self) -> tuple[str, ...]:
        """Return the ones that the cache has to take."""
        return (self.current, self.previous) if self.previous else (self.current,)

    def after(self, step: Step | None, *, fresh: str, at_once: int) -> Passwords:
        """Return them after a step; a step that was done already changes nothing, so that it can be run again.

        `fresh` is a new password, for the step that needs one. `at_once` is how many the cache can take at a time:
        where that is one, the old password ends as the new one begins.
        """
        match step, self.state:
            case "start", "closed" if at_once == 1:
                return Passwords(current=fresh, retired=self.current, state="replaced")
            case "start", "closed":
                return replace(self, current=fresh, previous=self.current, state="started")
            case ("start", "undone") | ("undo", "started"):
                state: RotationState = "started" if step == "start" else "undone"
                return replace(self, current=self.previous, previous=self.current, state=state)
            case "finish", "replaced":
                return replace(self, state="closed")
            case "finish", "started" | "undone":
                return Passwords(current=self.current, retired=self.previous)
            case _:
                return self


def require_possible(settings: Settings, *, verified: bool) -> None:
    """Refuse a step that this stack cannot take, or that nothing would prove. Raises `InvalidStep`."""
    step, passwords = requested(), settings.capabilities.passwords
    if step is None:
        return
    if passwords.made_by != "us":
        raise InvalidStep(f"{VARIABLE} {step}: {passwords.note or f'{settings.backend} has no password of ours'}")
    if passwords.at_a_time == 1 and step == "undo":
        raise InvalidStep(
            f"{VARIABLE} undo: {settings.backend} takes one password at a time, and the old one has ended"
        )
    if not verified:
        raise InvalidStep(f"{VARIABLE} {step}: the verification is switched off\n      unset CACHE_VERIFICATION")
    if not settings.attached:
        raise InvalidStep(
            f"{VARIABLE} {step}: cache:attached is false, so nothing is delivered or proved\n      make attach"
        )


def requested(environment: Mapping[str, str] = os.environ) -> Step | None:
    """Return the step that this run is asked for. Raises `InvalidStep`."""
    asked = environment.get(VARIABLE, "")
    if asked in get_args(Step):
        return cast("Step", asked)
    if asked:
        raise InvalidStep(
            f'{VARIABLE} "{asked}" is none of {", ".join(get_args(Step))}\n'
            f"      unset {VARIABLE}, and use make rotate, rotate-finish or rotate-undo"
        )
    return None
