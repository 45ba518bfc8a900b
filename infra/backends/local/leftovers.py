"""What a stack left on this machine that no state knows any more: its server, and the file with the password.

A state that was lost or damaged says nothing of them, and they are still there. The file is looked for whatever the
stack's backend is, since a container's variables are in one as well.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final

from infra.backend import TakenDown
from infra.backends.local import identity, ownership
from infra.backends.local.server import ServerError
from infra.connection import GUIDES_VARIABLES
from infra.settings import variables
from infra.settings.base import Refusal
from infra.sinks import environment_file, files

# What a connection has beyond the guide's variables (infra/connection.py).
OWN_VARIABLES: Final = ("REDIS_USERNAME", "REDIS_TLS_CA", "REDIS_TLS_SERVER_NAME", "REDIS_PROBE_PREFIX")


class LeftBehind(Exception):
    """Something cannot be removed; the message is one line, with the cure."""


def remove(gone: TakenDown, *, say: Callable[[str], None]) -> Sequence[str]:
    """Remove what is left of a stack, and say what was removed; return what cannot be removed, with the cure."""
    folder = gone.config.get("cache:folder")
    folders = [ownership.default_folder(gone.stack), *([folder] if isinstance(folder, str) else [])]
    file = f".local/{gone.stack}.env"
    is_here = any((ownership.PROJECT / name).exists() for name in (*folders, file))
    # A server whose folder was removed has nothing left but its process.
    if not is_here and gone.config.get("cache:backend") != "local":
        return []
    owners = [f"{address}#{gone.stack}" for address, has_resources in gone.has_resources.items() if not has_resources]
    is_up = any(gone.has_resources.values())
    removals: list[Callable[[], str | None]] = [
        partial(remove_server, folder, owners, with_record=is_up) for folder in folders
    ]
    if not is_up:
        removals.append(partial(remove_variables, file, named(gone.config)))
    problems = []
    for removal in removals:
        try:
            removed = removal()
        except (LeftBehind, ServerError) as error:
            problems.append(str(error))
        else:
            if removed is not None:
                say(f"removed {removed}, which no state knew of")
    return problems


def remove_server(folder: str, owners: Collection[str], *, with_record: bool) -> str | None:
    """Remove a server if one of the owners has it; return what was removed. Raises `LeftBehind` and `ServerError`.

    `with_record` leaves a server of which no record tells the owner.
    """
    here = ownership.server_in(folder)
    is_own_place = ownership.is_own_place(here.folder)
    if not here.is_known() and not (here.exists() and is_own_place):
        return None
    record = here.owner()
    if record is None:
        if with_record or not is_own_place:
            raise LeftBehind(ownership.unknown(here))
    elif not any(ownership.is_ours(record, {"owner": owner, "folder": folder}) for owner in owners):
        # What a project was sent to by its cache:folder, and never had, is no leftover of its own.
        if not is_own_place and record.project != str(ownership.PROJECT):
            return None
        here_known = identity.find(ownership.PROJECT)
        props = {"folder": folder, "owner": record.owner if record.owner in owners else ""}
        props["identity"] = here_known.number if here_known else ""
        raise LeftBehind(ownership.belongs_to_another(props, record))
    here.remove()
    return folder


def named(config: Mapping[str, Any]) -> Collection[str]:
    """Return the names that a configuration gives to the parts of a connection; of a refused one none is known."""
    try:
        given = [name for name, _ in variables.named(config.get("cache:variables", ""))]
    except Refusal:
        given = []
    return [*given, *(["REDIS_URL"] if "cache:url" in config else [])]


def remove_variables(name: str, given: Collection[str]) -> str | None:
    """Take the variables of a connection out of a file, and the file away where it has nothing else.

    Returns what was removed. Raises `LeftBehind`.
    """
    try:
        text = files.read_or_refuse(name)
        if text is None:
            return None
        others = environment_file.without(text, {*GUIDES_VARIABLES, *OWN_VARIABLES, *given})
        if others.strip():
            files.write(files.find(name), others, mode=files.OWNER_ALONE)
        else:
            files.remove(files.find(name))
    except files.FileError as error:
        raise LeftBehind(str(error)) from None
    except environment_file.AmbiguousLine as error:
        raise LeftBehind(f"{name} {error}: look at it, and remove it") from None
    return f"the variables in {name}"
