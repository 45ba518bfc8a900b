"""`make rollback` and `make attach`: take the connection away from the application, and give it back.

The setting goes into the stack's file, which is committed: so the next deploy from a pipeline does not undo it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.project import Project, ProjectError
from runner.verbs import Stack

SETTING = "cache:attached"


def detach(project: Project, stack: Stack, name: str, say: Callable[[str], None]) -> int:
    """Have the application go on in its memory; the Redis stays. Return the exit code. Raises `ProjectError`."""
    file = project.stack_file(name)
    with _changed(file, f"{file.name} has cache:attached: false", f"The cache of {name} is rolled back", say):
        project.set_value(name, SETTING, "false")
        code = stack.up()
        if code == 0:
            say(
                f"stack {name} is rolled back: its Redis stays, and whatever reads its secrets runs in memory from its "
                f"next start on; back again with: make attach STACK={name}"
            )
    return code


def attach(project: Project, stack: Stack, name: str, say: Callable[[str], None]) -> int:
    """Prove the Redis and deliver its connection again. Return the exit code. Raises `ProjectError`."""
    file = project.stack_file(name)
    with _changed(file, f"{file.name} has no cache:attached", f"The cache of {name} is attached", say):
        project.remove(name, SETTING)
        code = stack.up()
        if code == 0:
            say(f"stack {name} is attached: its Redis is proved and delivered, for the application's next start")
    return code


@contextmanager
def _changed(file: Path, state: str, subject: str, say: Callable[[str], None]) -> Iterator[None]:
    """Report how to commit the file, however the run ends; one that could not even begin leaves it as it was."""
    before = file.read_bytes()
    commit = f"{state}; commit it, or the next deploy from elsewhere does the opposite:\n"
    commit += f"      git commit -m '{subject}' {file.name}"
    try:
        yield
    except ProjectError:
        file.write_bytes(before)
        raise
    except KeyboardInterrupt:
        say(commit)
        raise
    say(commit)
