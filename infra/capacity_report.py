"""What so many organizations need and cost on each backend: `make capacity ORGANIZATIONS=1000000 STACK=prod`."""

import argparse
import bisect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from infra import costs, sizing
from infra.backends import BackendName
from infra.backends.docker.settings import DockerSettings
from infra.backends.elasticache import nodes
from infra.backends.elasticache.settings import ElastiCacheSettings
from infra.backends.local.settings import LocalSettings
from infra.backends.memorystore.settings import MemorystoreSettings
from infra.backends.rediscloud.settings import RedisCloudSettings
from infra.settings import NAMESPACE, Settings
from infra.sizing import MEBIBYTE, TIER_NAMES, TIERS, TierName
from runner import names, output, stack_file
from runner.stack_file import StackFileError
from verify import capacity, workload

ROOT: Final = Path(__file__).resolve().parents[1]
CONFIGURATION: Final = 78  # EX_CONFIG of sysexits.h, as `python -m verify` has it
# A cache's price does not depend on which network it is in.
NETWORK_STACK: Final = "organization/cache-network/prod"
# Where a stack does not say in which region it is: the one that the prices were read for.
REGIONS: Final[Mapping[BackendName, str]] = {"elasticache": "us-east-1", "memorystore": "us-central1"}


class InvalidRequest(Exception):
    """What was asked for cannot be told; the message is for the user."""


def main() -> int:
    """Print the report; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.capacity_report", description=__doc__)
    parser.add_argument("--organizations", required=True)
    parser.add_argument("--stack", required=True)
    options = parser.parse_args()
    try:
        organizations = capacity.organizations(options.organizations)
        print("\n".join(report(organizations, configuration(options.stack))))
    except (InvalidRequest, capacity.InvalidForecast, workload.InvalidWorkload) as problem:
        print(problem, file=sys.stderr)
        return CONFIGURATION
    return 0


def configuration(stack: str) -> Mapping[str, Any]:
    """Give the configuration in a stack's file. Raises `InvalidRequest` where there is none."""
    known = ", ".join(names.stacks(ROOT))
    if (problem := names.problem(stack)) is not None:
        raise InvalidRequest(f"the stack's name {stack[: names.LONGEST]!a} {problem}; there is: {known}")
    file = ROOT / f"Pulumi.{stack}.yaml"
    if not file.is_file():
        raise InvalidRequest(f"there is no stack {stack}: {file.name} is missing; there is: {known}")
    try:
        return stack_file.settings(file, project=NAMESPACE)
    except StackFileError as error:
        raise InvalidRequest(f"STACK={stack}: {error}") from None


def report(organizations: int, config: Mapping[str, Any]) -> Iterator[str]:
    """Say what a number of organizations needs, and what that costs in the region of a stack's configuration.

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
        f"{memory_mb:,} MiB. List prices, infra/prices.toml:"
    )
    for asked in requests(tier, memory_mb, cloud_region=config.get(f"{NAMESPACE}:cloudRegion")):
        region = config.get(costs.REGION_KEYS.get(asked.backend, ""), REGIONS.get(asked.backend))
        estimated = costs.estimate(asked, region=region)
        cost = costs.UNKNOWN if estimated.monthly_usd is None else f"{estimated.monthly_usd:,.2f} USD"
        what = ", ".join(item.what for item in estimated.items) or size(asked)
        yield f"  {asked.backend:<13}{cost:>12} a month  {what}"
    yield f"  Beside that on elasticache: {costs.NOT_COUNTED['elasticache']}."


def most_organizations() -> int:
    """Give how many organizations the largest tier holds. Raises `InvalidForecast` and `InvalidWorkload`."""
    largest_mb = TIERS[TIER_NAMES[-1]].largest_mb
    # Each takes a byte at least, and more of them never take less.
    return bisect.bisect_right(range(1, largest_mb * MEBIBYTE), largest_mb, key=sizing.memory_mb_for)


def requests(tier: TierName, memory_mb: int, *, cloud_region: str | None) -> Iterator[Settings]:
    """Give the settings of a stack of that size on each backend, everything else as it comes.

    `cloud_region` is Redis Cloud's, which is one of its settings; None for the one that it has by itself.
    """
    yield LocalSettings(tier=tier, memory_mb=memory_mb)
    yield DockerSettings(tier=tier, memory_mb=memory_mb)
    for engine in get_args(nodes.Engine):
        yield ElastiCacheSettings(tier=tier, memory_mb=memory_mb, engine=engine, network_stack=NETWORK_STACK)
    yield MemorystoreSettings.example(tier=tier, memory_mb=memory_mb)
    yield RedisCloudSettings(tier=tier, memory_mb=memory_mb, cloud_region=cloud_region, accept_any_address=True)


def size(asked: Settings) -> str:
    """Give the words for a server on one's own machine."""
    words = f"maxmemory {asked.maxmemory_bytes // MEBIBYTE} MiB"
    if asked.backend == "docker":
        return f"{words} in a container of {sizing.container_memory_mb(asked.maxmemory_bytes)} MiB"
    return words


if __name__ == "__main__":
    sys.exit(output.run(main))
