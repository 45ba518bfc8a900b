"""What is said and done where the state of a stack cannot be read: what is lost with it, and how to go on.

The state of the CLI, kept in the project, is encrypted with `.local/passphrase`: without that, it is lost as well.
"""

import json
import re
import secrets
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final

from runner import private_file
from runner.project import Project, ProjectError

PASSPHRASE_BYTES: Final = 32
# What `secrets.token_urlsafe` makes of so many bytes.
_PASSPHRASE: Final = re.compile(rb"[A-Za-z0-9_-]{43}\s*")


class LostState(ProjectError):
    """The state of a stack cannot be read; the message says what is lost, and how to go on."""

    def __init__(self, project: Project, stack: str, file: Path, damage: str, *, is_found_without: bool) -> None:
        """Take the state's file, and what is wrong; `is_found_without` is of the backend (runner/backend_facts.py)."""
        self.file, self.damage = file, damage
        self.is_all_here = is_found_without and _delivers_here(project, stack)
        super().__init__(damage + _words(stack, shlex.quote(str(file)), is_all_here=self.is_all_here))


def require_readable(project: Project, stack: str, *, is_found_without: bool) -> None:
    """Make the passphrase where there is no state yet. Raises `LostState` and `OSError`."""
    state, passphrase = project.cli_state(stack), project.local / "passphrase"
    if not state.exists():
        if not _is_passphrase(passphrase):
            private_file.write(passphrase, secrets.token_urlsafe(PASSPHRASE_BYTES))
        return
    try:
        json.loads(state.read_bytes())["checkpoint"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        damage = f"{state} is damaged"
    else:
        if _is_passphrase(passphrase):
            return
        damage = f"{passphrase}, which the state is encrypted with, is lost or damaged"
    raise LostState(project, stack, state, damage, is_found_without=is_found_without)


def _is_passphrase(file: Path) -> bool:
    try:
        return bool(_PASSPHRASE.fullmatch(file.read_bytes()))
    except OSError:
        return False


def forget(lost: LostState, say: Callable[[str], None]) -> int:
    """Remove a state that cannot be read, if what it knew of is found without it; return the exit code."""
    if not lost.is_all_here:
        say(f"error: {lost}")
        return 1
    say(f"{lost.damage}: what the stack made on this machine is looked for without it")
    try:
        if lost.file.is_dir():
            # It may have something of the user's in it.
            lost.file.replace(lost.file.with_name(f"{lost.file.name}.old"))
        else:
            lost.file.unlink(missing_ok=True)
    except OSError as error:
        say(f"error: {error.filename} cannot be removed: {error.strerror}; look at it, and remove it")
        return 1
    return 0


def _words(stack: str, file: str, *, is_all_here: bool) -> str:
    if not is_all_here:
        return (
            f", and nothing else knows what stack {stack} made and its password: restore it from a copy, or remove "
            f"what the stack made where it is, and then the file: rm -r {file}"
        )
    return (
        f", and with it the password is lost; to go on with the server and its data, and a new password: mv {file} "
        f"{file}.old && make up STACK={stack}; to remove everything: make down STACK={stack}"
    )


def _delivers_here(project: Project, stack: str) -> bool:
    """Whether what the stack delivered is on this machine alone, where it is found without a state."""
    return set(re.findall(r"[a-z-]+", str(project.settings(stack).get("cache:sinks", "")))) <= {"dotenv"}
