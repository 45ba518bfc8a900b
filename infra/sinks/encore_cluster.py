"""A cache in the terms of Encore's infrastructure file.

What the two runtimes that read the file ask for (encoredev/encore): the one of TypeScript fails without
`database_index` and `in_memory`, and takes a missing `tls_config` for TLS (runtimes/core/src/infracfg.rs); the one of
Go takes it for none, and wants the port and a host that is not empty (runtimes/go/appruntime/exported/config/).
"""

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

# What of a cluster is ours. The rest (key_prefix, max_connections, ...) is the application's.
OURS: Final = ("host", "auth", "tls_config", "in_memory")

PASSWORD: Final = {"$env": "REDIS_PASSWORD"}


def content(values: Mapping[str, str]) -> dict[str, Any]:
    """Describe in Encore's terms how the cache is reached; without a host it is in the application's memory."""
    if not values["REDIS_HOST"]:
        # The host is not used then, and must not be empty.
        return {"host": "localhost", "tls_config": {"disabled": True}, "in_memory": True}
    host = values["REDIS_HOST"]
    return {
        "host": f"[{host}]:{values['REDIS_PORT']}" if ":" in host else f"{host}:{values['REDIS_PORT']}",
        **_authentication(values),
        "tls_config": _tls(values),
        "in_memory": False,
    }


def _authentication(values: Mapping[str, str]) -> dict[str, Any]:
    if values.get("REDIS_USERNAME"):
        return {"auth": {"type": "acl", "username": values["REDIS_USERNAME"], "password": PASSWORD}}
    if values["REDIS_PASSWORD"]:
        return {"auth": {"type": "auth_string", "auth_string": PASSWORD}}
    return {}


def _tls(values: Mapping[str, str]) -> dict[str, Any]:
    if values["REDIS_USE_TLS"] != "true":
        return {"disabled": True}
    authority = values.get("REDIS_TLS_CA")
    if not authority:
        return {"disabled": False}
    # A certificate of a private authority names no address, and the file has no place for the name that it has.
    named = not (values.get("REDIS_TLS_SERVER_NAME") or _is_address(values["REDIS_HOST"]))
    return {"disabled": False, "ca": authority, **({} if named else {"disable_tls_hostname_verification": True})}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
