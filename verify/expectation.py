"""Expectation: what was asked of the cache, for the checks to hold it against."""

import difflib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, NamedTuple, get_args

from verify import access
from verify.access import Preset
from verify.redaction import legible

Persistence = Literal["append-only", "snapshot", "none"]


class _Kind(NamedTuple):
    """What a value must be: the test, its description, and a right one."""

    accepts: Callable[[Any], bool]
    description: str
    example: Any


def _is_count(value: Any) -> bool:
    # A bool is an int to Python, and never a number of anything.
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_string(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_rules(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(rule, str) and not access.problem(rule) for rule in value)


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool)


_KINDS: Final = {
    "maxmemory_bytes": _Kind(_is_count, "a whole number of bytes", 104857600),
    "maxmemory_policy": _Kind(_is_string, "a policy's name", "allkeys-lru"),
    "persistence": _Kind(
        get_args(Persistence).__contains__, f"one of {', '.join(get_args(Persistence))}", "append-only"
    ),
    "authentication": _Kind(_is_boolean, "true or false", True),
    "tls": _Kind(_is_boolean, "true or false", True),
    "replicas": _Kind(_is_count, "a whole number", 1),
    "version": _Kind(_is_string, "a version or its beginning", "7.2"),
    "cluster": _Kind(_is_boolean, "true or false", False),
    "access": _Kind(get_args(Preset).__contains__, f"one of {', '.join(get_args(Preset))}", "data"),
    "access_rules": _Kind(_is_rules, "a list of rules of an ACL", ["+flushdb"]),
}


class InvalidExpectation(Exception):
    """An expectation is not one; the message names every bad key and value."""


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What the stack asked for. None means that nothing was asked, and the check is skipped with that reason.

    `version` matches from its beginning: "7" holds for 7.2.4, and so do "7.2" and "redis 7.2". `access_rules` are what
    is added to the preset `access`, or taken away from it (verify/access.py).
    """

    maxmemory_bytes: int | None = None
    maxmemory_policy: str | None = None
    persistence: Persistence | None = None
    authentication: bool | None = None
    tls: bool | None = None
    replicas: int | None = None
    version: str | None = None
    cluster: bool | None = None
    access: Preset | None = None
    access_rules: tuple[str, ...] = ()

    @property
    def asked(self) -> dict[str, Any]:
        """Return what was asked, by its names."""
        return {name: value for name, value in asdict(self).items() if value not in (None, ())}

    def to_json(self) -> str:
        """Return what was asked as JSON, for `python -m verify check --expect FILE`."""
        return json.dumps(self.asked, indent=2)

    @classmethod
    def from_json(cls, text: str) -> "Expectation":
        """Read what `to_json` wrote. Raises `InvalidExpectation` with every problem at once."""
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as invalid:
            raise InvalidExpectation(f"the expectation is not JSON: {invalid}") from None
        if not isinstance(values, dict):
            raise InvalidExpectation('the expectation is not a JSON object like {"maxmemory_policy": "noeviction"}')
        problems = [problem for key, value in values.items() if (problem := _problem(key, value))]
        if problems:
            raise InvalidExpectation("\n".join(["the expectation will not do:", *(f"  {line}" for line in problems)]))
        rules = tuple(values.pop("access_rules", None) or ())
        return cls(**values, access_rules=rules)


def _problem(key: str, value: Any) -> str | None:
    if key not in _KINDS:
        nearest = difflib.get_close_matches(key, _KINDS, n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(_KINDS)}"
        return f"{legible(key)} is no key; {hint}"
    kind = _KINDS[key]
    if value is None or kind.accepts(value):
        return None
    return (
        f"{key} is {legible(json.dumps(value))}, not {kind.description}; for example {json.dumps({key: kind.example})}"
    )
