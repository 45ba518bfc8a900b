"""The models of the settings: what a text becomes, and settings that are made by hand."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from infra import settings
from infra.backends import BACKENDS
from infra.backends.docker.settings import DockerSettings
from infra.backends.elasticache.settings import ElastiCacheSettings
from infra.backends.local.settings import LocalSettings
from infra.backends.memorystore.settings import MemorystoreSettings
from infra.backends.rediscloud.settings import RedisCloudSettings
from infra.settings import InvalidSettings, Settings, schema
from infra.settings.loading import model_of

NETWORK = {"vpc_id": "vpc-0123456789abcdef0", "application_cidrs": ("10.0.0.0/16",)}
FREE = {"cache:backend": "rediscloud", "cache:acceptPlainText": "true", "cache:acceptAnyAddress": "true"}


def test_two_equal_settings_are_equal() -> None:
    """However they were made."""
    loaded = settings.load({"cache:backend": "docker", "cache:memoryMb": "300"}, stack="dev")
    assert loaded == settings.load({"cache:backend": "docker", "cache:memoryMb": "300"}, stack="prod")
    assert loaded == DockerSettings(memory_mb=300)
    assert hash(loaded) == hash(DockerSettings(memory_mb=300))
    assert loaded != DockerSettings(memory_mb=301)
    assert settings.load({"cache:backend": "local", "cache:memoryMb": "300"}, stack="dev") != loaded


@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        (LocalSettings, {"tier": "prod", "memory_mb": 300}, "memory_mb"),
        (LocalSettings, {"backend": "docker"}, "backend"),
        (LocalSettings, {"image": "redis:7"}, "image"),
        (LocalSettings, {"dotenv_file": ".env", "sinks": ("encore",)}, "dotenv_file"),
        (DockerSettings, {"docker_host": "ssh://me@build.example"}, "bind_address"),
        (ElastiCacheSettings, {**NETWORK, "subnet_ids": ("subnet-1",)}, "subnet_ids"),
        (ElastiCacheSettings, NETWORK, "subnet_ids"),
        (MemorystoreSettings, {"project": "my-project"}, "network"),
        (RedisCloudSettings, {}, "accept_plain_text"),
    ],
)
def test_settings_made_by_hand_are_validated(model: type[Settings], values: dict[str, Any], field: str) -> None:
    """By every rule; what the developer reads has no value in it."""
    with pytest.raises(ValidationError) as refused:
        model(**values)
    assert field in {error["loc"][0] for error in refused.value.errors()} or field in str(refused.value)
    assert "input_value" not in str(refused.value)


@pytest.mark.parametrize("field", ["memory_mb", "tier"])
def test_settings_are_frozen(field: str) -> None:
    """They are what the stack was asked for."""
    with pytest.raises(ValidationError, match="frozen"):
        setattr(LocalSettings(), field, None)


@pytest.mark.parametrize(
    ("config", "field", "value"),
    [
        ({"memoryMb": " +300 "}, "memory_mb", 300),
        ({"budgetUsd": "1e2"}, "budget_usd", 100.0),
        ({"sinks": "dotenv, ", "dotenvFile": "a,b"}, "sinks", ("dotenv",)),
        ({"sinks": "[]"}, "sinks", ()),
        ({"sinks": '["dotenv"]', "dotenvFile": "a,b"}, "dotenv_file", "a,b"),
        ({"folder": " "}, "folder", " "),
    ],
)
def test_a_text_becomes_the_fields_kind_of_value(config: dict[str, str], field: str, value: object) -> None:
    """As Pulumi hands it over, or as it was typed."""
    loaded = settings.load(
        {f"cache:{key}": text for key, text in {"backend": "local", **config}.items()}, stack="local"
    )
    assert getattr(loaded, field) == value


@pytest.mark.parametrize(
    ("key", "text", "reason"),
    [
        ("memoryMb", "1.5", "it is not a whole number"),
        ("memoryMb", "9" * 5000, "it is not a whole number"),
        ("budgetUsd", "0", "it is not greater than 0"),
        ("budgetUsd", "half", "it is not a number"),
        ("budgetUsd", "nan", "it is not a finite number"),
        ("budgetUsd", "1e400", "it is not a finite number"),
        ("organizations", "1000000001", "it is greater than 1000000000"),
        ("attached", "maybe", "it is neither true nor false"),
        ("sinks", "[a", "it is not a list"),
        ("sinks", "[" * 100_000, "it is not a list"),
        ("sinks", '["a", 1]', "it is not a list of strings"),
        ("folder", "", "it is empty"),
    ],
)
def test_a_text_that_is_none_is_refused(key: str, text: str, reason: str) -> None:
    """In a reason that never holds the value."""
    with pytest.raises(InvalidSettings, match="has 1 problem") as refused:
        settings.load({"cache:backend": "local", f"cache:{key}": text}, stack="local")
    assert f" will not do: {reason}\n" in str(refused.value)


@pytest.mark.parametrize("key", [key for key, entry in schema.every_setting().items() if entry["type"] == "boolean"])
@pytest.mark.parametrize("word", ["true", "True", "yes", "YES", "on", "On", "1"])
@pytest.mark.parametrize("is_on", [True, False])
def test_booleans_read_alike_everywhere(key: str, word: str, is_on: bool) -> None:
    """In whichever of YAML's spellings: of both values, and by the schema."""
    opposite = {"true": "false", "yes": "no", "on": "off", "1": "0"}
    text = word if is_on else opposite[word.lower()].title() if word.istitle() else opposite[word.lower()]
    backend = next(name for name in BACKENDS if key in model_of(name).keys().values())
    model = model_of(backend)
    field = next(name for name, own in model.keys().items() if own == key)
    # Apart from the rules, which refuse one of both for some.
    adapter: TypeAdapter[bool | None] = TypeAdapter(model.model_fields[field].rebuild_annotation())
    assert adapter.validate_python(text) is is_on
    assert text in schema.schema()["properties"]["config"]["properties"][key]["anyOf"][1]["enum"]


def test_the_free_plan_is_accepted_in_any_spelling() -> None:
    """`cache:acceptPlainText: yes` is true, and so is `on`."""
    for word in ("yes", "on", "1", "True"):
        loaded = settings.load({**FREE, "cache:acceptPlainText": word, "cache:acceptAnyAddress": word}, stack="dev")
        assert isinstance(loaded, RedisCloudSettings)
        assert loaded.accept_plain_text is loaded.accept_any_address is True


def test_a_rule_across_fields_is_told_beside_a_field_that_is_wrong() -> None:
    """Nobody has to mend one to learn of the other."""
    config = {"cache:backend": "docker", "cache:tier": "prod", "cache:memoryMb": "300", "cache:port": "x"}
    with pytest.raises(InvalidSettings, match="has 3 problems") as refused:
        settings.load({**config, "cache:dockerHost": "ssh://me@build.example"}, stack="dev")
    for said in ("cache:port", "300 MiB is outside tier prod", "127.0.0.1 is reached from build.example alone"):
        assert said in str(refused.value)
