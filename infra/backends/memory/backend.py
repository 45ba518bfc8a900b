"""No Redis: the application's own memory."""

from typing import Final

from infra.backend import Backend, always
from infra.backends.memory.settings import MemorySettings

BACKEND: Final = Backend(
    name="memory",
    resources="infra.backends.memory.resources",
    settings=MemorySettings,
    not_counted="the memory of the application",
    # There is no server to size.
    offers=lambda *_: (),
    is_on_this_machine=always,
    is_served_in_process=True,
)
