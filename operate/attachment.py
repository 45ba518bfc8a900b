"""`make rollback` and `make attach`: take the connection away from the application, and give it back.

The setting goes into the stack's file, which is committed: so the next deploy from a pipeline does not undo it.
"""

from collections.abc import Callable

from operate import stack_file
from runner.project import Project
from runner.verbs import Stack

SETTING = "attached"


def detach(project: Project, stack: Stack, name: str, say: Callable[[str], None]) -> int:
    """Have the application go on in its memory; the Redis stays. Gives the exit code. Raises `ProjectError`."""
    stack_file.set_value(project.stack_file(name), SETTING, "false")
    code = stack.up()
    if code == 0:
        say(
            f"stack {name} is rolled back: its Redis stays, and whatever reads its secrets runs in memory from its "
            f"next start on; back again with: make attach STACK={name}"
        )
    say(_commit(project, name, "cache:attached: false", "rolled back"))
    return code


def attach(project: Project, stack: Stack, name: str, say: Callable[[str], None]) -> int:
    """Prove the Redis and deliver its connection again. Gives the exit code. Raises `ProjectError`."""
    stack_file.remove(project.stack_file(name), SETTING)
    code = stack.up()
    if code == 0:
        say(f"stack {name} is attached: its Redis is proved and delivered, for the application's next start")
    say(_commit(project, name, "no cache:attached", "attached"))
    return code


def _commit(project: Project, name: str, words: str, state: str) -> str:
    file = project.stack_file(name).name
    return (
        f"{file} has {words}; commit it, or the next deploy from elsewhere does the opposite:\n"
        f"      git commit -m 'The cache of {name} is {state}' {file}"
    )
