"""What is said and done where the state of a stack cannot be read: what is lost with it, and how to go on."""

import re
import shlex
from collections.abc import Callable

from runner.project import Project


def words(project: Project, stack: str) -> str:
    """Return what is lost with a state, and the commands that go on."""
    quoted = shlex.quote(str(project.inprocess_state(stack)))
    if not _is_all_here(project, stack):
        return (
            f", and nothing else knows what stack {stack} made and its password: restore it from a copy, or remove "
            f"what the stack made where it is, and then the file: rm -r {quoted}"
        )
    return (
        f", and with it the password is lost; to go on with the server and its data, and a new password: mv {quoted} "
        f"{quoted}.old && make up STACK={stack}; to remove everything: make down STACK={stack}"
    )


def forget(project: Project, stack: str, say: Callable[[str], None], *, damage: str) -> int:
    """Remove a state that cannot be read, if what it knew of is found without it; return the exit code."""
    if not _is_all_here(project, stack):
        say(f"error: {damage}{words(project, stack)}")
        return 1
    say(f"{damage}: what the stack made on this machine is looked for without it")
    file = project.inprocess_state(stack)
    try:
        if file.is_dir():
            # It may have something of the user's in it.
            file.replace(file.with_name(f"{file.name}.old"))
        else:
            file.unlink(missing_ok=True)
    except OSError as error:
        say(f"error: {error.filename} cannot be removed: {error.strerror}; look at it, and remove it")
        return 1
    return 0


def _is_all_here(project: Project, stack: str) -> bool:
    """Whether what the stack made is on this machine alone, where it is found without a state."""
    settings = project.settings(stack)
    sinks = re.findall(r"[a-z-]+", str(settings.get("cache:sinks", "")))
    return settings.get("cache:backend", "local") == "local" and set(sinks) <= {"dotenv"}
