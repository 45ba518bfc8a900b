"""A connection as the application reads it: the REDIS_* variables, and a URL."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
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


def delivered(
    connection: CacheEnvironment,
    own_variables: Sequence[str],
    named: Mapping[str, str] = MappingProxyType({}),
    *,
    attached: bool,
) -> Mapping[str, str]:
    """Return each variable of a delivery: the guide's six, those of ours, and the names that the application gives.

    `named` maps a name to its part of the connection, by `PARTS`. All are empty when detached.
    """
    is_known = attached and bool(connection.host)
    known = variables(connection) if is_known else {}
    parts = {name: PARTS[part](connection) for name, part in named.items()} if is_known else {}
    return {name: parts.get(name, known.get(name, "")) for name in names(own_variables, named)}


def names(own_variables: Sequence[str], named: Mapping[str, str]) -> tuple[str, ...]:
    """Return the name of each variable of a delivery. A certificate authority is named only where there is one."""
    given = [name for name, part in named.items() if part != "ca" or "REDIS_TLS_CA" in own_variables]
    return tuple(dict.fromkeys((*GUIDES_VARIABLES, *own_variables, *given)))


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


# The parts of a connection to which a setting can give a name of the application's (cache:variables).
PARTS: Final[Mapping[str, Callable[[CacheEnvironment], str]]] = {
    "host": lambda connection: connection.host or "",
    "port": lambda connection: str(connection.port),
    # Redis gives this name to whoever brings a password alone (redis.io/commands/auth).
    "username": lambda connection: connection.username or "default",
    "password": lambda connection: connection.password or "",
    "tls": lambda connection: "true" if connection.use_tls else "false",
    "ca": lambda connection: connection.tls_ca or "",
    "url": url,
    # No backend of ours has another.
    "database": lambda _: "0",
}

# What the variables of every delivery say, for a name that is given to a part as well.
PART_OF: Final[Mapping[str, str]] = {
    "REDIS_HOST": "host",
    "REDIS_PORT": "port",
    "REDIS_USERNAME": "username",
    "REDIS_PASSWORD": "password",
    "REDIS_USE_TLS": "tls",
    "REDIS_TLS_CA": "ca",
    "REDIS_MAX_RETRIES": "number of retries",
    "REDIS_CONNECT_TIMEOUT": "time to connect",
    "REDIS_TLS_SERVER_NAME": "name in the certificate",
}
