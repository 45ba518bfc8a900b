"""Whose a server is, and what is said where it is another's.

A server is told by its owner (the place of the state, and the stack) and by the number of the `.local` that this is of
(identity.py).
"""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infra.backends.local import identity
from infra.backends.local.server import LocalServer, Owner

# State holds the folder relative to the project, so that a project can be moved with its state.
PROJECT: Final = Path(__file__).resolve().parents[3]

# What ends or removes a server, and nothing that is none.
END: Final = ".venv/bin/python -m infra.backends.local end"
REMOVE: Final = ".venv/bin/python -m infra.backends.local remove"


def server_in(folder: str) -> LocalServer:
    """Return the server in a folder, which is relative to the project or absolute."""
    path = PROJECT / folder
    return LocalServer(path, is_own_place=is_own_place(path))


def default_folder(stack: str) -> str:
    """Return where the server of a stack has its files unless cache:folder says otherwise, relative to the project."""
    return f".local/servers/{stack}"


def is_own_place(folder: Path) -> bool:
    """Whether a folder is one that this project alone uses: one in its own `.local`."""
    return (PROJECT / identity.FOLDER).resolve() in folder.resolve().parents


def is_ours(record: Owner, props: Mapping[str, Any], olds: Mapping[str, Any] | None = None) -> bool:
    """Whether a server is that of this stack of this `.local`.

    `props` are those of the program or of the state; `olds` are those of the state, where there are both.
    """
    if record.owner != props["owner"]:
        return False
    state = props if olds is None else olds
    if not record.identity:
        # An earlier version wrote no number, and had a place in the project or a state that knows the folder.
        return is_own_place(PROJECT / props["folder"]) or (
            state.get("folder") == props["folder"] and not state.get("identity")
        )
    here = identity.find(PROJECT)
    copied_from = set(here.copied_from if here else ())
    known = {props.get("identity"), state.get("identity"), here.number if here else None}
    if is_own_place(PROJECT / props["folder"]):
        # What the copy brought along is the copy's, and nobody else has anything there but another project that was
        # sent there by its cache:folder.
        is_anothers = identity.is_in_use(record.identity, Path(record.project), other_than=PROJECT)
        return record.identity in known | copied_from or not is_anothers
    return record.identity in known - copied_from


def damaged(props: Mapping[str, Any]) -> str:
    """Return what is said where a record does not tell whose a folder is."""
    folder = props["folder"]
    return (
        f"{folder}/owner.json is damaged, and does not say whose server is in {folder}; if it is this stack's, write "
        f"it again: {_rewriting(props)}; if not, set cache:folder to another"
    )


def _rewriting(props: Mapping[str, Any]) -> str:
    record = json.dumps({"owner": props["owner"], "identity": props["identity"]})
    return f"echo {shlex.quote(record)} > {shlex.quote(props['folder'] + '/owner.json')}"


def unknown(here: LocalServer) -> str:
    """Return what is said where a server is to be removed and nothing tells whose it is."""
    process = here.process()
    held = f"is held by a living server, process {process or 'unknown'}, and its" if here.is_running() else "has a"
    return (
        f"{here.folder} {held} owner.json is missing or damaged, so nothing was removed; if server and data are "
        f"this stack's: {REMOVE} {shlex.quote(str(here.folder))}"
    )


def belongs_to_another(props: Mapping[str, Any], record: Owner) -> str:
    """Return what is said where a folder holds the server of another owner."""
    folder = props["folder"]
    if record.owner != props["owner"] or identity.is_in_use(record.identity, Path(record.project), other_than=PROJECT):
        place = f" in {record.project}" if record.project not in {"", str(PROJECT)} else ""
        return f"{folder} holds the server of another owner, {record.owner}{place}; {_taking_down(record)}"
    return (
        f"{folder} holds the server of another owner: of the same stack in a .local that was lost or moved; to "
        f"go on with it and its data: {_rewriting(props)}; to remove it: {REMOVE} {shlex.quote(folder)}"
    )


def _taking_down(record: Owner) -> str:
    backend, _, stack = record.owner.rpartition("#")
    make = "make" if record.project in {"", str(PROJECT)} else f"make -C {shlex.quote(record.project)}"
    if backend.startswith("inprocess:"):
        return f"to take it down: {make} down STACK={stack} ENGINE=inprocess"
    if backend.endswith("/.local/state"):
        return f"to take it down: {make} down STACK={stack} ENGINE=pulumi"
    return f"to take it down: PULUMI_BACKEND_URL={backend} pulumi destroy --stack {stack}"
