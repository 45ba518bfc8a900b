"""Ctrl-C: it ends a command with 130 and without a traceback, wherever it arrives.

The system's Python reads this file too, before anything is installed: no newer syntax than 3.8's, no packages.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

INTERRUPTED = 130
# In seconds, after which a lost one is raised again.
AGAIN = 0.01


class Watch:
    """Whether Ctrl-C arrived."""

    arrived = False

    def is_behind(self, error: BaseException) -> bool:
        """Return whether an error is Ctrl-C, or came of it.

        Libraries make another of it: pydantic-core a SchemaError, and a class's body a RuntimeError before Python 3.12.
        """
        return self.arrived or isinstance(error, KeyboardInterrupt)


@contextmanager
def watched() -> Iterator[Watch]:
    """Note when Ctrl-C arrives; raise it again where Python only prints it and goes on, as in a destructor."""
    watch = Watch()

    def arrived(number: int, frame: FrameType | None) -> None:
        watch.arrived = True
        signal.default_int_handler(number, frame)

    def lost(unraisable: UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
        else:
            print_it(unraisable)

    print_it, sys.unraisablehook = sys.unraisablehook, lost
    # A shell has what it starts with `&` ignore Ctrl-C.
    numbers = [signal.SIGALRM] if is_ignored() else [signal.SIGALRM, signal.SIGINT]
    before = {number: signal.signal(number, arrived) for number in numbers}
    try:
        yield watch
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = print_it


def leave_to_the_system() -> None:
    """Have Ctrl-C end the process at once from now on: while Python ends, it would print a traceback."""
    if not is_ignored():
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def is_ignored() -> bool:
    """Return whether whoever started this process has it ignore Ctrl-C."""
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN
