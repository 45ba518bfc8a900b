"""The tables of the documents, made from the code: `python -m infra.reference` writes them into README.md."""

import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo

from infra.backends import BACKENDS
from infra.capabilities import CAPABILITIES, Capability
from infra.settings import NAMESPACE, Only, Settings

README: Final = Path(__file__).resolve().parents[1] / "README.md"


def settings_table() -> str:
    """Give every configuration key with its values, default, backends and meaning."""
    rows = [
        [
            f"`{NAMESPACE}:{to_camel(name)}`",
            _values(field.annotation),
            _default(field),
            ", ".join(next((mark.backends for mark in field.metadata if isinstance(mark, Only)), ["all"])),
            str(field.description or ""),
        ]
        for name, field in Settings.model_fields.items()
    ]
    return _table(["key", "values", "default", "backends", "meaning"], rows)


def capability_table() -> str:
    """Give what each backend that is there can do."""
    columns = {name: CAPABILITIES[name] for name in BACKENDS}
    rows: Mapping[str, Callable[[Capability], str]] = {
        "passwords at a time": lambda can: str(can.passwords) if can.passwords else "none of ours",
        "TLS": lambda can: can.tls,
        "replicas": lambda can: f"up to {can.largest_replicas}" if can.largest_replicas else "no",
        "persistence": lambda can: ", ".join(sorted(can.persistence)),
        "eviction policies": lambda can: f"all {len(can.policies)}" if len(can.policies) > 1 else min(can.policies),
        "resize in place": lambda can: _yes(can.in_place_resize),
        "private network": lambda can: _yes(can.private_network),
    }
    return _table(["", *columns], [[title, *(say(can) for can in columns.values())] for title, say in rows.items()])


TABLES: Final[Mapping[str, Callable[[], str]]] = {"settings": settings_table, "capabilities": capability_table}


def written_into(text: str) -> str:
    """Put each table between its markers, `<!-- settings -->` and `<!-- /settings -->`, in a document."""
    for name, table in TABLES.items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        if begin and end:
            text = f"{before}{begin}{table()}\n{end}{after}"
    return text


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _yes(truth: bool) -> str:  # noqa: FBT001 - the two words of a table's cell
    return "yes" if truth else "no"


def _values(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return ", ".join(_values(part) for part in get_args(annotation) if part is not type(None))
    names = {str: "text", int: "whole number", float: "number", bool: "`true`, `false`"}
    return names.get(annotation, "list")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "" if field.default in (None, ()) else f"`{str(field.default).lower()}`"


if __name__ == "__main__":
    old = README.read_text()
    README.write_text(written_into(old))
    sys.exit(0)
