"""Pulumi's wire form of properties: secrets wrapped and marked, values of later marked as unknown."""

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

Properties = dict[str, Any]

_MARK = rpc._special_sig_key  # noqa: SLF001 - the SDK has no public name for it; the contract test holds it
_SECRET = rpc._special_secret_sig  # noqa: SLF001


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Take properties off the wire; whole numbers become integers again."""
    values: Properties = changed(
        json_format.MessageToDict(struct),
        lambda part: int(part) if isinstance(part, float) and part.is_integer() else part,
    )
    return values


def to_struct(properties: Properties) -> struct_pb2.Struct:
    """Put properties on the wire."""
    return json_format.ParseDict(properties, struct_pb2.Struct())


def is_secret(value: Any) -> bool:
    """Return whether a value is wrapped as a secret."""
    return isinstance(value, dict) and value.get(_MARK) == _SECRET


def holds_secret(value: Any) -> bool:
    """Return whether a value is a secret, or has one in it."""
    return any(is_secret(part) for part in _parts(value))


def secret(value: Any) -> Properties:
    """Wrap a value as a secret."""
    return value if is_secret(value) else {_MARK: _SECRET, "value": value}


def plain(value: Any) -> Any:
    """Unwrap every secret in a value, at any depth."""
    return changed(value, lambda part: plain(part["value"]) if is_secret(part) else part)


def masked(value: Any) -> Any:
    """Put "[secret]" in the place of every secret in a value."""
    return changed(value, lambda part: "[secret]" if is_secret(part) else part)


def has_unknown(value: Any) -> bool:
    """Return whether a preview cannot know the value, or a part of it, yet."""
    return any(part == rpc.UNKNOWN for part in _parts(value))


def _parts(value: Any) -> Iterator[Any]:
    """Yield a value, and whatever is in it at any depth."""
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _parts(item)


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value in which `change` was made to it, and to whatever is then in it at any depth."""
    value = change(value)
    if isinstance(value, dict):
        return {key: changed(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [changed(item, change) for item in value]
    return value
