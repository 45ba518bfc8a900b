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

INTERRUPTED = 130
# In seconds, after which a lost one is raised again.
AGAIN = 0.01


def is_behind(error: BaseException | None) -> bool:
    """Return whether an error is Ctrl-C, or what came of it.

    Before Python 3.12 a class's body ends in RuntimeError for one; extension modules make an ImportError of it.
    """
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def never_lost() -> Iterator[None]:
    """Raise Ctrl-C again where Python only prints it and goes on, as in a destructor or while it imports."""

    def caught(lost: UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, AGAIN)
        else:
            print_it(lost)

    print_it, sys.unraisablehook = sys.unraisablehook, caught
    alarm = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, alarm)
        sys.unraisablehook = print_it


def leave_to_the_system() -> None:
    """Have Ctrl-C end the process at once from now on: while Python ends, it would print a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
