"""Members of a JSON text, changed where they stand: everything else is left byte for byte.

Parsing and printing the whole would give back the same data in another layout, in a file that people keep in git.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

_DECODER: Final = json.JSONDecoder()
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_FIRST_INDENTATION: Final = re.compile(r"\s*\{\s*?\n(?P<indentation>[ \t]+)\"")
_USUAL_INDENTATION: Final = "  "


@dataclass(frozen=True, kw_only=True)
class _Member:
    """A member of an object, by its places in the text."""

    key: str
    start: int
    value: int
    end: int


def replaced(text: str, path: Sequence[str], value: Any) -> str:
    """Return the text of an object with another value at the path, whose last parts may be missing.

    What is there of the path has to be objects; raises `ValueError` for text that is no JSON.
    """
    place = _past_space(text, 0)
    for depth, key in enumerate(path, start=1):
        members = list(_members(text, place))
        member = _named(members, key)
        if member is None:
            for missing in reversed(path[depth:]):
                value = {missing: value}
            return _appended(text, place, members, f"{json.dumps(key)}: {_printed(text, value, depth)}", depth)
        place, end = member.value, member.end
    return text[:place] + _printed(text, value, len(path)) + text[end:]


def removed(text: str, path: Sequence[str]) -> str:
    """Return the text of an object without the member at the path; nothing changes where there is none."""
    *outer, key = path
    place = _past_space(text, 0)
    for name in outer:
        above = _named(list(_members(text, place)), name)
        if above is None:
            return text
        place = above.value
    members = list(_members(text, place))
    member = _named(members, key)
    if member is None:
        return text
    position = members.index(member)
    if position:
        return text[: members[position - 1].end] + text[member.end :]
    if members[1:]:
        return text[: member.start] + text[members[1].start :]
    return text[: place + 1] + text[_past_space(text, member.end) :]


def _members(text: str, place: int) -> Iterator[_Member]:
    """Find the members of the object that starts at the place."""
    place = _past_space(text, place + 1)
    while text[place] == '"':
        key, colon = _DECODER.raw_decode(text, place)
        value = _past_space(text, _past_space(text, colon) + 1)
        _, end = _DECODER.raw_decode(text, value)
        yield _Member(key=key, start=place, value=value, end=end)
        place = _past_space(text, end)
        if text[place] == ",":
            place = _past_space(text, place + 1)


def _named(members: Sequence[_Member], key: str) -> _Member | None:
    # Of two members of one name, readers take the last.
    return next((member for member in reversed(members) if member.key == key), None)


def _appended(text: str, place: int, members: Sequence[_Member], member: str, depth: int) -> str:
    """Put a member at the end of the object that starts at the place."""
    line = f"\n{_indentation(text) * depth}{member}"
    if members:
        return f"{text[: members[-1].end]},{line}{text[members[-1].end :]}"
    return f"{text[: place + 1]}{line}\n{_indentation(text) * (depth - 1)}{text[_past_space(text, place + 1) :]}"


def _printed(text: str, value: Any, depth: int) -> str:
    indentation = _indentation(text)
    return json.dumps(value, indent=indentation, ensure_ascii=False).replace("\n", "\n" + indentation * depth)


def _indentation(text: str) -> str:
    match = _FIRST_INDENTATION.match(text)
    return match["indentation"] if match else _USUAL_INDENTATION


def _past_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place
