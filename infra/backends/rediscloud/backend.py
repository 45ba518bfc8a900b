"""Redis Cloud, through its REST API."""

from typing import Final

from infra.backend import Backend

BACKEND: Final = Backend(name="rediscloud", resources="infra.backends.rediscloud.resources")
