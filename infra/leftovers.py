"""`python -m infra.leftovers`: what a stack left on this machine that no state knows any more, removed.

`make down` runs it at its end. A state that was lost or damaged says nothing of the server and of the file with the
password, which are still there.
"""

import argparse
import sys
from collections.abc import Callable, Collection
from functools import partial
from typing import Final

from infra.backends.local import identity, ownership
from infra.backends.local.server import ServerError

FAILED: Final = 1

# What a connection has beyond the guide's variables (infra/connection.py).
OWN_VARIABLES: Final = ("REDIS_USERNAME", "REDIS_TLS_CA", "REDIS_TLS_SERVER_NAME")


class LeftBehind(Exception):
    """Something cannot be removed; the message is one line, with the cure."""


def main() -> int:
    """Remove what is left; return the exit code, 1 where something of another owner's or unremovable remains."""
    parser = argparse.ArgumentParser(prog="python -m infra.leftovers", description=__doc__)
    parser.add_argument("--folder", action="append", default=[], help="where a server may be left")
    parser.add_argument("--file", action="append", default=[], help="an environment file that may be left")
    parser.add_argument("--owner", action="append", default=[], help="an owner whose state has nothing in it any more")
    parser.add_argument("--with-record", action="store_true", help="leave a server of which no record tells the owner")
    arguments = parser.parse_args()
    removals: list[Callable[[], None]] = [
        *(
            partial(remove_server, name, arguments.owner, with_record=arguments.with_record)
            for name in arguments.folder
        ),
        *(partial(remove_variables, name) for name in arguments.file),
    ]
    code = 0
    for remove in removals:
        try:
            remove()
        except (LeftBehind, ServerError) as error:
            print(f"error: {error}", file=sys.stderr)
            code = FAILED
    return code


def remove_server(folder: str, owners: Collection[str], *, with_record: bool) -> None:
    """Remove a server if one of the owners has it. Raises `LeftBehind` and `ServerError`."""
    here = ownership.server_in(folder)
    is_own_place = ownership.is_own_place(here.folder)
    if not here.is_known() and not (here.exists() and is_own_place):
        return
    record = here.owner()
    if record is None:
        if with_record or not is_own_place:
            raise LeftBehind(ownership.unknown(here))
    elif not any(ownership.is_ours(record, {"owner": owner, "folder": folder}) for owner in owners):
        # What a project was sent to by its cache:folder, and never had, is no leftover of its own.
        if not is_own_place and record.project != str(ownership.PROJECT):
            return
        here_known = identity.find(ownership.PROJECT)
        props = {"folder": folder, "owner": record.owner if record.owner in owners else ""}
        props["identity"] = here_known.number if here_known else ""
        raise LeftBehind(ownership.belongs_to_another(props, record))
    here.remove()
    print(f"removed {folder}, which no state knew of")


def remove_variables(name: str) -> None:
    """Take the variables of a connection out of a file, and the file away where it has nothing else."""
    # Imported where it is used: it takes a second, and mostly there is none.
    from infra.connection import GUIDES_VARIABLES
    from infra.sinks import environment_file, files

    try:
        text = files.read_or_refuse(name)
        if text is None:
            return
        others = environment_file.without(text, {*GUIDES_VARIABLES, *OWN_VARIABLES})
        if others.strip():
            files.write(files.find(name), others, mode=files.OWNER_ALONE)
        else:
            files.remove(files.find(name))
    except files.FileError as error:
        raise LeftBehind(str(error)) from None
    except environment_file.AmbiguousLine as error:
        raise LeftBehind(f"{name} {error}: look at it, and remove it") from None
    print(f"removed the variables in {name}, which no state knew of")


if __name__ == "__main__":
    sys.exit(main())
