import subprocess
import sys

import pytest

from infra import capacity_report
from infra.capacity_report import InvalidRequest


def report(organizations: int, **config: str) -> str:
    """Return the report over a stack's configuration."""
    return "\n".join(capacity_report.report(organizations, config))


def test_it_says_what_a_million_organizations_need_and_cost() -> None:
    """The forecast, the tier, and for each backend what it takes and its price."""
    text = report(1_000_000, **{"cache:tier": "prod", "aws:region": "us-east-1"})
    assert "1,000,000 organizations take 916.0 MB on redis-7.0" in text
    assert "1,000,000 organizations take 756.8 MB on valkey-9.1" in text
    assert "that is 1,092 MiB: tier prod, 4,096 MiB" in text
    lines = [line.split() for line in text.splitlines() if " a month " in line]
    assert [(line[0], line[1]) for line in lines] == [
        ("local", "0.00"),
        ("docker", "0.00"),
        ("elasticache", "224.04"),
        ("elasticache", "180.53"),
        ("memorystore", "197.10"),
        ("rediscloud", "unknown"),
    ]


def test_a_tier_too_small_gives_way_to_the_next() -> None:
    """The stack's own is where it starts."""
    assert "tier staging, 1,092 MiB" in report(1_000_000, **{"cache:tier": "dev"})
    assert "tier dev, 100 MiB" in report(1)


def test_the_stacks_region_decides_on_the_prices() -> None:
    """Where there are none, the cost is unknown."""
    text = report(1000, **{"aws:region": "eu-west-1"})
    assert "elasticache       unknown a month  1 x cache.t4g.micro (redis) in eu-west-1" in text


def test_redis_cloud_has_a_region_of_its_own() -> None:
    """By cache:cloudRegion, as the stack itself has it."""
    assert "22.00 USD a month  Redis Cloud Multi-AZ 1GB" in report(1000)
    elsewhere = report(1000, **{"cache:cloudRegion": "eu-west-1"})
    assert "unknown a month  a Redis Cloud plan of 1 GB" in elsewhere


@pytest.mark.parametrize(
    ("organizations", "config", "said"),
    [
        (9_000_000, {}, "ORGANIZATIONS=9000000 cannot be had: the largest tier, prod with 8192 MiB, holds "),
        (10**400, {}, "cannot be had: the largest tier"),
        (1, {"cache:tier": "production"}, 'cache:tier "production" is not one of dev, staging, prod'),
    ],
)
def test_what_cannot_be_told_is_refused(organizations: int, config: dict[str, str], said: str) -> None:
    """With the figures, or the value that is wrong."""
    with pytest.raises(InvalidRequest) as refused:
        report(organizations, **config)
    assert said in str(refused.value)


def test_the_number_that_is_said_to_fit_is_the_last_one() -> None:
    """It is reported on, and one more is refused."""
    most = capacity_report.most_organizations()
    assert "tier prod" in report(most)
    with pytest.raises(InvalidRequest, match=f"holds {most}$"):
        report(most + 1)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--organizations=1000", "--stack=dev"], 0, "elasticache"),
        (["--organizations=many", "--stack=dev"], 78, '"many" is no number of organizations'),
        (["--organizations=1000", "--stack=none"], 78, "no stack none: Pulumi.none.yaml is missing; there is: dev,"),
    ],
)
def test_the_command_ends_as_it_should(arguments: list[str], code: int, said: str) -> None:
    """78 for a bad request, in one line."""
    command = [sys.executable, "-W", "error", "-m", "operate", "capacity", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
