"""What a refusal shows: never a secret's value, no control characters, and never more than can be read."""

import traceback
from collections.abc import Mapping
from typing import Any

import pytest

from infra import settings
from infra.backends import BACKENDS
from infra.settings import InvalidSettings, schema
from infra.settings.delivery import SINKS
from infra.settings.loading import LONGEST, MOST_PROBLEMS, model_of
from tests.infra.test_rejected_configurations import REJECTED

MARK = "hunter2"
NUMBER = "98765432"

# Names that no rule refuses, or none on every backend.
UNREFUSED = {"aws:region", "cache:folder", "cache:tlsCaFile", "cache:afterDelivery", "cache:cloudRegion"}

# What a message may say by itself: keys, choices, examples and descriptions.
OUR_WORDS = f"{schema.page()} {' '.join(SINKS)} tcp://host:port"


def refused(config: Mapping[str, str], *, secret: bool = True) -> InvalidSettings | None:
    """Return the refusal of a configuration, each key of which is a secret; None where it is not refused."""
    try:
        settings.load(config, stack="prod", secret_keys=list(config) if secret else ())
    except InvalidSettings as error:
        return error
    return None


def wrong_values(entry: Mapping[str, Any]) -> list[str]:
    """Return values that a setting of a type may refuse, each with the mark."""
    if entry["type"] in ("integer", "number"):
        return [NUMBER, f"-{NUMBER}", MARK]
    values = [MARK, f"{MARK},{MARK}", f'["{MARK}", 1]', f'["{MARK}"]', f"https://{MARK}@app.example", f"{MARK}/"]
    # In the shape of the example, so that only the rules across fields are left to refuse it.
    example = str(entry["examples"][0])
    return [*values, *(example.replace(part, MARK) for part in example.replace(":", "/").split("/") if part)]


@pytest.mark.long
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_secret_value_of_any_key_is_never_shown(backend: str) -> None:
    """With every other key in order, and with every other key wrong."""
    entries = {key: entry for key, entry in schema.settings(model_of(backend)).items() if key != "cache:backend"}
    named = {key: str(entry["examples"][0]) for key, entry in entries.items()} | {"cache:backend": backend}
    seen: set[str] = set()
    for key, entry in entries.items():
        for value in wrong_values(entry):
            for others in ({}, named, dict.fromkeys(entries, "?")):
                error = refused({**others, "cache:backend": backend, key: value})
                if error is not None:
                    said = "".join(traceback.format_exception(error)).lower()
                    seen |= {key} if f"  {key} ".lower() in said else set()
                    assert MARK not in said
                    assert NUMBER not in said
                    assert error.__context__ is None
    assert entries.keys() - seen <= UNREFUSED


@pytest.mark.parametrize(("values", "said", "cure"), REJECTED, ids=[said[:60] for _, said, _ in REJECTED])
def test_no_refusal_that_is_known_shows_a_secret(values: dict[str, str], said: str, cure: str) -> None:
    """A value that is none of our own words, of whatever key."""
    del said, cure
    config = {key if ":" in key else f"cache:{key}": value for key, value in values.items()}
    error = refused(config)
    assert error is not None
    for key, value in config.items():
        for item in value.split(","):
            if key not in ("cache:backend", "cache:tier") and len(item.strip()) > 3 and item not in OUR_WORDS:
                assert item not in str(error)


def test_a_secret_is_named_as_one_and_the_rest_is_said() -> None:
    """Only the value is missing; what would do is still proposed, unless it is made of the value."""
    said = str(refused({"cache:backend": "local", "cache:tier": "prod", "cache:memoryMb": "9000"}))
    assert "cache:memoryMb [secret] MiB is outside tier [secret], which goes from 4096 to 8192 MiB" in said
    assert "config set cache:memoryMb 4096 --stack prod" in said
    said = str(refused({"cache:backend": "local", "cache:sinks": "dotenv,dotenv"}))
    assert "config set cache:sinks dotenv --stack prod" in said


@pytest.mark.parametrize("key", ["cache:backend", "cache:tier", "cache:port", "cache:sinks", "cache:no\x1b[31mkey"])
def test_a_control_character_is_escaped(key: str) -> None:
    """A terminal would act on it."""
    said = str(refused({"cache:backend": "local", key: "\x1b[31m\r\n\x07red\u202e"}, secret=False))
    assert said.replace("\n", "").isprintable()
    assert "\\x1b[31m" in said


def test_a_message_is_bounded() -> None:
    """Whatever is wrong: one value, all items of a list, or every key."""
    long = "x" * 150_000
    many = ",".join(f"{number}" for number in range(50_000))
    keys = {f"cache:key{number}": "1" for number in range(5_000)}
    for config in (
        {"cache:tier": long},
        {"cache:sinks": many},
        {"cache:encoreTypes": many},
        keys,
        {f"cache:{long}": ""},
    ):
        error = refused({"cache:backend": "local", **config}, secret=False)
        assert len(str(error)) < 10 * LONGEST * MOST_PROBLEMS
    assert "has 5000 problems" in str(refused({"cache:backend": "local", **keys}, secret=False))
    assert f"\n  and {5_000 - MOST_PROBLEMS} more" in str(refused({"cache:backend": "local", **keys}, secret=False))
