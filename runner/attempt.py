"""How a command of ours is run: what a user can mend is one line, and never a traceback."""

import errno
import shlex
import sys
from collections.abc import Callable
from typing import Final

from runner import environment, interrupt
from runner.environment import InstallationError
from runner.project import Project, ProjectError

FAILED: Final = 1


def attempt(project: Project, stack: str, action: Callable[[], int]) -> int:
    """Do something with a stack that has a file, in an environment that stays as it is; return the exit code."""

    def act() -> int:
        if not stack:
            raise ProjectError(f"STACK is empty; there is: {', '.join(project.stacks())}")
        project.require_stack(stack)
        with environment.in_use(project.root):
            return action()

    return reported(act)


def reported(action: Callable[[], int]) -> int:
    """Do something, and say in a line what kept it from being done; return the exit code."""
    try:
        return action()
    except (ProjectError, InstallationError) as error:
        say(f"error: {error}")
        return FAILED
    except OSError as error:
        # A disk that is full, a file of another user's: the machine's state, and no fault in a program.
        say(f"error: {explained(error)}")
        return FAILED
    except ModuleNotFoundError as error:
        say(f"error: {error}: make install, with the same STACK")
        return FAILED
    except KeyboardInterrupt:
        return interrupted()


def explained(error: OSError) -> str:
    """Return what the machine refused, with what to do about it."""
    file = str(error.filename or "")
    place = f"{file}: " if file else ""
    return f"{place}{error.strerror or error}{_cure(error.errno, file)}"


def _cure(number: int | None, file: str) -> str:
    match number:
        case errno.ENOSPC | errno.EDQUOT:
            return "; free some space, and run the same command again (make down frees what the stack has)"
        case errno.EACCES | errno.EPERM if ".local" in file:
            return "; make it yours again (after a run as root: sudo chown -R $(id -u) .local)"
        case errno.EISDIR | errno.ENOTDIR | errno.EEXIST | errno.ELOOP if file:
            return f"; it is of the wrong kind, move it away: mv {shlex.quote(file)} {shlex.quote(file)}.old"
        case _:
            return ""


def interrupted() -> int:
    """Report that the user cut a run off; return the exit code."""
    say("interrupted; run the same command again, and it goes on from what is there")
    return interrupt.INTERRUPTED


def say(line: str) -> None:
    """Tell the user something that is not the answer: `make env` is evaluated by a shell."""
    print(line, file=sys.stderr, flush=True)
