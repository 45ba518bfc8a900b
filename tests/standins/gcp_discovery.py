"""Google's own description of its APIs, inside google-api-python-client, and what is wrong with a message by it."""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import googleapiclient  # type: ignore[import-untyped]

# What a schema says of a field in its description alone.
REQUIRED = "Required. "
# Google's own name of each int format's range.
INTEGERS = {"int32": range(-(2**31), 2**31), "uint32": range(2**32)}


@functools.cache
def document(api: str) -> Mapping[str, Any]:
    """Return the discovery document of an API, like "redis.v1"."""
    folder = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"
    found: Mapping[str, Any] = json.loads((folder / f"{api}.json").read_text())
    return found


def schema(api: str, name: str) -> Mapping[str, Any]:
    """Return one schema of an API."""
    found: Mapping[str, Any] = document(api)["schemas"][name]
    return found


def method(api: str, id_: str) -> Mapping[str, Any]:
    """Return one method of an API, like "redis.projects.locations.instances.create"."""
    found: Mapping[str, Any] = document(api)
    _, *folders, name = id_.split(".")
    for folder in folders:
        found = found["resources"][folder]
    chosen: Mapping[str, Any] = found["methods"][name]
    assert chosen["id"] == id_
    return chosen


def request_problems(api: str, id_: str, parameters: Mapping[str, Any], body: Mapping[str, Any] | None) -> list[str]:
    """List what is wrong with a request: its parameters and its body. A change need not name what is required."""
    chosen = method(api, id_)
    known = chosen.get("parameters", {})
    found = [f"{name} is no parameter of {id_}" for name in parameters.keys() - known.keys()]
    for name, rule in known.items():
        if name not in parameters:
            found += [f"{name} is missing"] if rule.get("required") else []
            continue
        found += _value_problems(api, name, rule, parameters[name], sent=True)
    if "request" not in chosen:
        return found + (["there is a body, and none is taken"] if body is not None else [])
    is_whole = chosen["httpMethod"] != "PATCH"
    return found + problems(api, chosen["request"]["$ref"], body or {}, sent=True, is_whole=is_whole)


def problems(api: str, name: str, message: Mapping[str, Any], *, sent: bool, is_whole: bool = True) -> list[str]:
    """List what is wrong with a message: fields there are not, types, enumerations; in a request also what is required
    and what only an answer has.
    """
    properties = schema(api, name)["properties"]
    found = [f"{key} is no field of {name}" for key in message.keys() - properties.keys()]
    for key, rule in properties.items():
        if key in message:
            found += _value_problems(api, key, rule, message[key], sent=sent)
        elif sent and is_whole and str(rule.get("description", "")).startswith(REQUIRED):
            found.append(f"{key} is missing")
    return found


def _value_problems(api: str, path: str, rule: Mapping[str, Any], value: Any, *, sent: bool) -> Iterator[str]:
    if sent and rule.get("readOnly"):
        yield f"{path} is for answers alone"
    if "$ref" in rule:
        if isinstance(value, dict):
            yield from (f"{path}: {each}" for each in problems(api, rule["$ref"], value, sent=sent))
        else:
            yield f"{path} is no {rule['$ref']}"
        return
    if not _has_type(rule, value):
        yield f"{path} is {value!r}, which is no {rule['type']}"
        return
    if "enum" in rule and value not in rule["enum"]:
        yield f"{path} is {value!r}, which is none of {', '.join(rule['enum'])}"
    if "pattern" in rule and not re.fullmatch(rule["pattern"], value):
        yield f"{path} is {value!r}, which does not match {rule['pattern']}"
    for place, item in enumerate(value if rule["type"] == "array" else []):
        yield from _value_problems(api, f"{path}[{place}]", rule["items"], item, sent=sent)
    for key, item in value.items() if rule["type"] == "object" else ():
        yield from _value_problems(api, f"{path}[{key}]", rule["additionalProperties"], item, sent=sent)


def _has_type(rule: Mapping[str, Any], value: Any) -> bool:
    match rule["type"]:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool) and value in INTEGERS[rule["format"]]
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
    raise NotImplementedError(rule["type"])
