"""docs/configuration.md and docs/outputs.md, made from the code."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from pydantic.fields import FieldInfo

from infra import backend, sinks
from infra.backends import BACKENDS, settings_of
from infra.capabilities import Capabilities
from infra.markdown import table
from infra.outputs import OF_EVERY_STACK, Output
from infra.settings import Settings, schema
from infra.settings.common import CommonSettings
from infra.settings.delivery import SINKS, sinks_with
from infra.settings.loading import model_of
from infra.settings.schema import Schema

CONFIGURATION: Final = """\
# Configuration

Each environment is a stack with a file, `Pulumi.<stack>.yaml`; `pulumi config set KEY VALUE --stack STACK` writes it.
A list is YAML in the file, and items with commas on the command line. All mistakes in a file are reported at once, each
with the command that fixes it. [A JSON schema](pulumi-stack.schema.json) completes and checks the file in an editor.

A copy of the project under another name: `pulumi new <this repository's address> --dir team-cache`, with `dev` as the
stack; it asks four questions. From a clone, take one that nothing ran in: `pulumi new` copies a folder with all that is
in it, `.local` and its passwords included.

This page is generated: `make docs`.
"""

CAPABILITIES: Final = """\
## What each backend can do

A setting that the backend does not support is refused before anything is created.
"""

OUTPUTS: Final = """\
# Outputs

`make outputs STACK=prod` prints them with the secrets masked; `pulumi stack output NAME --show-secrets` prints one.
Another Pulumi program reads them by a `StackReference`.

An `up` whose verification fails exits with 1 and keeps what it created, and the outputs name the failed check.
Measurements change with each run, so they are no outputs: `.local/reports/<stack>.json` has the last run's.
`CACHE_VERIFICATION=off` in the environment switches the verification off for one run.

This page is generated: `make docs`.
"""


def configuration_page() -> str:
    """Return every configuration key with its values, default and meaning, and what each backend can do."""
    return "\n".join([CONFIGURATION, *_settings_tables(), CAPABILITIES, _capability_table(), ""])


def outputs_page() -> str:
    """Return every output with its meaning."""
    tables = {
        "Every stack": OF_EVERY_STACK,
        **{f"Backend {each.name}": each.outputs for each in backend.all_backends()},
        **{f"Sink {name}": sinks.module_of(name).OUTPUTS for name in SINKS},
    }
    return "\n".join([OUTPUTS, *(part for title, known in tables.items() if known for part in _outputs(title, known))])


def _outputs(title: str, known: Sequence[Output]) -> Iterator[str]:
    rows = [[f"`{each.name}`", "yes" if each.secret else "", each.meaning] for each in known]
    yield from (f"## {title}\n", table(["output", "secret", "meaning"], rows), "")


def _settings_tables() -> Iterator[str]:
    tables = {
        "Every stack": _settings_table(CommonSettings),
        "Delivery": _settings_table(Settings, CommonSettings),
        **{f"Backend {name}": _settings_table(model_of(name), Settings) for name in BACKENDS},
    }
    for title, made in tables.items():
        if made:
            yield from (f"## {title}\n", made, "")


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


def _capability_table() -> str:
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
