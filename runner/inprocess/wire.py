"""Pulumi's wire form of properties: secrets wrapped and marked, values of later marked as unknown."""

from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

Properties = dict[str, Any]

_MARK = rpc._special_sig_key  # noqa: SLF001 - the SDK has no public name for it; the contract test holds it
_SECRET = rpc._special_secret_sig  # noqa: SLF001


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Take properties off the wire; whole numbers become integers again."""
    values: Properties = json_format.MessageToDict(struct)
    return {key: _whole(value) for key, value in values.items()}


def to_struct(properties: Properties) -> struct_pb2.Struct:
    """Put properties on the wire."""
    return json_format.ParseDict(properties, struct_pb2.Struct())


def is_secret(value: Any) -> bool:
    """Return whether a value is wrapped as a secret."""
    return isinstance(value, dict) and value.get(_MARK) == _SECRET


def holds_secret(value: Any) -> bool:
    """Return whether a value is a secret, or has one in it."""
    if isinstance(value, dict):
        return is_secret(value) or any(holds_secret(item) for item in value.values())
    return isinstance(value, list) and any(holds_secret(item) for item in value)


def secret(value: Any) -> Properties:
    """Wrap a value as a secret."""
    return value if is_secret(value) else {_MARK: _SECRET, "value": value}


def plain(value: Any) -> Any:
    """Unwrap every secret in a value, at any depth."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def masked(value: Any) -> Any:
    """Put "[secret]" in the place of every secret in a value."""
    if is_secret(value):
        return "[secret]"
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """Return whether a preview cannot know the value, or a part of it, yet."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return bool(value == rpc.UNKNOWN)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value
