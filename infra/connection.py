"""A connection as the application reads it: the REDIS_* variables, and a URL."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from verify.access import PROBE_PREFIX
from verify.environment import CacheEnvironment

# What the guide has the application read; each is always delivered.
GUIDES_VARIABLES: Final = (
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_PASSWORD",
    "REDIS_USE_TLS",
    "REDIS_MAX_RETRIES",
    "REDIS_CONNECT_TIMEOUT",
)


def variables(connection: CacheEnvironment) -> Mapping[str, str]:
    """Return the variables that the application reads: the guide's six always, ours only where needed.

    Without a host all are empty, which to the application is unset.
    """
    if not connection.host:
        return dict.fromkeys(GUIDES_VARIABLES, "")
    ours = {
        "REDIS_USERNAME": connection.username,
        "REDIS_TLS_CA": connection.tls_ca,
        "REDIS_TLS_SERVER_NAME": connection.tls_server_name,
        "REDIS_PROBE_PREFIX": connection.probe_prefix if connection.probe_prefix != PROBE_PREFIX else "",
    }
    return {
        "REDIS_HOST": connection.host,
        "REDIS_PORT": str(connection.port),
        "REDIS_PASSWORD": connection.password or "",
        "REDIS_USE_TLS": "true" if connection.use_tls else "false",
        "REDIS_MAX_RETRIES": str(connection.max_retries),
        "REDIS_CONNECT_TIMEOUT": str(connection.connect_timeout_ms),
    } | {name: value for name, value in ours.items() if value}


def delivered(connection: CacheEnvironment, own_variables: Sequence[str], *, attached: bool) -> Mapping[str, str]:
    """Return each variable of a delivery: the guide's six and those of ours, all of them empty when detached."""
    known = variables(connection) if attached else {}
    return {name: known.get(name, "") for name in (*GUIDES_VARIABLES, *own_variables)}


def url(connection: CacheEnvironment) -> str:
    """Return the connection as a URL, user and password percent-encoded; `rediss://` when it is TLS.

    Without a host there is no URL either.
    """
    if not connection.host:
        return ""
    scheme = "rediss" if connection.use_tls else "redis"
    user = quote(connection.username or "", safe="")
    secret = f":{quote(connection.password, safe='')}" if connection.password else ""
    at = "@" if user or secret else ""
    return f"{scheme}://{user}{secret}{at}{connection.address}"
