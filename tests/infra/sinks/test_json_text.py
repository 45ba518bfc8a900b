"""JSON changed where it stands: everything else is left byte for byte."""

import json

import pytest

from infra.sinks import json_text

# Other layouts than a printer's, among them a name with quotes and braces, and one that is there twice.
FILE = """{
    "$schema" : "x",
    "sql": [{"host":"h", "n": 1.0}], "}\\" {": {},
    "redis": {"other": {"host": "o"},
        "cache": {
            "host": "old" }
    },
    "twice": {"a": 1}, "twice": {"b": 2}
}
"""


def test_a_value_is_replaced_in_its_place() -> None:
    """With the file's own indentation, and nothing else touched."""
    assert json_text.replaced(FILE, ("redis", "cache"), {"host": "é", "list": []}) == FILE.replace(
        '{\n            "host": "old" }', '{\n            "host": "é",\n            "list": []\n        }'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", '{\n  "redis": {\n    "cache": 1\n  }\n}'),
        ('{"a": 1}', '{"a": 1,\n  "redis": {\n    "cache": 1\n  }}'),
        ('{\n\t"a": 1\n}\n', '{\n\t"a": 1,\n\t"redis": {\n\t\t"cache": 1\n\t}\n}\n'),
        ('{\n  "redis": {}\n}\n', '{\n  "redis": {\n    "cache": 1\n  }\n}\n'),
        ('{\n  "redis": {\n    "b": 2\n  }\n}\n', '{\n  "redis": {\n    "b": 2,\n    "cache": 1\n  }\n}\n'),
    ],
)
def test_what_is_missing_of_a_path_is_put_at_the_end(text: str, expected: str) -> None:
    """Indented as the rest, or with two spaces; and taking it out gives back the text but for the empty object."""
    assert json_text.replaced(text, ("redis", "cache"), 1) == expected
    assert json.loads(json_text.removed(expected, ("redis", "cache"))) == {"redis": {}} | json.loads(text)


def test_of_two_members_of_one_name_the_last_is_changed() -> None:
    """It is the one that readers take."""
    assert json.loads(json_text.replaced(FILE, ("twice", "b"), 3))["twice"] == {"b": 3}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("redis", "other"), '"redis": {"cache": {'),
        (("redis", "cache"), '"redis": {"other": {"host": "o"}\n    },'),
        (("redis", "cache", "host"), '"cache": {}'),
        (("$schema",), '{\n    "sql": ['),
    ],
)
def test_a_member_is_taken_out_with_its_comma(path: tuple[str, ...], expected: str) -> None:
    """The first, the last, and the only one of an object."""
    text = json_text.removed(FILE, path)
    json.loads(text)
    assert expected in text


def test_a_member_that_is_not_there_cannot_be_taken_out() -> None:
    """Nothing changes."""
    assert json_text.removed(FILE, ("redis", "none")) == FILE
    assert json_text.removed(FILE, ("none", "cache")) == FILE
