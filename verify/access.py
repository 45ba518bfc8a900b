"""What the application's user may do: presets of rights, and rules that add to a preset or take away from it.

The rules are those of `ACL SETUSER` (redis.io, "ACL"), and mean the same on Redis 7.0 and Valkey 9.1. `infra` declares
them on every backend, and the check `rights` tries them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

Preset = Literal["cache", "data", "full"]

# How the keys that we write ourselves begin.
PROBE_PREFIX: Final = "verify:"

# What client libraries ask of a server beside the application's own commands: INFO and CLIENT LIST are in @dangerous,
# and the others in no category that a preset has.
_FOR_CLIENTS: Final = ("+info", "+client|list", "+time", "+cluster|nodes", "+cluster|shards", "+cluster|slots")

# `data` has the scripts and functions of an application. FLUSH, KILL, RESTORE and SCRIPT DEBUG act on those of all, and
# Redis counts them as @scripting alone. They are taken away with their whole command, and the harmless ones are given
# back, since a version before 7.0 takes no rule against a part of a command.
PRESETS: Final[Mapping[Preset, tuple[str, ...]]] = {
    "cache": (
        *("~*", "&*", "-@all", "+@string", "+@keyspace", "+@connection", "+@transaction", "-@admin", "-@dangerous"),
        *_FOR_CLIENTS,
    ),
    "data": (
        *("~*", "&*", "-@all", "+@read", "+@write", "+@keyspace", "+@connection", "+@transaction", "+@pubsub"),
        *("+@scripting", "-@admin", "-@dangerous", "-function", "-script"),
        *("+function|list", "+function|load", "+script|exists", "+script|load"),
        *_FOR_CLIENTS,
    ),
    "full": ("~*", "&*", "+@all"),
}

# Rules that give the administration of the server, in whole or in part.
ADMINISTRATION: Final = frozenset({"+@all", "allcommands", "+@dangerous", "+@admin"})

# ACL CAT of Redis 7.0 and Valkey 9.1, and what the modules of Redis 8 and of Valkey add. Not @all: a preset it is.
CATEGORIES: Final = frozenset(
    [
        *("keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo"),
        *("stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction"),
        *("scripting", "bloom", "cms", "cuckoo", "json", "search", "tdigest", "timeseries", "topk"),
    ]
)

_PATTERN: Final = re.compile(r"(?P<what>~|%R~|%W~|&)(?P<names>.+)")
_COMMAND: Final = re.compile(r"[+-][a-z][a-z0-9._-]*(\|[a-z][a-z0-9-]*)?")
_CATEGORY: Final = re.compile(r"[+-]@(?P<category>\w+)", re.ASCII)
# A server's configuration gives a meaning to quotes and backslashes, and parts the rules at white space.
_NAMES: Final = re.compile(r"[!#-&(-\[\]-~]+")
_PLAIN: Final = re.compile(r"[\w:./{}-]+", re.ASCII)

_KEYS: Final = ("~", "%R~", "%W~")
_PASSWORDS: Final = (">", "<", "#", "!")


def is_plain(names: str) -> bool:
    """Whether a name has neither wildcards nor what a server's configuration gives a meaning to."""
    return _PLAIN.fullmatch(names) is not None


def problem(rule: str) -> str | None:
    """Return what is wrong with a rule that is to change a preset, as a predicate; None where nothing is.

    A rule that may hold a password is not repeated.
    """
    if found := _CATEGORY.fullmatch(rule):
        if found["category"] == "all":
            return f"is {rule}, which changes no preset but replaces it: cache:access full has every command"
        return None if found["category"] in CATEGORIES else f"is {rule}, which is no category of Redis, like +@read"
    if found := _PATTERN.fullmatch(rule):
        usable = _NAMES.fullmatch(found["names"])
        return None if usable else f"is {rule!r}, with white space, a quote, a backslash or what is not ASCII"
    if _COMMAND.fullmatch(rule):
        return None
    shown = "a password" if rule.startswith(_PASSWORDS) else repr(rule)
    return f"is {shown}, and neither ~keys, %R~keys, %W~keys, &channels, +command, -command, +@category nor -@category"


def rules(preset: Preset, extra: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the whole rules of a user. Patterns of keys and of channels stand in the place of the preset's own.

    `extra` are rules that have no `problem`.
    """
    added = tuple(extra)
    keys = [rule for rule in added if rule.startswith(_KEYS)] or ["~*"]
    channels = [rule for rule in added if rule.startswith("&")] or ["&*"]
    commands = [rule for rule in (*PRESETS[preset], *added) if rule.startswith(("+", "-"))]
    return (*keys, *channels, *commands)


def leaves_out_probes(extra: Iterable[str], prefix: str = PROBE_PREFIX) -> bool:
    """Whether the key patterns leave out keys that begin with `prefix`, for reading or for writing.

    A pattern that has more than a star at its end is not counted: what it covers is for the server to say.
    """
    patterns = [rule for rule in extra if rule.startswith(_KEYS)]
    covered = {
        way
        for rule in patterns
        for kind, names in [rule.split("~", 1)]
        if names == "*" or (names.endswith("*") and is_plain(names[:-1]) and prefix.startswith(names[:-1]))
        for way in (kind.removeprefix("%") or "RW")
    }
    return bool(patterns) and covered != {"R", "W"}
