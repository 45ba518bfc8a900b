"""The JSON Schema of Pulumi.<stack>.yaml, made from the settings, for editors: `python -m infra.schema`.

It refuses what can be seen from one file alone: keys, types, choices, ranges of numbers, and settings of another
backend. All the rest is said by the program, which has the last word.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args

from infra.capabilities import CAPABILITIES, Capability
from infra.settings import NAMESPACE, BackendName, Only, Settings
from infra.settings.model import REQUIRED, Setting, settings_of
from runner import output

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

TYPES: Final[Mapping[type, str]] = {str: "string", int: "integer", float: "number", bool: "boolean"}

# How a value may stand in the file beside its own type: `pulumi config set` writes nothing but texts.
TEXT_OF: Final[Mapping[str, Schema]] = {
    "integer": {"type": "string", "pattern": r"^\s*[+-]?[0-9]+\s*$"},
    "number": {"type": "string", "pattern": r"^\s*[+-]?[0-9.]+([eE][+-]?[0-9]+)?\s*$"},
    "boolean": {"enum": ["true", "false"]},
    "array": {"type": "string"},
}


def schema() -> Schema:
    """Give the schema of a stack's file."""
    settings = settings_of(Settings)
    return {
        "$schema": DIALECT,
        "title": "Pulumi.<stack>.yaml",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {f"{NAMESPACE}:{key}": _entry(setting) for key, setting in settings.items()},
                # Keys of other namespaces are the providers'.
                "patternProperties": {f"^{NAMESPACE}:(?!({'|'.join(settings)})$)": False},
                "required": [f"{NAMESPACE}:{key}" for key, setting in settings.items() if setting.default is REQUIRED],
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


def _entry(setting: Setting) -> Schema:
    """Give the schema of a value in the file: as itself, as a text, or encrypted."""
    described = {"description": setting.field.description, "examples": [setting.field.example]}
    if setting.default not in (REQUIRED, None, ()):
        described["default"] = setting.default
    value = _value(setting)
    text = [TEXT_OF[value["type"]]] if value["type"] in TEXT_OF else []
    return {**described, "anyOf": [value, *text, {"$ref": "#/definitions/secure"}]}


def _value(setting: Setting) -> Schema:
    if setting.kind is Literal:
        return {"type": "string", "enum": list(get_args(setting.type))}
    if setting.kind is tuple:
        return {"type": "array", "items": {"type": "string"}}
    bounds = {
        "exclusiveMinimum": setting.field.gt,
        "minimum": setting.field.ge,
        "maximum": setting.field.le,
        "minLength": None if setting.field.may_be_empty else 1,
    }
    set_bounds = {name: bound for name, bound in bounds.items() if bound is not None}
    return {"type": TYPES[setting.kind], **set_bounds}


def _of_backend(backend: BackendName) -> Schema:
    """Say what a stack on a backend may not have, and which choices it is left."""
    left: dict[str, Any] = {
        f"{NAMESPACE}:{key}": False
        for key, setting in settings_of(Settings).items()
        for mark in setting.marks
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
    sys.exit(output.run(lambda: print(page(), end="")))
