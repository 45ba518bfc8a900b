"""No Redis: the application's own memory."""

from typing import Final

from infra.backend import Backend

BACKEND: Final = Backend(name="memory", resources="infra.backends.memory.resources")
