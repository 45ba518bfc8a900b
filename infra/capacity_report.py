"""What so many organizations need and cost on each backend: `make capacity ORGANIZATIONS=1000000 STACK=prod`."""

import bisect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from infra import backend, costs, sizing
from infra.settings import NAMESPACE
from infra.sizing import MEBIBYTE, TIER_NAMES, TIERS
from runner import names, stack_file
from runner.stack_file import StackFileError
from verify import capacity, workload

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIGURATION: Final = 78  # EX_CONFIG of sysexits.h, as `python -m verify` has it


class InvalidRequest(Exception):
    """What was asked for cannot be told; the message is for the user."""


def show(asked: str, stack: str) -> int:
    """Print the report for a number of organizations; return the exit code."""
    try:
        print("\n".join(report(capacity.organizations(asked), configuration(stack))))
    except (InvalidRequest, capacity.InvalidForecast, workload.InvalidWorkload) as problem:
        print(problem, file=sys.stderr)
        return CONFIGURATION
    return 0


def configuration(stack: str) -> Mapping[str, Any]:
    """Return the configuration in a stack's file. Raises `InvalidRequest` where there is none."""
    if (problem := names.stack_problem(ROOT, stack)) is not None:
        raise InvalidRequest(problem)
    try:
        return stack_file.settings(ROOT / f"Pulumi.{stack}.yaml", project=NAMESPACE)
    except StackFileError as error:
        raise InvalidRequest(f"STACK={stack}: {error}") from None


def report(organizations: int, config: Mapping[str, Any]) -> Iterator[str]:
    """Describe what a number of organizations needs, and what that costs in the region of a stack's configuration.

    The tier is the stack's, or the next one that holds them. Raises `InvalidRequest`, `InvalidForecast` and
    `InvalidWorkload`.
    """
    most = most_organizations()
    if organizations > most:
        largest = TIER_NAMES[-1]
        raise InvalidRequest(
            f"ORGANIZATIONS={organizations} cannot be had: the largest tier, {largest} with "
            f"{TIERS[largest].largest_mb} MiB, holds {most}"
        )
    kept = workload.load()
    for engine in capacity.ENGINES:
        yield capacity.text(capacity.forecast(organizations, engine=engine, workload=kept))
    own = config.get(f"{NAMESPACE}:tier", TIER_NAMES[0])
    if own not in TIER_NAMES:
        raise InvalidRequest(f'{NAMESPACE}:tier "{own}" is not one of {", ".join(TIER_NAMES)}')
    needed_mb = sizing.memory_mb_for(organizations)
    tier = max(sizing.tier_for(needed_mb), own, key=TIER_NAMES.index)
    memory_mb = max(needed_mb, TIERS[tier].smallest_mb)
    yield ""
    yield (
        f"At most {sizing.FULL_PERCENT} % full on {sizing.MODEL} that is {needed_mb:,} MiB: tier {tier}, "
        f"{memory_mb:,} MiB. List prices:"
    )
    for known in backend.all_backends():
        for asked in known.offered(tier, memory_mb, config):
            estimated = known.estimate(asked, region=known.priced_region(config))
            cost = costs.UNKNOWN if estimated.monthly_usd is None else f"{estimated.monthly_usd:,.2f} USD"
            what = ", ".join(item.what for item in estimated.items) or asked.size_description
            yield f"  {known.name:<13}{cost:>12} a month  {what}"
    for known in backend.all_backends():
        if known.region is not None:
            yield f"  Beside that on {known.name}: {known.not_counted}."


def most_organizations() -> int:
    """Return how many organizations the largest tier holds. Raises `InvalidForecast` and `InvalidWorkload`."""
    largest_mb = TIERS[TIER_NAMES[-1]].largest_mb
    # Each takes a byte at least, and more of them never take less.
    return bisect.bisect_right(range(1, largest_mb * MEBIBYTE), largest_mb, key=sizing.memory_mb_for)
