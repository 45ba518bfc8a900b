"""The verbs on a stack: bring it up, look at it, change it, take it down. Each returns its exit code."""

import time
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from operate import facts
from runner import closing, confirmation, verbs
from runner.attempt import say
from runner.engines import NotReachable
from runner.project import Project
from runner.verbs import Stack

if TYPE_CHECKING:
    from infra.rotation import Step

OFFLINE: Final = "offline"


def up(project: Project, options: Namespace) -> int:
    """Create or change what the stack declares, and report where it is. Raises `ProjectError`."""
    started = time.monotonic()
    stack = chosen(project, options)
    confirmation.hand_over(project, options.stack, options.confirm)
    code = stack.up()
    if code == 0:
        for line in closing.lines(stack.outputs(), stack=options.stack, seconds=time.monotonic() - started):
            print(line)
    return code


def preview(project: Project, options: Namespace) -> int:
    """Show what `up` would do; offline where that is asked for, or where Pulumi cannot be reached and may be left out.

    A pipeline's preview is never offline: it would compare with nothing. Raises `ProjectError`.
    """
    because = f"ENGINE={OFFLINE}"
    if options.engine != OFFLINE:
        try:
            return chosen(project, options).preview()
        except NotReachable as unreachable:
            if options.engine != "auto" or confirmation.is_pipeline():
                raise
            because = unreachable.because
    # Imported late, with Pulumi's SDK, which takes a second.
    from offline.preview import preview as preview_offline

    return preview_offline(project, options.stack, because=because, needs=facts.needs(project, options.stack))


def down(project: Project, options: Namespace) -> int:
    """Remove what the stack made, and what no state knows of it. Raises `ProjectError`."""
    from operate import leftovers

    stack = chosen(project, options, only_leaving=True)
    return verbs.take_down(stack, options.stack, options.confirm) or leftovers.remove(project, options.stack)


def outputs(project: Project, options: Namespace) -> int:
    """Print the outputs, secrets masked. Raises `ProjectError`."""
    return verbs.print_outputs(chosen(project, options, only_leaving=True))


def env(project: Project, options: Namespace) -> int:
    """Print the application's variables. Raises `ProjectError`."""
    return verbs.print_environment(chosen(project, options, only_leaving=True), options.stack)


def verify(project: Project, options: Namespace) -> int:
    """Prove the running stack. Raises `ProjectError`."""
    return verbs.verify(project, chosen(project, options), options.stack)


def rotate(project: Project, options: Namespace) -> int:
    """Deliver a new password beside the old one. Raises `ProjectError`."""
    return _rotated("start", project, options)


def rotate_finish(project: Project, options: Namespace) -> int:
    """Drop the old password. Raises `ProjectError`."""
    return _rotated("finish", project, options)


def rotate_undo(project: Project, options: Namespace) -> int:
    """Deliver the old password again. Raises `ProjectError`."""
    return _rotated("undo", project, options)


def rollback(project: Project, options: Namespace) -> int:
    """Take the cache away from the application. Raises `ProjectError`."""
    from operate.rollback import detach

    return _changed(detach, project, options)


def attach(project: Project, options: Namespace) -> int:
    """Hand the cache back to the application. Raises `ProjectError`."""
    from operate.rollback import attach as attach_again

    return _changed(attach_again, project, options)


def back_up(project: Project, options: Namespace) -> int:
    """Copy what is in the cache out. Raises `ProjectError`."""
    from operate import backup

    backup.take(project, chosen(project, options, only_leaving=True), options.stack)
    return 0


def backups(project: Project, options: Namespace) -> int:
    """List the backups on this machine."""
    from operate import backup

    return backup.show(project, options.stack)


def restore(project: Project, options: Namespace) -> int:
    """Put a backup in the place of what is in the cache. Raises `ProjectError`."""
    from operate import backup

    return backup.restore(
        project, chosen(project, options), options.stack, options.source, confirmation=options.confirm
    )


def drill(project: Project, options: Namespace) -> int:
    """Prove that a backup can be restored. Raises `ProjectError`."""
    from operate import drill as drills

    def choose(name: str) -> Stack:
        return verbs.choose(project, name, options.engine, facts.of(project, name))

    return drills.run(project, _up_and_confirmed(project, options), options.stack, choose)


def chosen(project: Project, options: Namespace, *, only_leaving: bool = False) -> Stack:
    """Return the stack with its engine; `only_leaving` as `verbs.choose` has it. Raises `ProjectError`."""
    known = facts.of(project, options.stack)
    return verbs.choose(project, options.stack, options.engine, known, only_leaving=only_leaving)


def _rotated(step: "Step", project: Project, options: Namespace) -> int:
    from operate import rotation

    restarts = "cache:afterDelivery" in project.settings(options.stack)
    stack = _up_and_confirmed(project, options)
    return rotation.take(step, stack, options.stack, restarts=restarts, say=say)


def _changed(
    change: Callable[[Project, Stack, str, Callable[[str], None]], int], project: Project, options: Namespace
) -> int:
    return change(project, _up_and_confirmed(project, options), options.stack, say)


def _up_and_confirmed(project: Project, options: Namespace) -> Stack:
    stack = chosen(project, options)
    # What is not up has nothing to rotate or to give back, and a wrong login must not build it.
    verbs.require_up(stack, options.stack)
    confirmation.hand_over(project, options.stack, options.confirm)
    return stack
