"""The prices as a page, docs/costs.md."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra import backend, costs, sizing
from infra.backend import Backend
from infra.costs import BAND_PERCENT, HOURS, prices
from infra.markdown import table
from infra.settings import Settings
from infra.sizing import TIER_NAMES, TIERS
from verify import capacity, workload

A_MILLION: Final = 1_000_000

_INTRODUCTION: Final = f"""\
# Costs

What a stack costs a month, in USD, by list price: {HOURS} hours, replicas counted. The stack's output `monthlyCostUsd`
says it in every preview, and `cache:budgetUsd` refuses a preview beyond it before anything is created. `make capacity
ORGANIZATIONS=1000000 STACK=prod` says what a number of organizations needs and costs.

Every price is in its backend's `prices.toml` (infra/backends), with its source and the day it was read. What has none
there, another region for example, is *unknown*, and a budget then refuses.

This page is generated: `make docs`.
"""


def markdown() -> str:
    """Return the page."""
    sections = {
        "What a tier costs": _tiers(),
        "The guide's estimates": _guide(),
        "What a million organizations take": _organizations(),
        "Not counted": (f"- {each.name}: {each.not_counted}" for each in backend.all_backends()),
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
        offered = [(each, asked) for each in backend.all_backends() for asked in each.offered(tier, None, {})]
        free = [each.name for each, _ in offered if each.is_on_this_machine({}, {})]
        yield [tier, f"{TIERS[tier].default_mb} MiB", ", ".join(free), "a server on one's own machine", "0.00"]
        yield from ([tier, *_offer(each, asked)] for each, asked in offered if each.name not in free)


def _offer(known: Backend, asked: Settings) -> list[str]:
    estimated = known.estimate(asked, region=known.priced_region({}))
    what = ", ".join(item.what for item in estimated.items)
    return [asked.memory_description, known.name, what, _usd(estimated.monthly_usd)]


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
        for each in backend.all_backends()
        for line in each.guide_estimates
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
        for each in backend.all_backends()
        for name, table in _sourced(each.name, prices(each.name))
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
