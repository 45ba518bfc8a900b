import pytest

from infra import costs, settings, sizing
from infra.backends.docker.settings import DockerSettings
from infra.backends.elasticache import nodes
from infra.backends.memorystore.sizing import MemorystoreSize, size_of
from infra.backends.rediscloud.costs import plan_bytes
from infra.settings import InvalidSettings, Settings
from infra.sizing import GIBIBYTE, MEBIBYTE
from verify import capacity, workload


def load(**values: str) -> Settings:
    """Load settings given without their namespace."""
    return settings.load({f"cache:{key}": value for key, value in values.items()}, stack="local")


def problems(**values: str) -> str:
    """Return the message of settings that are refused."""
    with pytest.raises(InvalidSettings) as refused:
        load(**values)
    return str(refused.value)


def test_organizations_get_what_the_model_says_at_80_percent() -> None:
    """A million fill 80 percent of what is asked for, on the more demanding of the two models."""
    memory = sizing.memory_mb_for(1_000_000) * MEBIBYTE
    forecasts = [
        capacity.forecast(1_000_000, engine=engine, workload=workload.load()).used_memory_bytes
        for engine in capacity.ENGINES
    ]
    assert max(forecasts) / memory == pytest.approx(0.8, abs=0.001)
    assert max(forecasts) <= memory * 0.8


@pytest.mark.parametrize(
    ("organizations", "tier", "memory_mb"),
    [("1000", "dev", 100), ("100000", "dev", 113), ("1000000", "staging", 1092), ("7000000", "prod", 7718)],
)
def test_organizations_choose_the_first_tier_that_holds_them(organizations: str, tier: str, memory_mb: int) -> None:
    """And never less than the tier's least."""
    chosen = load(backend="local", organizations=organizations)
    assert (chosen.tier, chosen.maxmemory_bytes // MEBIBYTE) == (tier, memory_mb)


def test_a_named_tier_is_kept() -> None:
    """It is the care too, which the number of organizations says nothing about."""
    chosen = load(backend="elasticache", tier="prod", organizations="1000000", networkStack="organization/network/prod")
    assert (chosen.tier, chosen.maxmemory_bytes) == ("prod", 4096 * MEBIBYTE)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"tier": "dev", "organizations": "1000000"},
            [
                "cache:tier dev goes to 1024 MiB, and 1000000 organizations need 1092 MiB",
                "pulumi config set cache:tier staging --stack local",
            ],
        ),
        (
            {"organizations": "9000000"},
            ["cache:organizations 9000000 cannot be had: 9740 MiB are more than the 8192 MiB of the largest tier"],
        ),
        ({"organizations": "0"}, ['cache:organizations "0" will not do: it is not greater than 0']),
        ({"organizations": "many"}, ['cache:organizations "many" will not do: it is not a whole number']),
        (
            {"organizations": "1000", "memoryMb": "200"},
            [
                "cache:memoryMb 200 and cache:organizations 1000 exclude each other",
                "pulumi config rm cache:memoryMb --stack local",
            ],
        ),
        ({"budgetUsd": "0"}, ['cache:budgetUsd "0" will not do: it is not greater than 0']),
        ({"budgetUsd": "inf"}, ['cache:budgetUsd "inf" will not do: it is not a finite number']),
        ({"budgetUsd": "much"}, ['cache:budgetUsd "much" will not do: it is not a number']),
    ],
    ids=lambda value: " ".join(f"{key}={text}" for key, text in value.items()) if isinstance(value, dict) else "",
)
def test_what_cannot_be_had_is_refused(values: dict[str, str], said: list[str]) -> None:
    """With both figures, and the command that cures it."""
    message = problems(backend="local", **values)
    assert "has 1 problem;" in message
    for words in said:
        assert words in message


def test_a_node_too_small_for_the_organizations_is_refused() -> None:
    """With both figures: what the node has for data, and what they need."""
    message = problems(
        backend="elasticache",
        organizations="1000000",
        nodeType="cache.t3.micro",
        networkStack="organization/network/prod",
    )
    assert "cache:nodeType cache.t3.micro has 384 MiB for data" in message
    assert "1092 MiB are asked for" in message


def test_the_tiers_hold_without_a_gap() -> None:
    """Each is larger than the one before, and its default lies within it."""
    tiers = [sizing.TIERS[name] for name in sizing.TIER_NAMES]
    assert [tier.smallest_mb for tier in tiers] == sorted(tier.smallest_mb for tier in tiers)
    assert all(tier.smallest_mb <= tier.default_mb <= tier.largest_mb for tier in tiers)
    assert [sizing.tier_for(mb) for mb in (1, 1024, 1025, 2048, 2049, 8192)] == [
        *("dev", "dev", "staging", "staging", "prod", "prod")
    ]


@pytest.mark.parametrize("engine", ["redis", "valkey"])
def test_the_node_taken_is_the_cheapest_that_holds_the_memory(engine: nodes.Engine) -> None:
    """For the memory of every tier, by the prices there are."""
    hourly = costs.prices("elasticache")["us-east-1"]["nodes"][engine]
    for memory_mb in range(100, 8192 + 1, 4):
        taken = nodes.smallest(memory_mb * MEBIBYTE, engine)
        holding = [node for node in nodes.NODES.values() if node.usable_bytes >= memory_mb * MEBIBYTE]
        cheapest = min(hourly[node.name] for node in holding if engine in node.engines)
        assert (taken.usable_bytes >= memory_mb * MEBIBYTE, hourly[taken.name]) == (True, cheapest)


def test_a_container_has_room_for_a_fork() -> None:
    """Twice the data, and the server itself."""
    assert DockerSettings(tier="dev", memory_mb=1024).container_memory_mb == 2 * 1024 + 64


@pytest.mark.parametrize(
    ("tier", "memory_mb", "size"),
    [
        ("dev", 100, MemorystoreSize(memory_size_gb=1, service_tier="BASIC")),
        ("dev", 1024, MemorystoreSize(memory_size_gb=1, service_tier="BASIC")),
        ("staging", 921, MemorystoreSize(memory_size_gb=1, service_tier="STANDARD_HA")),
        ("staging", 1024, MemorystoreSize(memory_size_gb=2, service_tier="STANDARD_HA")),
        ("prod", 4096, MemorystoreSize(memory_size_gb=5, service_tier="STANDARD_HA")),
        ("prod", 8192, MemorystoreSize(memory_size_gb=9, service_tier="STANDARD_HA")),
    ],
)
def test_memorystore_keeps_a_tenth_for_its_backlog(
    tier: sizing.TierName, memory_mb: int, size: MemorystoreSize
) -> None:
    """Where it has a copy."""
    assert size_of(tier, memory_mb * MEBIBYTE) == size


def test_a_copy_takes_half_of_a_redis_cloud_plan() -> None:
    """A dev stack goes without."""
    assert plan_bytes("dev", GIBIBYTE) == GIBIBYTE
    assert plan_bytes("prod", 4 * GIBIBYTE) == 8 * GIBIBYTE
