"""What a replication group costs a month."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from infra.backends.elasticache.nodes import Engine
from infra.backends.elasticache.settings import ElastiCacheSettings
from infra.backends.elasticache.tier_defaults import TIER_DEFAULTS
from infra.costs import HOURS, Estimate, GuideEstimate, Item, priced, prices, region_name
from infra.sizing import GIBIBYTE, TierName

# A cache's price does not depend on which network it is in.
NETWORK_STACK: Final = "organization/cache-network/prod"


def estimate(settings: ElastiCacheSettings, *, region: str | None) -> Estimate:
    """Estimate its nodes, the snapshots at their largest, the key if it is its own, and the secret."""
    listed = prices("elasticache").get(region or "", {})
    node, count = settings.node.name, 1 + settings.chosen_replicas
    hourly = listed.get("nodes", {}).get(settings.engine, {}).get(node)
    items = [priced(f"{count} x {node} ({settings.engine}) in {region_name(region)}", hourly, count * HOURS)]
    days = TIER_DEFAULTS[settings.tier].snapshot_days if settings.chosen_persistence == "snapshot" else 0
    if days:
        # A snapshot is the data, which are at most the memory asked for.
        gib = settings.maxmemory_bytes / GIBIBYTE
        price = listed.get("snapshots", {}).get("price")
        items.append(priced(f"{days} x {gib:.2f} GB of snapshots at most", price, days * gib))
    if settings.kms_key_arn is None:
        items.append(priced("a KMS key", listed.get("keys", {}).get("price"), 1))
    if "aws-secrets-manager" in settings.chosen_sinks:
        items.append(priced("a secret", listed.get("secrets", {}).get("price"), 1))
    return Estimate(tuple(items))


def offers(tier: TierName, memory_mb: int | None, config: Mapping[str, Any]) -> Iterator[ElastiCacheSettings]:
    """Yield a stack of each engine."""
    del config
    for engine in get_args(Engine):
        yield ElastiCacheSettings(tier=tier, memory_mb=memory_mb, engine=engine, network_stack=NETWORK_STACK)


def _node(name: str) -> Item:
    hourly: float = prices("elasticache")["us-east-1"]["nodes"]["redis"][name]
    return priced(f"{name}, Redis, us-east-1", hourly, HOURS)


def guide_estimates() -> Iterator[GuideEstimate]:
    """Yield the guide's figures for single nodes."""
    for name, usd in (("cache.t3.micro", 12), ("cache.r6g.large", 150)):
        yield GuideEstimate(what=name, guide_usd=usd, now=_node(name))
