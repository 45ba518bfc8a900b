"""Capabilities: what a backend can do, and which settings it therefore refuses by name before anything is created."""

import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

Support = Literal["yes", "no", "optional"]
Persistence = Literal["append-only", "snapshot", "none"]
MaxmemoryPolicy = Literal[
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
]

ALL_POLICIES: Final = frozenset(get_args(MaxmemoryPolicy))


class PasswordSupport(NamedTuple):
    """Who makes the password, and how many of ours are valid at a time: two can be rotated without an outage."""

    made_by: Literal["us", "vendor", "nobody"]
    at_a_time: Literal[0, 1, 2] = 0
    # Why none of ours can be set, where a user may wonder.
    note: str = ""


class TagRules(NamedTuple):
    """What a vendor takes for a tag: keys and values, each described, and how many beside the project's own."""

    vendor: str
    key: re.Pattern[str]
    key_description: str
    value: re.Pattern[str]
    value_description: str
    most: int


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one backend can do: its column of the table in the documents."""

    passwords: PasswordSupport
    tls: Support
    largest_replicas: int
    persistence: frozenset[Persistence]
    default_persistence: Persistence
    policies: frozenset[str] = ALL_POLICIES
    # Memory changes without a new server.
    in_place_resize: bool
    private_network: bool
    # The cloud that the cache stands in, and those whose sinks its stack may deliver to: a sink of another cloud needs
    # packages that the stack does not have.
    cloud: str | None = None
    clouds_of_sinks: frozenset[str] = frozenset()
    # What its vendor takes for a tag, where that is no cloud.
    tag_rules: TagRules | None = None
    # Verifiers beside `here` that can stand inside the cache's network.
    verifiers: frozenset[str] = frozenset()
