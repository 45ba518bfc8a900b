from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest

from infra import costs, costs_document
from infra.backend import all_backends
from infra.backend import get as backend_of
from infra.backends import BACKENDS
from infra.backends.elasticache.nodes import NODES
from infra.backends.memorystore import costs as memorystore
from infra.backends.memorystore.sizing import MemorystoreSize
from infra.backends.rediscloud import costs as rediscloud
from infra.costs import Estimate, GuideEstimate, Item, OverBudget, prices
from infra.settings import Settings
from infra.settings.loading import model_of
from infra.sizing import GIBIBYTE
from tests.stacks.project import ROOT

GUIDE = [line for backend in all_backends() for line in backend.guide_estimates]


def settings(**values: Any) -> Settings:
    """Make settings, without asking for what only a real account has."""
    backend = values.pop("backend", "elasticache")
    if backend == "elasticache":
        values["network_stack"] = "organization/network/prod"
    if backend == "rediscloud":
        values["accept_any_address"] = True
    return model_of(backend).example(**{"tier": "prod", **values})


def estimated(asked: Settings, *, region: str | None) -> Estimate:
    """Return what a stack costs in a region."""
    return backend_of(asked.backend).estimate(asked, region=region)


def region_of(backend: str, config: Mapping[str, str], environment: Mapping[str, str]) -> str | None:
    """Return the region that a stack is priced in."""
    known = backend_of(backend).region
    return None if known is None else known.of(config, environment)


def monthly(*, region: str | None = "us-east-1", **values: Any) -> float | None:
    """Return what a stack costs."""
    return estimated(settings(**values), region=region).monthly_usd


def sourced(table: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Return every table of prices: the first on each way down that names a source."""
    if "source" in table:
        yield table
        return
    for key, inner in table.items():
        assert isinstance(inner, Mapping), f"{key} is a price without a source"
        yield from sourced(inner)


def test_every_price_has_a_source_a_date_and_a_unit() -> None:
    """Nothing stands in the file that nobody can look up."""
    tables = list(sourced({name: prices(name) for name in BACKENDS if prices(name)}))
    assert len(tables) == 6
    for table in tables:
        assert table["source"]
        assert table["unit"]
        assert isinstance(table["read"], date)


def test_every_node_type_has_a_price_for_each_of_its_engines() -> None:
    """And no price is of a node that nobody can have."""
    hourly = prices("elasticache")["us-east-1"]["nodes"]
    for engine in ("redis", "valkey"):
        assert hourly[engine].keys() == {name for name, node in NODES.items() if engine in node.engines}
    # AWS: "priced 20% lower", which the cited table says of each type that both have.
    for name in hourly["redis"]:
        assert hourly["valkey"][name] == pytest.approx(hourly["redis"][name] * 0.8)


def test_replicas_are_paid_for() -> None:
    """Each is a node: 730 hours of cache.m6g.large are 108.77 USD."""
    one = estimated(settings(replicas=1), region="us-east-1").items[0]
    assert one == Item(what="2 x cache.m6g.large (redis) in us-east-1", monthly_usd=217.54)
    three = estimated(settings(replicas=3), region="us-east-1").items[0]
    assert three.monthly_usd == pytest.approx(2 * 217.54)


def test_prod_pays_for_nodes_snapshots_a_key_and_a_secret() -> None:
    """15 snapshots of at most 4 GB at 0.085, one key, and one secret unless it goes elsewhere."""
    found = estimated(settings(), region="us-east-1")
    assert [item.monthly_usd for item in found.items] == [217.54, 5.10, 1.00, 0.40]
    assert found.monthly_usd == found.output == 224.04
    assert monthly(sinks="aws-ssm") == 223.64


def test_what_is_not_there_is_not_paid_for() -> None:
    """An adopted key is its owner's, and dev has no snapshots."""
    adopted = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert monthly(tier="dev", kms_key_arn=adopted) == 12.08
    assert monthly(tier="staging", persistence="none") == 48.12


def test_valkey_and_another_node_have_their_own_prices() -> None:
    """The node that the stack names, on the engine that it names."""
    node = "cache.r7g.large"
    assert monthly(engine="valkey", node_type=node) == pytest.approx(2 * 730 * 0.1752 + 5.10 + 1 + 0.40, abs=0.01)
    assert monthly(engine="redis", node_type=node) == pytest.approx(2 * 730 * 0.219 + 5.10 + 1 + 0.40, abs=0.01)


@pytest.mark.parametrize("region", ["eu-west-1", None])
def test_a_region_without_prices_is_unknown(region: str | None) -> None:
    """Prices differ by region, and none is made up."""
    found = estimated(settings(), region=region)
    assert (found.monthly_usd, found.output) == (None, "unknown")


@pytest.mark.parametrize("backend", ["local", "docker", "memory"])
def test_a_server_of_ones_own_costs_nothing(backend: str) -> None:
    """What its machine costs is not counted, and the page says so."""
    assert monthly(backend=backend, tier="dev", region=None) == 0
    assert backend_of(backend).not_counted


@pytest.mark.parametrize(
    ("gb", "service_tier", "usd"),
    [
        (4, "BASIC", 4 * 730 * 0.049),
        (5, "BASIC", 5 * 730 * 0.027),
        (10, "STANDARD_HA", 10 * 730 * 0.054),
        (11, "STANDARD_HA", 11 * 730 * 0.046),
        (300, "STANDARD_HA", 300 * 730 * 0.030),
    ],
)
def test_memorystores_rate_is_that_of_its_band(gb: int, service_tier: Any, usd: float) -> None:
    """For all of the instance, on both sides of a band's end."""
    size = MemorystoreSize(memory_size_gb=gb, service_tier=service_tier)
    assert memorystore.instance(size, region="us-central1").monthly_usd == pytest.approx(usd, abs=0.01)
    assert memorystore.instance(size, region="europe-west1").monthly_usd is None


def test_a_redis_cloud_plan_without_a_known_price_is_unknown() -> None:
    """Prod's 4 GB with a replica need a plan of 8."""
    assert rediscloud.plan(GIBIBYTE).monthly_usd == 22
    assert rediscloud.plan(GIBIBYTE + 1).monthly_usd == 100
    assert monthly(backend="rediscloud") is None


def test_redis_clouds_free_plan_costs_nothing_and_a_paid_one_is_told_by_its_api() -> None:
    """Of which a list price may not know: what the plan really costs is held against the budget where it is chosen."""
    free = estimated(settings(backend="rediscloud", tier="dev", accept_plain_text=True), region=None)
    assert (free.monthly_usd, free.description) == (0, "0.00 USD a month (Redis Cloud's free plan of 30 MB 0.00)")
    paid = estimated(settings(backend="rediscloud"), region=None)
    costs.require_within_budget(paid, 1, stack="prod")
    elsewhere = settings(backend="rediscloud", tier="staging", cloud_region="eu-west-1")
    assert estimated(elsewhere, region=None).monthly_usd is None


def test_the_region_is_the_stacks_or_the_environments() -> None:
    """As the vendor's own SDK looks for it."""
    assert region_of("elasticache", {"aws:region": "eu-west-1"}, {"AWS_REGION": "us-east-1"}) == "eu-west-1"
    assert region_of("elasticache", {}, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}) == "us-east-1"
    assert region_of("elasticache", {}, {}) is None
    assert region_of("local", {"aws:region": "eu-west-1"}, {"AWS_REGION": "us-east-1"}) is None


def test_a_stack_within_its_budget_passes() -> None:
    """And so does one without a budget, even where nobody knows what it costs."""
    costs.require_within_budget(Estimate((Item(what="a", monthly_usd=10),)), 10, stack="prod")
    costs.require_within_budget(Estimate((Item(what="a", monthly_usd=None),)), None, stack="prod")


def test_a_stack_beyond_its_budget_is_refused_with_both_figures() -> None:
    """And with what makes it up, and the command that allows it."""
    with pytest.raises(OverBudget) as refused:
        costs.require_within_budget(estimated(settings(), region="us-east-1"), 100, stack="prod")
    message = str(refused.value)
    assert "cache:budgetUsd is 100.00, and stack prod costs 224.04 USD a month" in message
    assert "2 x cache.m6g.large (redis) in us-east-1 217.54" in message
    assert "pulumi config set cache:budgetUsd 225 --stack prod" in message


def test_a_budget_over_an_unknown_cost_is_refused() -> None:
    """What cannot be told is not within anything."""
    with pytest.raises(OverBudget) as refused:
        costs.require_within_budget(estimated(settings(), region="eu-west-1"), 1000, stack="prod")
    assert "has no price of 2 x cache.m6g.large (redis) in eu-west-1" in str(refused.value)
    assert "pulumi config rm cache:budgetUsd --stack prod" in str(refused.value)


@pytest.mark.parametrize("line", GUIDE, ids=lambda line: line.what)
def test_the_guides_estimates_are_about_right(line: GuideEstimate) -> None:
    """A band of 20 percent. Where a new price leaves it, the page says so and this test is to name the exception."""
    assert line.is_in_band


def test_the_page_says_where_a_price_has_left_the_band() -> None:
    """At the band's end and beyond, on both sides; unknown is no price in it."""
    for usd, is_in_band in ((80, True), (79.99, False), (120, True), (120.01, False), (None, False)):
        now = Item(what="a", monthly_usd=usd)
        assert GuideEstimate(what="a", guide_usd=100, now=now).is_in_band is is_in_band


def test_the_page_is_current() -> None:
    """Otherwise: make docs."""
    assert (ROOT / "docs" / "costs.md").read_text() == costs_document.markdown()
