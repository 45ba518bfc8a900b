"""`make backup`, `make backups` and `make restore FROM=…`: the data of a cache, copied out and put back."""

import time
from pathlib import Path
from typing import cast

from infra import approval, backend
from infra.backup import KEPT, BackupError, BackupFolder, Backups, Manifest, RunningCache, Stored
from infra.sizing import TIER_NAMES, TierName
from runner import verbs
from runner.attempt import say
from runner.project import Project, ProjectError
from runner.verbs import Stack


def take(project: Project, stack: Stack, name: str) -> Stored:
    """Back the cache of a stack up. Raises `ProjectError`."""
    backups, cache = running(project, stack, name)
    began = time.monotonic()
    try:
        stored = folder(project, name).add(
            time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
            lambda target: backups.take(cache, target),
            keep=KEPT[cast("TierName", cache.tier)],
        )
    except BackupError as error:
        raise ProjectError(f"no backup was taken: {error}") from None
    say(f"backup {stored.name} of stack {name}: {_described(stored.manifest)}, in {time.monotonic() - began:.1f} s")
    return stored


def show(project: Project, name: str) -> int:
    """Print a line for each backup of a stack, the newest first; return the exit code."""
    for stored in reversed(folder(project, name).all()):
        print(f"{stored.name}  tier {stored.manifest.tier}, {_described(stored.manifest)}")
    return 0


def restore(project: Project, stack: Stack, name: str, source: str, *, confirmation: str) -> int:
    """Put a backup in the place of what is in the cache; return the exit code.

    `source` is a backup's name, another stack's as `<stack>/<name>`, or an RDB file of whoever made it. What is in the
    cache is backed up before. A restore that was cut off is run again. Raises `ProjectError`.
    """
    if not source:
        raise ProjectError(
            f"FROM names no backup: make restore FROM=<backup> STACK={name}; to list them: make backups STACK={name}"
        )
    # A restore that was cut off may have left the server stopped.
    if (code := stack.up()) != 0:
        return code
    backups, cache = running(project, stack, name)
    try:
        file, known = _source(project, name, source)
        manifest = backups.inspect(cache, file)
        if known is not None:
            _require_whole(known, manifest)
            _require_approval(project, cache, known)
        _require_confirmation(name, confirmation, f"the data of stack {name} with {_described(manifest)}")
        take(project, stack, name)
    except BackupError as error:
        raise ProjectError(f"nothing was restored: {error}") from None
    try:
        backups.restore(cache, file)
        code = stack.up()
        backups.settle(cache)
    except BackupError as error:
        raise ProjectError(f"the restore did not come to its end, so run the same command again: {error}") from None
    if code == 0:
        say(f"stack {name} has what was in {file}: {_described(manifest)}")
    return code


def running(project: Project, stack: Stack, name: str) -> tuple[Backups, RunningCache]:
    """Return the cache of a stack that is up, and what backs it up. Raises `ProjectError`."""
    outputs = verbs.require_up(stack, name)
    backups = backend.get(str(outputs["backend"])).backups
    if backups is None:
        raise ProjectError(f"the cache of stack {name} is {outputs['backend']}, of which nothing can be backed up here")
    config = project.settings(name)
    return backups, RunningCache(stack=name, tier=str(outputs["tier"]), config=config, outputs=outputs)


def folder(project: Project, stack: str) -> BackupFolder:
    """Return where the backups of a stack are kept on this machine."""
    return BackupFolder(project.local / "backups", stack)


def _source(project: Project, name: str, source: str) -> tuple[Path, Stored | None]:
    stack, _, backup = source.rpartition("/")
    if (stack or name) in project.stacks() and not Path(source).is_file():
        found = folder(project, stack or name).find(backup)
        return found.file, found
    return Path(source).expanduser(), None


def _require_whole(known: Stored, found: Manifest) -> None:
    if found.sha256 != known.manifest.sha256:
        raise BackupError(f"{known.file} is not what was backed up: its SHA-256 is another than its manifest's")


def _require_approval(project: Project, cache: RunningCache, known: Stored) -> None:
    """Ask for a code where the data of a higher tier would come into a lower one: they may be people's own."""
    tiers = list(TIER_NAMES)
    if tiers.index(cast("TierName", known.manifest.tier)) <= tiers.index(cast("TierName", cache.tier)):
        return
    # Each restore takes a backup before, so that the same code is good for one.
    newest = [each.name for each in folder(project, cache.stack).all()][-1:]
    code = approval.code(cache.stack, cache.tier, known.manifest.stack, known.manifest.tier, known.name, *newest)
    if not approval.is_given(code):
        raise BackupError(
            f"backup {known.name} is of tier {known.manifest.tier}, and stack {cache.stack} of tier {cache.tier}: who "
            "reads one may not be allowed to read the other; where they may, "
            f"{approval.VARIABLE}={code} before the command approves this restore"
        )


def _require_confirmation(name: str, confirmation: str, what: str) -> None:
    if (confirmation or verbs.asked(f"This replaces {what}.\nThe stack's name, to go on: ")) != name:
        raise BackupError(f"the name given is not {name}; in a pipeline: CONFIRM={name}")


def _described(manifest: Manifest) -> str:
    return f"{manifest.engine} {manifest.version}, {manifest.keys:,} keys, {manifest.bytes:,} bytes"
