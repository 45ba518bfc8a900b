"""What an application keeps in its cache, read from a TOML file like workloads/guide.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any, Final

# The project's own. The package may be shipped without it; then the file has to be named.
GUIDE: Final = Path(__file__).resolve().parents[1] / "workloads" / "guide.toml"

_WORDS: Final = {str: "a text", int: "a whole number above 0", dict: "a table", list: "a list of tables"}
_DATA_SET: Final = {"name": str, "key": str, "value_bytes": int, "ttl_seconds": int, "keys_per_organization": int}
# Without it the keys never expire.
_OPTIONAL: Final = frozenset({"ttl_seconds"})


class InvalidWorkload(ValueError):
    """The file is no workload; the message names it and every problem in it."""


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """One kind of keys with text values, which are not whole numbers: a server keeps those in less memory."""

    name: str
    key_bytes: int
    value_bytes: int
    expires: bool
    keys_per_organization: int


Workload = tuple[DataSet, ...]


def load(file: Path = GUIDE) -> Workload:
    """Read a workload. Raises `InvalidWorkload` with all problems at once."""
    try:
        read = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidWorkload(
            f"the workload {file} cannot be read: {error.strerror}; name another: --workload FILE"
        ) from None
    except ValueError as error:
        raise InvalidWorkload(f"the workload {file} is not TOML: {error}") from None
    problems = _problems(read)
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise InvalidWorkload("\n  ".join([f"the workload {file} has {count}:", *problems]))
    return tuple(
        DataSet(
            name=data_set["name"],
            key_bytes=len(data_set["key"].format(**read.get("parts", {})).encode()),
            value_bytes=data_set["value_bytes"],
            expires="ttl_seconds" in data_set,
            keys_per_organization=data_set["keys_per_organization"],
        )
        for data_set in read["data_sets"]
    )


def _problems(read: Mapping[str, Any]) -> list[str]:
    problems = [f'"{key}" is neither parts nor data_sets' for key in sorted(read.keys() - {"parts", "data_sets"})]
    parts = read.get("parts", {})
    if not isinstance(parts, dict):
        return [*problems, f"parts is not {_WORDS[dict]}"]
    problems += [f"parts.{name} is not {_WORDS[str]}" for name, text in parts.items() if not _is(str, text)]
    data_sets = read.get("data_sets")
    if not isinstance(data_sets, list) or not data_sets:
        return [*problems, f"data_sets is not {_WORDS[list]}"]
    for place, data_set in enumerate(data_sets, start=1):
        found = _data_set_problems(data_set, parts) if isinstance(data_set, dict) else [f"is not {_WORDS[dict]}"]
        problems += [f"data set {place}: {problem}" for problem in found]
    return problems


def _data_set_problems(data_set: Mapping[str, Any], parts: Mapping[str, Any]) -> list[str]:
    problems = [f'"{key}" is not one of {", ".join(_DATA_SET)}' for key in sorted(data_set.keys() - _DATA_SET.keys())]
    problems += [f"{key} is missing" for key in _DATA_SET if key not in data_set.keys() | _OPTIONAL]
    problems += [
        f"{key} is not {_WORDS[kind]}"
        for key, kind in _DATA_SET.items()
        if key in data_set and not _is(kind, data_set[key])
    ]
    if _is(str, data_set.get("key")):
        problems += _pattern_problems(data_set["key"], parts)
    return problems


def _pattern_problems(pattern: str, parts: Mapping[str, Any]) -> list[str]:
    try:
        used = [part for _, part, _, _ in Formatter().parse(pattern) if part is not None]
    except ValueError as error:
        return [f'key "{pattern}" is no pattern: {error}']
    return [f'key "{pattern}" has the part {{{part}}}, and parts has none' for part in used if part not in parts]


def _is(kind: type, value: Any) -> bool:
    if kind is str:
        return isinstance(value, str) and value != ""
    # A bool is an int to Python, and never a number of anything.
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
