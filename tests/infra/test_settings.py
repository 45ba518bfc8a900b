import pytest
import yaml

from infra import settings, sizing
from infra.settings import InvalidSettings, Settings


def load(**values: str) -> Settings:
    """Load settings given without their namespace."""
    return settings.load({f"cache:{key}": value for key, value in values.items()}, stack="local")


def problems(**values: str) -> str:
    """Return the message of settings that are refused."""
    with pytest.raises(InvalidSettings) as refused:
        load(**values)
    return str(refused.value)


def settings_problems(config: dict[str, str]) -> str:
    """Return the message for a configuration of full keys that is refused."""
    with pytest.raises(InvalidSettings) as refused:
        settings.load(config, stack="local")
    return str(refused.value)


def test_defaults_are_the_dev_tier_with_the_guides_policy() -> None:
    """A backend alone is enough."""
    loaded = load(backend="local")
    assert (loaded.tier, loaded.maxmemory_policy, loaded.chosen_persistence) == ("dev", "allkeys-lru", "append-only")
    assert loaded.maxmemory_bytes == 256 * 1024 * 1024


def test_beside_a_backend_that_there_is_not_the_rest_is_read_too() -> None:
    """A proposal for the backend brings rules of its own, by which the others are tried."""
    found = settings_problems({"cache:backend": "redis", "aws:region": "us-east-1", "cache:persistence": "x"})
    assert "pulumi config set cache:backend local --stack local" in found
    assert "cache:persistence" in found


def test_the_defaults_in_pulumi_yaml_are_the_models(pytestconfig: pytest.Config) -> None:
    """The engine fills defaults in from Pulumi.yaml: they must not differ from those of the code."""
    declared = yaml.safe_load((pytestconfig.rootpath / "Pulumi.yaml").read_text())["config"]
    assert {key.removeprefix("cache:"): entry["default"] for key, entry in declared.items()} == {
        "maxmemoryPolicy": load(backend="local").maxmemory_policy
    }


@pytest.mark.parametrize("stack", ["local", "dev", "staging", "prod"])
def test_every_stack_file_parses(stack: str, pytestconfig: pytest.Config) -> None:
    """The files that a team starts from are valid, once the network is named of those on AWS."""
    config = yaml.safe_load((pytestconfig.rootpath / f"Pulumi.{stack}.yaml").read_text())["config"]
    if config["cache:backend"] == "elasticache":
        config["cache:networkStack"] = "organization/cache-network/prod"
    assert settings.load(config, stack=stack).backend == {"local": "local", "dev": "docker"}.get(stack, "elasticache")


@pytest.mark.parametrize(
    ("tier", "memory", "accepted"),
    [
        ("dev", 99, False),
        ("dev", 100, True),
        ("dev", 1024, True),
        ("dev", 1025, False),
        ("staging", 1023, False),
        ("staging", 2048, True),
        ("staging", 2049, False),
        ("prod", 4095, False),
        ("prod", 4096, True),
        ("prod", 8192, True),
        ("prod", 8193, False),
    ],
)
def test_memory_stays_within_the_guides_bounds(tier: str, memory: int, accepted: bool) -> None:
    """Both bounds of each tier, and the first value outside."""
    values = {"backend": "local", "tier": tier, "memoryMb": str(memory)}
    if accepted:
        assert load(**values).maxmemory_bytes == memory * sizing.MEBIBYTE
    else:
        assert f"{memory} MiB is outside tier {tier}" in problems(**values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, ["cache:backend is not set", "pulumi config set cache:backend local --stack local"]),
        ({"backend": "redis"}, ['cache:backend "redis" is not one of', "'local', 'docker'"]),
        ({"tier": "production"}, ['cache:tier "production" is not one of', "'dev', 'staging' or 'prod'"]),
        ({"tierr": "dev"}, ["cache:tierr is no setting; did you mean cache:tier?", "pulumi config rm cache:tierr"]),
        ({"zzz": "1"}, ["cache:zzz is no setting; there are cache:backend, cache:organizations, cache:tier,"]),
        ({"port": "abc"}, ['cache:port "abc" will not do: it is not a whole number', "config set cache:port"]),
        ({"port": "70000"}, ['cache:port "70000" will not do', "it is greater than 65535"]),
        ({"port": "-1"}, ['cache:port "-1" will not do', "it is less than 0"]),
        ({"memoryMb": "0"}, ['cache:memoryMb "0" will not do', "it is not greater than 0"]),
        ({"organizations": "9" * 400}, ["cache:organizations", "it is greater than 1000000000"]),
        ({"memoryMb": "1.5"}, ['cache:memoryMb "1.5" will not do']),
        ({"maxmemoryPolicy": "lru"}, ['cache:maxmemoryPolicy "lru" is not one of', "'allkeys-lru'"]),
        ({"persistence": "aof"}, ['cache:persistence "aof" is not one of', "'append-only', 'snapshot' or 'none'"]),
        ({"folder": ""}, ['cache:folder "" will not do']),
        (
            {"backend": "docker", "folder": "here"},
            ["cache:folder is a setting of local, and this stack's backend is docker", "pulumi config rm cache:folder"],
        ),
    ],
    ids=lambda value: " ".join(f"{k}={v}" for k, v in value.items())[:60] if isinstance(value, dict) else "",
)
def test_a_rejected_setting_is_named_with_its_cure(values: dict[str, str], said: list[str]) -> None:
    """Each problem says the key, what is wrong with the value, and the command that cures it."""
    complete = values if not values or "backend" in values else {"backend": "local", **values}
    message = problems(**complete)
    for words in said:
        assert words in message
    assert message.startswith("the configuration of stack local has 1 problem; edit Pulumi.local.yaml, or (in a ")


def test_all_problems_are_named_at_once() -> None:
    """Nobody has to run `up` once for each mistake, even where one rule needs another's value."""
    message = problems(backend="docker", tierr="dev", port="x", memoryMb="10", folder="here")
    assert "has 4 problems" in message
    for key in ("cache:tierr", "cache:port", "cache:memoryMb", "cache:folder"):
        assert f"  {key} " in message


def test_a_secret_value_is_never_shown() -> None:
    """What was set with --secret stays out of every message, whatever is wrong with it."""
    with pytest.raises(InvalidSettings) as refused:
        settings.load(
            {"cache:backend": "local", "cache:port": "hunter2", "cache:password": "hunter2"},
            stack="local",
            secret_keys=("cache:port", "cache:password"),
        )
    assert "hunter2" not in str(refused.value)
    assert "cache:port the value will not do" in str(refused.value)
    assert "cache:password is no setting" in str(refused.value)


def test_keys_of_other_namespaces_are_left_alone() -> None:
    """`aws:region` belongs to the AWS provider."""
    assert settings.load({"cache:backend": "local", "aws:region": "x"}, stack="local").backend == "local"
