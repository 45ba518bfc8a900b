import json

import pytest

from verify.expectation import Expectation, InvalidExpectation

FULL = Expectation(
    maxmemory_bytes=104857600,
    maxmemory_policy="allkeys-lru",
    persistence="append-only",
    authentication=True,
    tls=False,
    replicas=0,
    version="7.2",
    access="data",
    access_rules=("+flushdb", "~verify:*"),
)


@pytest.mark.parametrize("expectation", [FULL, Expectation()], ids=["full", "nothing asked"])
def test_json_and_back_is_the_same(expectation: Expectation) -> None:
    """What infra writes is what the command line reads."""
    assert Expectation.from_json(expectation.to_json()) == expectation


def test_an_unknown_key_is_refused_with_the_nearest() -> None:
    """A typo is not taken for "nothing asked"."""
    with pytest.raises(InvalidExpectation, match=r"maxmemory_polcy is no key; did you mean maxmemory_policy\?"):
        Expectation.from_json('{"maxmemory_polcy": "noeviction"}')


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("maxmemory_bytes", "100mb"),
        ("maxmemory_bytes", True),
        ("maxmemory_bytes", -1),
        ("maxmemory_policy", 3),
        ("persistence", "aof"),
        ("authentication", "yes"),
        ("tls", 1),
        ("replicas", 1.5),
        ("version", 7),
        ("access", "queue"),
        ("access_rules", "+flushdb"),
        ("access_rules", ["+@all"]),
    ],
)
def test_a_bad_value_is_named(key: str, value: object) -> None:
    """The error names the key, shows the value and gives an example."""
    with pytest.raises(InvalidExpectation) as refused:
        Expectation.from_json(json.dumps({key: value}))
    assert f"{key} is {json.dumps(value)}, not " in str(refused.value)
    assert "for example" in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    """A file of another kind is said to be one."""
    with pytest.raises(InvalidExpectation, match="is not"):
        Expectation.from_json(text)


def test_all_problems_are_told_at_once() -> None:
    """Two problems are two lines."""
    with pytest.raises(InvalidExpectation) as refused:
        Expectation.from_json('{"tls": 1, "colour": "red"}')
    assert len(str(refused.value).splitlines()) == 3
