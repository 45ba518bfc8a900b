"""What a server says of itself in its answer to INFO, which no vendor blocks, and which a user's rights may leave out.

Read here and not by redis-py, which breaks on what it does not expect.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from verify.cache import Usage
from verify.diagnosis import diagnose
from verify.faults import COMMAND_BLOCKED, NOT_PERMITTED, UNREADABLE_ANSWER, CacheError, Fault
from verify.report import UNKNOWN_SERVER

if TYPE_CHECKING:
    import redis

Information = Mapping[str, Any]

# What keeps INFO from a user, with the reason that a check is skipped for.
REFUSALS: Final = {
    NOT_PERMITTED: "the user may not run INFO (-@dangerous has it)",
    COMMAND_BLOCKED: "the server does not know INFO",
}

_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,19}")
_VERSION: Final = re.compile(r"[\w.+-]{1,40}", re.ASCII)


def parse(answer: object) -> dict[str, Any]:
    """Return the fields of an answer to INFO: each a text, or texts by their names as in "db0:keys=1,expires=0".

    Raises `CacheError` (unreadable-answer) for what is no text.
    """
    if not isinstance(answer, bytes):
        raise unreadable("INFO", answer, "text")
    fields = {}
    for line in answer.decode(errors="replace").splitlines():
        name, colon, value = line.partition(":")
        if colon and not line.startswith("#"):
            parts = dict(part.split("=", 1) for part in value.split(",") if "=" in part)
            fields[name] = parts or value
    return fields


def number(information: Information, name: str) -> int | None:
    """Return a field that is a whole number, or None where a vendor leaves it out.

    Raises `CacheError` (unreadable-answer) for anything else, like "nan" and "1e400".
    """
    value = information.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value):
        return int(value)
    raise unreadable(f"{name} of INFO", value, "a whole number")


def unreadable(field: str, value: object, expected: str) -> CacheError:
    """Return the error that names the field, and what stood there."""
    return CacheError(UNREADABLE_ANSWER, f"{field} is not {expected}: {str(value)[:100]!r}")


def ask(client: "redis.Redis") -> Usage:
    """Ask for the figures of the status; without the right to run INFO, for the number of keys alone.

    Raises what redis-py does, and `CacheError` for an answer that is no text.
    """
    _prepare(client)
    try:
        return usage(parse(client.execute_command("INFO")))
    except Exception as refusal:
        if diagnose(refusal, tls=False) not in REFUSALS:
            raise
    try:
        keys = client.dbsize()
    except Exception as refusal:
        if diagnose(refusal, tls=False) not in REFUSALS:
            raise
        keys = None
    return Usage(version=UNKNOWN_SERVER, keys=keys if isinstance(keys, int) else None)


def everything(client: "redis.Redis") -> tuple[Information, Fault | None]:
    """Ask for every section; without the right to run INFO, return nothing and the refusal.

    Raises what redis-py does, and `CacheError` for an answer that is no text.
    """
    _prepare(client)
    try:
        return parse(client.execute_command("INFO", "all")), None
    except Exception as error:
        refusal = diagnose(error, tls=False)
        if refusal not in REFUSALS:
            raise
    return {}, refusal


def _prepare(client: "redis.Redis") -> None:
    client.response_callbacks.pop("INFO", None)
    # What a server refuses while it is connected to, AUTH for one, is no refusal of INFO.
    client.connection_pool.release(client.connection_pool.get_connection())


def server(information: Information) -> str:
    """Return product and version: "valkey 9.1.2", "redis 7.0.15", or "unknown".

    Valkey reports the Redis that it is compatible with as `redis_version`, and itself apart.
    """
    for product in ("valkey", "redis"):
        version = information.get(f"{product}_version")
        if version and _VERSION.fullmatch(str(version)):
            return f"{product} {version}"
    return UNKNOWN_SERVER


def usage(information: Information) -> Usage:
    """Return the figures of the status; what a vendor leaves out counts as 0, and what cannot be read as unknown."""

    def figure(name: str) -> int | None:
        try:
            return number(information, name) or 0
        except CacheError:
            return None

    try:
        keys = sum(database["keys"] for database in databases(information).values())
    except CacheError:
        keys = None
    return Usage(
        version=server(information),
        keys=keys,
        memory_used_bytes=figure("used_memory"),
        memory_limit_bytes=figure("maxmemory"),
        hits=figure("keyspace_hits"),
        misses=figure("keyspace_misses"),
        evictions=figure("evicted_keys"),
        uptime_seconds=figure("uptime_in_seconds"),
    )


def replicas(information: Information) -> dict[str, dict[str, Any]]:
    """Return `state` and `lag` (seconds) of each replica that is connected.

    Raises `CacheError` (unreadable-answer).
    """
    return {
        name: {"state": fields.get("state"), "lag": _part(fields, name, "lag")}
        for name, fields in _numbered(information, "slave").items()
    }


def databases(information: Information) -> dict[str, dict[str, int]]:
    """Return `keys` and `expires` of each database that has any. Raises `CacheError` (unreadable-answer)."""
    return {
        name: {part: _part(fields, name, part) for part in ("keys", "expires")}
        for name, fields in _numbered(information, "db").items()
    }


def _numbered(information: Information, prefix: str) -> dict[str, Mapping[str, Any]]:
    """Return the fields of several parts that are named "db0" and so on."""
    found = {name: value for name, value in information.items() if re.fullmatch(rf"{prefix}[0-9]+", name)}
    for name, value in found.items():
        if not isinstance(value, Mapping):
            raise unreadable(f"{name} of INFO", value, "a list of parts")
    return found


def _part(fields: Mapping[str, Any], name: str, part: str) -> int:
    return number({f"{part} in {name}": fields.get(part)}, f"{part} in {name}") or 0
