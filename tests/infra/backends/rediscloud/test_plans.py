from typing import Any

import pytest

from infra.backends.rediscloud import plans
from infra.backends.rediscloud.faults import CloudError
from infra.backends.rediscloud.operation import reading
from infra.backends.rediscloud.plans import Demand, Plan
from infra.sizing import GIBIBYTE, MEBIBYTE
from tests.standins.rediscloud import PLANS, Cloud, plan


def demand(**changes: Any) -> Demand:
    """Ask for 100 MB in us-east-1 of AWS, without anything else."""
    asked: dict[str, Any] = {
        "provider": "AWS",
        "region": "us-east-1",
        "bytes": 100 * MEBIBYTE,
        "free": False,
        "replicated": False,
        "multiZone": False,
        "persistent": False,
        "networks": 0,
    }
    return Demand(**{**asked, **changes})  # type: ignore[typeddict-item]


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"free": True}, "30MB"),
        ({}, "250MB"),
        ({"bytes": 250 * MEBIBYTE}, "250MB"),
        ({"persistent": True}, "Single-Zone_Persistence_250MB"),
        ({"replicated": True}, "Single-Zone_Persistence_250MB"),
        ({"networks": 5}, "Single-Zone_Persistence_250MB"),
        ({"bytes": 250 * MEBIBYTE + 1}, "Single-Zone_Persistence_2.5GB"),
        ({"bytes": 5 * GIBIBYTE // 2}, "Single-Zone_Persistence_2.5GB"),
        ({"multiZone": True}, "Multi-Zone_Persistence_5GB"),
        ({"bytes": 8 * GIBIBYTE, "multiZone": True}, "Multi-Zone_Persistence_12GB"),
        ({"region": "us-west-1"}, "Single-Zone_1GB"),
        ({"provider": "Azure", "region": "west-us"}, "Single-Zone_Persistence_1GB"),
    ],
)
def test_the_cheapest_plan_that_does_is_chosen(changes: dict[str, Any], name: str) -> None:
    """By place, size, copy, zones, persistence and the networks; never Flex, and never a free one by chance."""
    assert plans.choose(reading(), demand(**changes)).name == name


def test_a_plan_without_tls_is_never_chosen_unless_it_is_free(cloud: Cloud) -> None:
    """Plain text is accepted for the free plan alone."""
    cloud.plans = [plan(1, "Plain", 1, "GB", 1, supportSsl=False), plan(2, "Dear", 1, "GB", 90)]
    assert plans.choose(reading(), demand()).name == "Dear"


def test_a_plan_of_an_unknown_price_is_the_last_choice(cloud: Cloud) -> None:
    """What it costs nobody knows."""
    cloud.plans = [plan(1, "Unknown", 1, "GB", None), plan(2, "Hourly", 1, "GB", 1, pricePeriod="Hour")]
    assert plans.choose(reading(), demand()).monthly_usd is None
    cloud.plans.append(plan(3, "Known", 1, "GB", 500))
    assert plans.choose(reading(), demand()).name == "Known"


@pytest.mark.usefixtures("cloud")
def test_a_size_that_is_not_offered_is_told_with_what_is() -> None:
    """Each with its price."""
    with pytest.raises(CloudError) as refused:
        plans.choose(reading(), demand(bytes=16 * GIBIBYTE, replicated=True, persistent=True))
    message = str(refused.value)
    assert "no Essentials plan of 16384 MB or more, with TLS, with a replica, with persistence in us-east-1" in message
    assert "250MB (No replication, 5.00 USD a month)" in message
    assert "Multi-Zone_Persistence_12GB (Multi-zone, 230.00 USD a month)" in message


@pytest.mark.usefixtures("cloud")
def test_a_region_without_plans_is_told_with_those_that_have_some() -> None:
    """Of the same cloud."""
    with pytest.raises(CloudError, match=r"no Essentials plan in mars-1 of AWS; it has some in: us-east-1, us-west-1;"):
        plans.choose(reading(), demand(region="mars-1"))


def test_a_gigabyte_is_of_1024() -> None:
    """As the vendor halves it."""
    assert Plan.from_answer(PLANS[3]).size_bytes == GIBIBYTE
    assert Plan.from_answer(PLANS[4]).size_bytes == 5 * GIBIBYTE // 2
