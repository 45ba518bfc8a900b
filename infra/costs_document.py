"""The prices as a page: `python -m infra.costs_document > docs/costs.md`."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from infra import costs, sizing
from infra.backends import BackendName
from infra.backends.elasticache import nodes
from infra.backends.elasticache.settings import ElastiCacheSettings
from infra.backends.memorystore.settings import MemorystoreSettings
from infra.backends.rediscloud.settings import RedisCloudSettings
from infra.capacity_report import NETWORK_STACK
from infra.costs import HOURS, Item, prices
from infra.markdown import table
from infra.settings import Settings
from infra.sizing import TIER_NAMES, TIERS, MemorystoreSize
from runner import output
from verify import capacity, workload

# A guide's "about" is met by a price that is at most so much off.
BAND_PERCENT: Final = 20

A_MILLION: Final = 1_000_000


@dataclass(frozen=True, kw_only=True)
class GuideEstimate:
    """What the Redis Provisioning Guide says, "Cost Estimates", and what infra/prices.toml says today."""

    what: str
    guide_usd: float
    now: Item

    @property
    def is_in_band(self) -> bool:
        """Whether today's price is about the guide's."""
        usd = self.now.monthly_usd
        return usd is not None and abs(usd - self.guide_usd) * 100 <= BAND_PERCENT * self.guide_usd


def _node(name: str) -> Item:
    hourly: float = prices()["elasticache"]["us-east-1"]["nodes"]["redis"][name]
    return Item(what=f"{name}, Redis, us-east-1", monthly_usd=round(hourly * HOURS, 2))


def _memorystore(gb: int) -> Item:
    return costs.memorystore(MemorystoreSize(memory_size_gb=gb, service_tier="STANDARD_HA"), region="us-central1")


GUIDE: Final = (
    GuideEstimate(what="cache.t3.micro", guide_usd=12, now=_node("cache.t3.micro")),
    GuideEstimate(what="cache.r6g.large", guide_usd=150, now=_node("cache.r6g.large")),
    GuideEstimate(what="Memorystore 1 GB Standard", guide_usd=50, now=_memorystore(1)),
    GuideEstimate(what="Memorystore 4 GB Standard", guide_usd=200, now=_memorystore(4)),
    GuideEstimate(what="Redis Cloud 1 GB", guide_usd=25, now=costs.redis_cloud(1 * sizing.GIBIBYTE)),
    GuideEstimate(what="Redis Cloud 4 GB", guide_usd=100, now=costs.redis_cloud(4 * sizing.GIBIBYTE)),
)

REGIONS: Final[Mapping[BackendName, str]] = {"elasticache": "us-east-1", "memorystore": "us-central1"}

_INTRODUCTION: Final = f"""\
# Costs

What a stack costs a month, in USD, by list price: {HOURS} hours, replicas counted. The stack's output `monthlyCostUsd`
says it in every preview, and `cache:budgetUsd` refuses a preview beyond it before anything is created. `make capacity
ORGANIZATIONS=1000000 STACK=prod` says what a number of organizations needs and costs.

Every price is in `infra/prices.toml`, with its source and the day it was read. What has none there, another region for
example, is *unknown*, and a budget then refuses.

This page is generated: `make docs`.
"""


def markdown() -> str:
    """Give the page."""
    sections = {
        "What a tier costs": _tiers(),
        "The guide's estimates": _guide(),
        "What a million organizations take": _organizations(),
        "Not counted": (f"- {backend}: {words}" for backend, words in costs.NOT_COUNTED.items()),
        "Where the prices are from": _sources(),
    }
    return "\n".join(
        [_INTRODUCTION, *("\n".join([f"## {title}", "", *lines, ""]) for title, lines in sections.items())]
    )


def _tiers() -> Iterator[str]:
    yield "Each at its default memory, with everything else as it comes."
    yield ""
    yield table(["tier", "memory", "backend", "what", "USD a month"], _tier_rows())


def _tier_rows() -> Iterator[list[str]]:
    for tier in TIER_NAMES:
        memory = f"{TIERS[tier].default_mb} MiB"
        yield [tier, memory, "local, docker", "a server on one's own machine", "0.00"]
        for engine in get_args(nodes.Engine):
            group = ElastiCacheSettings(tier=tier, engine=engine, network_stack=NETWORK_STACK)
            yield [tier, memory, *_offer(group)]
        yield [tier, memory, *_offer(MemorystoreSettings.example(tier=tier))]
        is_free = tier == "dev"
        plan = RedisCloudSettings(tier=tier, accept_any_address=True, accept_plain_text=is_free)
        yield [tier, f"{plan.FREE_PLAN_MB} MB" if is_free else memory, *_offer(plan)]


def _offer(asked: Settings) -> list[str]:
    estimated = costs.estimate(asked, region=REGIONS.get(asked.backend))
    return [asked.backend, ", ".join(item.what for item in estimated.items), _usd(estimated.monthly_usd)]


def _guide() -> Iterator[str]:
    yield f"The guide's figures are about right where today's price is within {BAND_PERCENT} percent of them."
    yield ""
    rows = (
        [
            line.what,
            f"~{line.guide_usd:.0f}",
            line.now.what,
            _usd(line.now.monthly_usd),
            "yes" if line.is_in_band else "**no**",
        ]
        for line in GUIDE
    )
    yield table(["the guide's", "USD a month", "today's", "USD a month", "about right"], rows)


def _organizations() -> Iterator[str]:
    yield "The guide's 450 MB are the values alone. Forecast by the memory model, `python -m verify capacity`:"
    yield ""
    kept = workload.load()
    rows = (
        [engine, f"{capacity.forecast(A_MILLION, engine=engine, workload=kept).used_memory_bytes / 1e6:.0f} MB"]
        for engine in capacity.ENGINES
    )
    yield table(["engine", "used memory"], rows)
    yield ""
    yield (
        f"So that the cache is at most {sizing.FULL_PERCENT} percent full, `cache:organizations: {A_MILLION}` asks for "
        f"{sizing.memory_mb_for(A_MILLION)} MiB, by the model of {sizing.MODEL}."
    )


def _sources() -> Iterator[str]:
    rows = (
        [name, str(table["unit"]), str(table["source"]), table["read"].isoformat()]
        for name, table in _sourced("", prices())
    )
    yield table(["prices", "USD for", "source", "read"], rows)


def _sourced(name: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "source" in table:
        yield name, table
        return
    for key, inner in table.items():
        yield from _sourced(f"{name} {key}".strip(), inner)


def _usd(usd: float | None) -> str:
    return costs.UNKNOWN if usd is None else f"{usd:.2f}"


if __name__ == "__main__":
    sys.exit(output.run(lambda: print(markdown(), end="")))
