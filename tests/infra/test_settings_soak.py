"""Whatever a stack's configuration has: settings, or one message with every problem, in time and without a secret."""

import json
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from infra import settings
from infra.settings import InvalidSettings
from tests.soak import Soak

ROOT = Path(__file__).resolve().parents[2]
KEYS: dict[str, Any] = json.loads((ROOT / "docs" / "pulumi-stack.schema.json").read_text(encoding="utf-8"))[
    "properties"
]["config"]["properties"]
BACKENDS = ("local", "docker", "elasticache", "memorystore", "rediscloud", "memory")
SECRET = "hunter2-of-the-cache"

ODD = (
    *(
        "",
        " ",
        "\x00",
        "\x1b[2J",
        "\u202e",
        "\ud800",
        "é",
        "٣",
        "²",
        "null",
        "true",
        "yes",
        "-1",
        "0",
        "1e400",
        "nan",
        "-0",
    ),
    *("9" * 5000, "0x10", "1_000", "[]", "{}", "[1", '["a", "a"]', '{"a": {"b": [null]}}', "[" * 2000, "[[[]]]", '"'),
    *("2026-01-02", "../..", "/dev/zero", "~nosuch/x", "a" * 10_000, "$(id)", "%s{0}{x}", "sun:25:61-sun:02:00"),
    *("sun:01:00-sun:02:00", "01:00-02:00", "10.0.0.0/8", "::1", "300.1.1.1", "http://[", "tcp://h:99999", "ssh://"),
)


def example(random: Random, key: str) -> str:
    """Return a value that a key may well have: its example, its default, or one of its choices."""
    described = KEYS[key]
    choices = [choice for kind in described.get("anyOf", [described]) for choice in kind.get("enum", [])]
    found = random.choice([*described.get("examples", []), described.get("default", "dev"), *choices])
    return found if isinstance(found, str) else json.dumps(found)


def value(random: Random, key: str) -> str:
    """Return any text for a key: a right one, another key's, an odd one, or a right one with odd pieces."""
    match random.randrange(6):
        case 0 | 1 | 2:
            return example(random, key)
        case 3:
            return example(random, random.choice(list(KEYS)))
        case 4:
            return random.choice(ODD)
        case _:
            text = example(random, key)
            place = random.randrange(len(text) + 1)
            return text[:place] + random.choice(ODD)[:200] + text[place + random.randrange(3) :]


def configuration(random: Random) -> dict[str, str]:
    """Return the configuration of a stack, of few keys or of many, known ones or not."""
    keys = random.sample(list(KEYS), random.randrange(1, 20))
    made = {key: value(random, key) for key in keys}
    made["cache:backend"] = random.choice(BACKENDS) if random.randrange(10) else random.choice(ODD)
    for _ in range(random.choice((0, 0, 0, 1, 3, 1000)) if random.randrange(20) == 0 else random.randrange(2)):
        key = random.choice(list(KEYS))
        place = random.randrange(len(key) + 1)
        made[key[:place] + random.choice(("", "x", "\x1b", ":", str(random.random()))) + key[place + 1 :]] = "x"
    return made


@pytest.mark.soak(20_000)
def test_whatever_a_configuration_has_it_is_taken_or_refused(soak: Soak) -> None:
    """No other exception, no secret in a message, and none takes long or fills a screen twice over."""
    random = soak.random()
    for case in range(soak.cases):
        found = configuration(random)
        secret_keys = random.sample(list(found), random.randrange(min(len(found), 4)))
        # A part of it right, so that the value gets as far as the rules across keys.
        found |= {key: random.choice((SECRET, f"{found[key]}{SECRET}")) for key in secret_keys}
        started = time.process_time()
        try:
            settings.load(found, stack="dev", secret_keys=secret_keys)
            message = ""
        except InvalidSettings as refused:
            message = str(refused)
        where = f"case {case}, seed {soak.seed}: {found}"
        assert SECRET not in message, where
        assert len(message) < 60_000, where
        assert time.process_time() - started < 20, where
