"""The text of an environment file: assignments that every reader reads the same, among lines of others.

Three readers, and where they differ: a POSIX shell (`. file`), docker compose (for `.env` and `env_file`;
compose-spec/compose-go, dotenv/parser.go) and python-dotenv (dotenv/parser.py and variables.py).

- Between single quotes a shell reads every character as it is. compose and python-dotenv take a backslash before a
  quote as an escape, and python-dotenv reads two backslashes as one.
- Between double quotes all three read backslash-quote and backslash-backslash alike. Of a dollar sign and a backquote,
  which a shell wants escaped, compose knows the first escape and python-dotenv neither.
- python-dotenv puts in variables for `${NAME}` whatever the quotes.
- A carriage return is a line end to python-dotenv, and nothing but itself to a shell.
- Older versions of python-dotenv (1.2.1) read a quote behind an escaped backslash as escaped.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

# What nobody has to quote; docker run --env-file, which knows no quotes, reads it as well.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")

# An assignment with its line end, over several lines if its value is quoted. An unclosed quote ends with its line.
_ASSIGNMENT: Final = re.compile(
    r"""[ \t]*(?P<export>export[ \t]+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*
        (?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|)
        [^\n]*(?:\n|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")


class Unquotable(Exception):
    """No quotes make all readers read the value the same."""


def assignment(name: str, value: str) -> str:
    """Give the assignment with its line end. Raises `Unquotable`."""
    return f"{name}={_quoted(value)}\n"


def merged(text: str, values: Mapping[str, str]) -> str:
    """Give the text with the values: in the place where each stands already, else at the end. Raises `Unquotable`."""
    left = dict(values)
    statements = []
    for name, export, statement in _statements(text):
        if name not in values:
            statements.append(statement)
        # The last one counts, so a second one of the same name would hide ours.
        elif name in left:
            statements.append(export + assignment(name, left.pop(name)))
    if left and statements and not statements[-1].endswith("\n"):
        statements.append("\n")
    return "".join([*statements, *(assignment(name, value) for name, value in left.items())])


def without(text: str, names: Collection[str]) -> str:
    """Give the text without what is assigned to the names."""
    return "".join(statement for name, _, statement in _statements(text) if name not in names)


def holds(text: str, values: Mapping[str, str]) -> bool:
    """Say whether the text has each of the values, once and as we write it, exported or not."""
    ours = sorted(statement.removeprefix(export) for name, export, statement in _statements(text) if name in values)
    return ours == sorted(assignment(name, value) for name, value in values.items())


def _statements(text: str) -> Iterator[tuple[str | None, str, str]]:
    """Take the text apart: assignments by name, with the `export` that they begin with, and lines that are none."""
    position = 0
    while match := _ASSIGNMENT.match(text, position) or _LINE.match(text, position):
        found = match.groupdict()
        yield found.get("name"), found.get("export") or "", match[0]
        position = match.end()


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    if not ("${" in value or value.endswith("\\") or "\r" in value or "\0" in value):
        if "'" not in value and "\\\\" not in value:
            return f"'{value}'"
        if "$" not in value and "`" not in value:
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
    raise Unquotable
