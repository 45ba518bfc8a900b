"""`make drill`: prove that a backup can be restored, in a stack that is thrown away afterwards."""

import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import yaml

from infra.backends import settings_of
from infra.backup import NO_KEY, BackupError, Backups, Sampled
from infra.settings.common import CommonSettings
from infra.settings.delivery import Settings
from operate import backup, leftovers
from runner import private_file
from runner.attempt import FAILED, say
from runner.project import Project
from runner.project_error import ProjectError
from runner.verbs import Stack

SAMPLE: Final = 1_000
# A server rounds what is left of a life, and reads its clock at another moment.
LIFE_MILLISECONDS: Final = 2_000

# The first line of a throw-away stack's file: no other stack of that name is touched.
MARK: Final = "# Made by make drill, which removes it.\n"

T = TypeVar("T")


def run(project: Project, stack: Stack, name: str, choose: Callable[[str], Stack]) -> int:
    """Back a stack up, restore that into another, compare, and take the other down; return the exit code.

    `choose` finds the engine of a stack. What a drill that was killed left is removed first. Raises `ProjectError`.
    """
    backups, cache = backup.running(project, stack, name)
    other = f"{name}-drill"
    steps: dict[str, float] = {}
    _remove(project, other, choose)
    began = time.time()
    stored = _timed(steps, "back up", lambda: backup.take(project, stack, name))
    source = backups.sample(cache, size=SAMPLE)
    settings = yaml.safe_dump({"config": _settings(project, name, backups)})
    private_file.write(project.stack_file(other), MARK + settings)
    try:
        throwaway = choose(other)
        # The restore brings the stack up.
        code = _timed(
            steps,
            "restore",
            lambda: backup.restore(project, throwaway, other, str(stored.file), confirmation=other),
        )
        if code != 0:
            return code
        _, restored = backup.running(project, throwaway, other)
        found = _timed(steps, "compare", lambda: backups.sample(restored, list(source)))
    except BackupError as error:
        raise ProjectError(f"the drill of stack {name} failed: {error}") from None
    finally:
        _timed(steps, "take down", lambda: _remove(project, other, choose))
    return _judged(name, source, found, steps, age=time.time() - began)


def _judged(
    name: str, source: Mapping[str, Sampled], found: Mapping[str, Sampled], steps: Mapping[str, float], *, age: float
) -> int:
    """Report what the drill came to; return the exit code."""
    equal = [key for key in source if _is_same(source[key], found[key])]
    wrong = [key for key in source if key not in {*equal} and not _was_used(source[key], age)]
    for step, seconds in steps.items():
        say(f"  {step:<10} {seconds:6.1f} s")
    used = len(source) - len(equal) - len(wrong)
    say(
        f"of {len(source):,} keys {len(equal):,} are the same, {used:,} were used or ended since, {len(wrong):,} differ"
    )
    if wrong or (source and not equal):
        example = min(wrong or source)
        say(f"error: the backup of stack {name} does not have what was in the cache, for example {example!a}")
        return FAILED
    say(f"the backup of stack {name} was restored, and has what was in the cache")
    return 0


def _is_same(one: Sampled, other: Sampled) -> bool:
    """Whether a key is there in both, and has the same value and life."""
    if NO_KEY in (one.expires_at, other.expires_at):
        return False
    return one.value == other.value and abs(one.expires_at - other.expires_at) <= LIFE_MILLISECONDS


def _was_used(source: Sampled, age: float) -> bool:
    """Whether a key may have changed or ended since the backup, so that it proves nothing."""
    is_over = 0 <= source.expires_at <= time.time() * 1000
    return is_over or source.expires_at == NO_KEY or source.idle_seconds is None or source.idle_seconds <= age + 1


def _settings(project: Project, name: str, backups: Backups) -> Mapping[str, object]:
    """Return the stack's own settings, less those of the delivery: the application reads nothing of a drill."""
    given = project.settings(name)
    model = settings_of(str(given["cache:backend"]))
    kept = {
        key
        for field, key in model.keys().items()
        if (field in CommonSettings.model_fields and field != "application_url") or field not in Settings.model_fields
    }
    own = {**{key: value for key, value in given.items() if key in kept}, **backups.beside()}
    return {key: value for key, value in own.items() if value is not None}


def _remove(project: Project, other: str, choose: Callable[[str], Stack]) -> None:
    """Take a throw-away stack down, with its file and its backups; nothing happens where there is none."""
    file = project.stack_file(other)
    if not file.exists():
        return
    if MARK not in file.read_text(encoding="utf-8"):
        raise ProjectError(
            f"stack {other} is none of a drill's, which would take it down: give that stack another name"
        )
    if choose(other).destroy() != 0 or leftovers.remove(project, other) != 0:
        raise ProjectError(f"stack {other} of a drill could not be taken down: make down STACK={other} CONFIRM={other}")
    backup.folder(project, other).remove()
    file.unlink()


def _timed(steps: dict[str, float], step: str, work: Callable[[], T]) -> T:
    began = time.monotonic()
    try:
        return work()
    finally:
        steps[step] = time.monotonic() - began
