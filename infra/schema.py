"""The JSON Schema of Pulumi.<stack>.yaml, made from the settings model, for editors: `python -m infra.schema`.

It refuses what can be seen from one file alone: keys, types, choices, ranges of numbers, and settings of another
backend. All the rest is said by the program, which has the last word.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic.alias_generators import to_camel

from infra.capabilities import CAPABILITIES, Capability
from infra.settings import NAMESPACE, BackendName, Only, Settings

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

# How a value may stand in the file beside its own type: `pulumi config set` writes nothing but texts.
TEXT_OF: Final[Mapping[str, Schema]] = {
    "integer": {"type": "string", "pattern": r"^\s*[+-]?[0-9]+\s*$"},
    "number": {"type": "string", "pattern": r"^\s*[+-]?[0-9.]+([eE][+-]?[0-9]+)?\s*$"},
    "boolean": {"enum": ["true", "false"]},
    "array": {"type": "string"},
}


def schema() -> Schema:
    """Give the schema of a stack's file."""
    model = Settings.model_json_schema()
    keys = "|".join(model["properties"])
    return {
        "$schema": DIALECT,
        "title": "Pulumi.<stack>.yaml",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {f"{NAMESPACE}:{key}": _setting(entry) for key, entry in model["properties"].items()},
                # Keys of other namespaces are the providers'.
                "patternProperties": {f"^{NAMESPACE}:(?!({keys})$)": False},
                "required": [f"{NAMESPACE}:{key}" for key in model["required"]],
                "allOf": [_of_backend(name) for name in get_args(BackendName)],
            },
            **OF_PULUMI,
        },
        "required": ["config"],
        "additionalProperties": False,
        "definitions": {"secure": SECURE},
    }


def page() -> str:
    """Give the file."""
    return json.dumps(schema(), indent=2) + "\n"


def _setting(entry: Mapping[str, Any]) -> Schema:
    """Turn pydantic's schema of a field into that of a value in the file."""
    described = {key: value for key, value in entry.items() if key in {"description", "default", "examples"}}
    if described.get("default") in (None, []):
        described.pop("default", None)
    value = {key: value for key, value in entry.items() if key not in {"description", "default", "examples", "title"}}
    choices = [choice for choice in value.pop("anyOf", [value]) if choice.get("type") != "null"]
    texts = [TEXT_OF[choice["type"]] for choice in choices if choice["type"] in TEXT_OF]
    return {**described, "anyOf": [*choices, *texts, {"$ref": "#/definitions/secure"}]}


def _of_backend(backend: BackendName) -> Schema:
    """Say what a stack on a backend may not have, and which choices it is left."""
    left: dict[str, Any] = {
        f"{NAMESPACE}:{to_camel(name)}": False
        for name, field in Settings.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Only) and backend not in mark.backends
    }
    if backend in CAPABILITIES:
        left |= _choices(CAPABILITIES[backend])
    return {
        "if": {"properties": {f"{NAMESPACE}:backend": {"const": backend}}, "required": [f"{NAMESPACE}:backend"]},
        "then": {"properties": left},
    }


def _choices(can: Capability) -> Schema:
    return {
        f"{NAMESPACE}:maxmemoryPolicy": {"enum": sorted(can.policies)},
        f"{NAMESPACE}:persistence": {"enum": sorted(can.persistence)},
    }


if __name__ == "__main__":
    print(page(), end="")
