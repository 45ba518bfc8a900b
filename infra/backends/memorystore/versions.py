"""The versions of Redis that a stack may pin, and what a change from one to another means."""

from typing import Final, Literal, get_args

# Oldest first. The older ones that the REST reference lists for `redisVersion` have no TLS of Redis's own.
RedisVersion = Literal["6.x", "7.0", "7.2"]

VERSIONS: Final[tuple[RedisVersion, ...]] = get_args(RedisVersion)
NEWEST: Final[RedisVersion] = "7.2"


def google_name(version: RedisVersion) -> str:
    """Return Google's name of a version: REDIS_7_2."""
    return f"REDIS_{version.replace('.', '_').upper()}"


def shown(version: RedisVersion) -> str:
    """Return what INFO shows of a version, or its beginning: 7.2, and 6 of 6.x."""
    return version.removesuffix(".x")


def is_downgrade(old: str, new: str) -> bool:
    """Whether Google has no way from one version to the other.

    Between versions with a number the provider then replaces the instance, with all data in it
    (terraform-provider-google, isRedisVersionDecreasing; upgrades were replacements too before issues 8306 and 9174).
    To 6.x it plans a change in place, which Google refuses in the middle of an update.
    """
    known: tuple[str, ...] = VERSIONS
    return known.index(new) < known.index(old)
