"""A real server on this machine."""

from typing import Final

from infra import server_users
from infra.backend import Backend, always
from infra.backends.local import leftovers
from infra.backends.local.backup import BACKUPS
from infra.backends.local.settings import LocalSettings
from infra.outputs import Output

BACKEND: Final = Backend(
    name="local",
    resources="infra.backends.local.resources",
    settings=LocalSettings,
    is_on_this_machine=always,
    is_served_in_process=True,
    backups=BACKUPS,
    outputs=(
        Output("serverFolder", "the folder with the server's files"),
        Output("serverVersion", "the server's version"),
        server_users.OUTPUT,
    ),
    remove_leftovers=leftovers.remove,
)
