"""The tables of the documents, made from the code."""

from collections.abc import Callable, Mapping
from typing import Final

from pydantic.fields import FieldInfo

from infra.backends import BACKENDS, settings_of
from infra.capabilities import Capabilities
from infra.markdown import table
from infra.settings import Settings, schema
from infra.settings.common import CommonSettings
from infra.settings.delivery import sinks_with
from infra.settings.loading import model_of
from infra.settings.schema import Schema


def settings_tables() -> str:
    """Return every configuration key with its values, default and meaning: a table for each model."""
    parts = {
        "Every stack": _settings_table(CommonSettings),
        "Delivery": _settings_table(Settings, CommonSettings),
        **{f"Backend {backend}": _settings_table(model_of(backend), Settings) for backend in BACKENDS},
    }
    return "\n".join(f"\n### {title}\n\n{made}" for title, made in parts.items() if made) + "\n"


def _settings_table(model: type[CommonSettings], base: type[CommonSettings] | None = None) -> str:
    """Return the settings that a model has beside its base's; of those of delivery, the sinks that have each."""
    entries, keys = schema.settings(model), model.keys()
    own = [name for name in keys if base is None or name not in base.model_fields]
    rows = [
        [f"`{keys[name]}`", _values(entry), _default(model.model_fields[name], entry), str(entry["description"])]
        for name, entry in ((name, entries[keys[name]]) for name in own)
    ]
    header = ["key", "values", "default", "meaning"]
    if any(sinks_with(name) for name in own):
        header.insert(1, "for")
        for row, name in zip(rows, own, strict=True):
            row.insert(1, ", ".join(sinks_with(name)))
    return table(header, rows) if rows else ""


def capability_table() -> str:
    """Return what each backend that is there can do."""
    columns = {name: settings_of(name).capabilities for name in BACKENDS}
    rows: Mapping[str, Callable[[Capabilities], str]] = {
        "passwords at a time": lambda can: str(can.passwords.at_a_time or "none of ours"),
        "TLS": lambda can: can.tls,
        "replicas": lambda can: f"up to {can.largest_replicas}" if can.largest_replicas else "no",
        "persistence": lambda can: ", ".join(sorted(can.persistence)),
        "eviction policies": lambda can: f"all {len(can.policies)}" if len(can.policies) > 1 else min(can.policies),
        "resize in place": lambda can: _yes(can.in_place_resize),
        "private network": lambda can: _yes(can.private_network),
    }
    return table(["", *columns], [[title, *(say(can) for can in columns.values())] for title, say in rows.items()])


TABLES: Final[Mapping[str, Callable[[], str]]] = {"settings": settings_tables, "capabilities": capability_table}


def written_into(text: str) -> str:
    """Put each table between its markers, `<!-- settings -->` and `<!-- /settings -->`, in a document."""
    for name, made in TABLES.items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        if begin and end:
            text = f"{before}{begin}{made()}\n{end}{after}"
    return text


def _yes(boolean: bool) -> str:  # noqa: FBT001 - the two words of a table's cell
    return "yes" if boolean else "no"


def _values(entry: Schema) -> str:
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    types = {"string": "text", "integer": "whole number", "boolean": "`true`, `false`", "array": "list"}
    return {**types, "object": "mapping, list"}.get(entry["type"], "number")


def _default(field: FieldInfo, entry: Schema) -> str:
    default = entry.get("default")
    if field.is_required():
        return "required"
    return "" if default in (None, []) else f"`{str(default).lower() if isinstance(default, bool) else default}`"
