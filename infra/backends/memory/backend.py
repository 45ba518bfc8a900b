"""No Redis: the application's own memory."""

from typing import Final

from infra.backend import Backend, always

BACKEND: Final = Backend(
    name="memory",
    resources="infra.backends.memory.resources",
    is_on_this_machine=always,
    is_served_in_process=True,
)
