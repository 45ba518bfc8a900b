"""The JSON Schema of Pulumi.<stack>.yaml, made from the settings, for editors.

It refuses what can be seen from one file alone: keys, types, choices, ranges of numbers, and settings of another
backend. All the rest is said by the program, which has the last word.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from infra.backends import BACKENDS
from infra.capabilities import Capabilities
from infra.settings.base import NAMESPACE, Model
from infra.settings.delivery import Settings
from infra.settings.loading import BACKEND_KEY, PREFIX, model_of

Schema = dict[str, Any]

DIALECT: Final = "http://json-schema.org/draft-07/schema#"

# What Pulumi itself writes beside the configuration (pulumi/pulumi, sdk/go/common/workspace/project.go, ProjectStack).
OF_PULUMI: Final[Mapping[str, Schema]] = {
    "secretsprovider": {
        "type": "string",
        "description": "The key that secrets are encrypted with; written by pulumi stack init and "
        "pulumi stack change-secrets-provider",
        "examples": ["awskms://alias/pulumi-state?region=us-east-1"],
    },
    "encryptedkey": {"type": "string", "description": "Written by Pulumi, with secretsprovider"},
    "encryptionsalt": {"type": "string", "description": "Written by Pulumi, for a passphrase; tier prod refuses it"},
    "environment": {"type": ["array", "object"], "description": "Environments of Pulumi ESC"},
}
SECURE: Final[Schema] = {
    "type": "object",
    "properties": {"secure": {"type": "string"}},
    "required": ["secure"],
    "additionalProperties": False,
    "description": "Written by pulumi config set --secret",
}

# As pydantic reads a boolean, in any case of its letters; YAML 1.1 and 1.2 take some of them for booleans themselves.
BOOLEANS: Final = ("true", "yes", "on", "y", "t", "false", "no", "off", "n", "f")

# How a value may stand in the file beside its own type: `pulumi config set` writes nothing but texts.
TEXT_OF: Final[Mapping[str, Schema]] = {
    "integer": {"type": "string", "pattern": r"^\s*[+-]?[0-9]+\s*$"},
    "number": {"type": "string", "pattern": r"^\s*[+-]?[0-9.]+([eE][+-]?[0-9]+)?\s*$"},
    "boolean": {
        "enum": [0, 1, *(form(word) for word in BOOLEANS for form in (str, str.capitalize, str.upper)), "0", "1"]
    },
    "array": {"type": "string"},
    # What it maps may be named one by one as well.
    "object": {"type": ["string", "array"]},
}


def settings(model: type[Model]) -> dict[str, Schema]:
    """Return the JSON Schema of each setting of a model, by its full key; a setting that may be unset is no null."""
    described: dict[str, Schema] = model.model_json_schema()["properties"]
    return {key: _of_values(entry) for key, entry in described.items()}


def every_setting() -> dict[str, Schema]:
    """Return the JSON Schema of each setting there is; of one that several backends have, as the first describes it."""
    entries = settings(Settings)
    for backend in BACKENDS:
        entries |= {key: entry for key, entry in settings(model_of(backend)).items() if key not in entries}
    return entries


def schema() -> Schema:
    """Return the schema of a stack's file."""
    entries = every_setting()
    own = [key.removeprefix(PREFIX) for key in entries if key.startswith(PREFIX)]
    return {
        "$schema": DIALECT,
        "title": "Pulumi.<stack>.yaml",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {key: _entry(entry) for key, entry in entries.items()},
                # Keys of other namespaces are the providers'.
                "patternProperties": {f"^{NAMESPACE}:(?!({'|'.join(own)})$)": False},
                "required": [BACKEND_KEY],
                "allOf": [_of_backend(name, entries) for name in BACKENDS],
            },
            **OF_PULUMI,
        },
        "required": ["config"],
        "additionalProperties": False,
        "definitions": {"secure": SECURE},
    }


def page() -> str:
    """Return the file."""
    return json.dumps(schema(), indent=2) + "\n"


def _of_values(entry: Schema) -> Schema:
    kinds = [kind for kind in entry.get("anyOf", ()) if kind != {"type": "null"}]
    known = {name: value for name, value in entry.items() if name not in ("anyOf", "title")}
    return {**known, **kinds[0]} if kinds else known


def _entry(entry: Schema) -> Schema:
    """Return the schema of a value in the file: as itself, as a text, or encrypted."""
    described: Schema = {name: entry[name] for name in ("description", "examples") if name in entry}
    if entry.get("default") not in (None, []):
        described["default"] = entry["default"]
    value = {name: part for name, part in entry.items() if name not in ("description", "examples", "default")}
    text = [TEXT_OF[value["type"]]] if value["type"] in TEXT_OF else []
    return {**described, "anyOf": [value, *text, {"$ref": "#/definitions/secure"}]}


def _of_backend(backend: str, entries: Mapping[str, Schema]) -> Schema:
    """Return what a stack on a backend must have and may not have, and which choices it is left."""
    model = model_of(backend)
    own = model.keys()
    left: dict[str, Any] = {key: False for key in entries if key.startswith(PREFIX) and key not in own.values()}
    left |= _choices(model.capabilities)
    return {
        "if": {"properties": {BACKEND_KEY: {"const": backend}}, "required": [BACKEND_KEY]},
        "then": {
            "properties": left,
            "required": [own[name] for name, field in model.model_fields.items() if field.is_required()],
        },
    }


def _choices(can: Capabilities) -> Schema:
    return {
        f"{PREFIX}maxmemoryPolicy": {"enum": sorted(can.policies)},
        f"{PREFIX}persistence": {"enum": sorted(can.persistence)},
    }
