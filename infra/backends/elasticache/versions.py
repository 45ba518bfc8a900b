"""The engines' versions that a stack may pin, and what a change from one to another means."""

from collections.abc import Mapping
from typing import Final

from infra.backends.elasticache.nodes import Engine

# The first is the default. ElastiCache for Redis OSS ends at 7.1; RBAC needs Redis OSS 6.0 (User Guide, "Supported
# engines and versions"). Versions as cfn-lint's copy of AWS's own list has them, which a test compares.
VERSIONS: Final[Mapping[Engine, tuple[str, ...]]] = {
    "redis": ("7.1", "7.0"),
    "valkey": ("8.2", "8.1", "8.0", "7.2"),
}


def family(engine: str, version: str) -> str:
    """Return the parameter group family: redis7, valkey8."""
    return f"{engine}{version.partition('.')[0]}"


def change_problem(old: tuple[str, str], new: tuple[str, str], *, apply_immediately: bool) -> str | None:
    """Explain why a replication group cannot go from one (engine, version) to another, or None where it can.

    A downgrade makes the provider replace the group, with all data in it (terraform-provider-aws,
    customizeDiffEngineVersionForceNewOnDowngrade and customizeDiffEngineForceNewOnDowngrade).
    """
    if old == new:
        return None
    (old_engine, old_version), (engine, version) = old, new
    step = f"from {old_engine} {old_version} to {engine} {version}"
    if is_downgrade(old, new):
        return (
            f"{step} is a downgrade, which deletes the cache with its data: set cache:engine {old_engine} and "
            f"cache:engineVersion {old_version} or later"
        )
    if family(*old) != family(*new) and not apply_immediately:
        # The old parameter group is deleted at the end of the update, and AWS refuses that while the upgrade waits.
        return (
            f"{step} takes another parameter group, which cannot wait for the maintenance window: set "
            "cache:applyImmediately true for this update"
        )
    return None


def is_downgrade(old: tuple[str, str], new: tuple[str, str]) -> bool:
    """Whether the way from one (engine, version) to another goes back."""
    return (old[0], new[0]) == ("valkey", "redis") or _number(new[1]) < _number(old[1])


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
