"""A real server on this machine."""

from typing import Final

from infra.backend import Backend

BACKEND: Final = Backend(name="local", resources="infra.backends.local.resources")
