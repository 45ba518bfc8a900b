"""FakeStack: a stack that remembers what was asked of it, and rotates as the program does."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from infra.rotation import VARIABLE


class FakeStack:
    """`codes` are the exit codes of its ups, in turn, and then 0. `rotation` is where it stands; None: it has none."""

    def __init__(self, rotation: str | None = "closed", codes: Sequence[int] = (), at_once: int = 2) -> None:
        self.rotation = rotation
        # The step that each `up` was asked for.
        self.steps: list[str | None] = []
        self.on_up: Callable[[], None] = lambda: None
        self.verdict = "passed"
        self._codes = list(codes)
        self._at_once = at_once

    def up(self) -> int:
        step = os.environ.get(VARIABLE)
        self.steps.append(step)
        self.on_up()
        code = self._codes.pop(0) if self._codes else 0
        if code == 0 and self.rotation is not None:
            states = {
                ("start", "closed"): "started" if self._at_once == 2 else "replaced",
                ("start", "undone"): "started",
                ("undo", "started"): "undone",
                ("finish", "started"): "closed",
                ("finish", "undone"): "closed",
                ("finish", "replaced"): "closed",
            }
            self.rotation = states.get((str(step), self.rotation), self.rotation)
        return code

    def preview(self) -> int:
        raise AssertionError("nobody asked for a preview")

    def destroy(self) -> int:
        raise AssertionError("day two destroys nothing")

    def outputs(self, *, show_secrets: bool = True) -> dict[str, Any]:
        del show_secrets
        return {
            "connection": {},
            "verification": {"verdict": self.verdict},
            **({} if self.rotation is None else {"rotation": self.rotation}),
        }

    def resources(self) -> list[str]:
        return []
