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

A file can be changed only where all three agree on where each of its statements ends: a quote that is open for one of
them makes our lines a part of somebody else's value. `AmbiguousLine` names the first line that they differ on.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# What nobody has to quote; docker run --env-file, which knows no quotes, reads it as well.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")

# Between quotes, what all three take for the same end: a backslash before it is one for some of them only, unless it is
# an escape of a double quote. A command between double quotes may have double quotes of its own.
_SINGLE: Final = r"'(?:[^'\\\r]|\r(?=\n)|\\(?!'))*'"
_DOUBLE: Final = r'"(?:[^"\\$`\r]|\r(?=\n)|\$(?![({\[])|\$\{[^"\'`\\${}\r\n]*\}|(?:\\\\)*\\"|\\+(?!["\\]))*"'
# A dollar sign that opens nothing, and one that opens what is closed on the same line.
_DOLLAR: Final = r"""\$(?![({\['"])|\$\{[^\s'"`\\${}]*\}"""
_NAME: Final = "[A-Za-z_][A-Za-z0-9_]*"
_END: Final = r"\r?(?:\n|\Z)"

_BLANK: Final = re.compile(rf"[ \t]*(?:\#[^\r\n]*)?{_END}")

# One variable, and nothing else in its statement but a comment. A quoted value may have several lines.
# Behind `NAME= ` a shell has another assignment or a command; with a blank before the sign it has none.
_ASSIGNMENT: Final = re.compile(
    rf"""[ \t]*(?:(?P<export>export[ \t]+)(?P<exported>{_NAME})=|(?P<name>{_NAME})(?:=|[ \t]+=[ \t]*))
         (?:{_SINGLE}|{_DOUBLE}|(?!\#)(?:[^\s'"\\`$;&|<>()]|{_DOLLAR})*)
         (?:[ \t]+\#[^\r\n]*|[ \t]*){_END}""",
    re.VERBOSE,
)

_ASSIGNS_ANOTHER: Final = re.compile(r"\$\{\w+:?=")

# Anything else that may end with its line.
_LINE: Final = re.compile(
    rf"""(?P<code>(?:[^'"\\`$()<\r\n]|<(?!<)|\\[^\r\n]|{_SINGLE}|{_DOUBLE}|{_DOLLAR}
                    |`[^`'"\\<\#\r\n]*`|\$?\([^()'"`\\<\#\r\n]+\))*?)
         (?:[ \t]\#[^\r\n]*)?{_END}""",
    re.VERBOSE,
)
# After these a shell reads on in the next line: a compound command, an operator, an index of a list that is open.
_GOES_ON: Final = re.compile(
    r"""(?:^|[;&|(])[ \t]*
        (?:if|then|elif|else|fi|for|while|until|do|done|case|esac|select|function|\{|\}|\[\[)(?![\w=.:-])
        |(?:\||\|&|&&)[ \t]*$|[;&|<>]\#|\w\[[^\]]*$""",
    re.VERBOSE,
)


class Unquotable(Exception):
    """No quotes make all readers read the value the same."""


class AmbiguousLine(Exception):
    """The text cannot be changed without a change for others; the message names the line, and not what is in it."""


@dataclass(frozen=True, kw_only=True)
class _Statement:
    """A part of the text that all readers take for one.

    `name` is the variable that it assigns, if that is all that it does; `code` is any other line, but not its comment.
    """

    text: str
    name: str | None = None
    export: str = ""
    code: str = ""


def assignment(name: str, value: str) -> str:
    """Return the assignment with its line end. Raises `Unquotable`."""
    return f"{name}={_quoted(value)}\n"


def merged(text: str, values: Mapping[str, str]) -> str:
    """Return the text with the values: in the place where each stands already, else at the end.

    Raises `Unquotable` and `AmbiguousLine`.
    """
    left = dict(values)
    parts = []
    for statement in _statements(text, values):
        if statement.name not in values:
            parts.append(statement.text)
        # The last one counts, so a second one of the same name would hide ours.
        elif statement.name in left:
            parts.append(statement.export + assignment(statement.name, left.pop(statement.name)))
    if left and parts and not parts[-1].endswith("\n"):
        parts.append("\n")
    return "".join([*parts, *(assignment(name, value) for name, value in left.items())])


def without(text: str, names: Collection[str]) -> str:
    """Return the text without what is assigned to the names. Raises `AmbiguousLine`."""
    return "".join(statement.text for statement in _statements(text, names) if statement.name not in names)


def holds(text: str, values: Mapping[str, str]) -> bool:
    """Whether the text has each of the values, once and as we write it, exported or not. Raises `AmbiguousLine`."""
    ours = [statement for statement in _statements(text, values) if statement.name in values]
    found = sorted(statement.text.removeprefix(statement.export) for statement in ours)
    return found == sorted(assignment(name, value) for name, value in values.items())


def _statements(text: str, names: Collection[str]) -> Iterator[_Statement]:
    """Take the text apart, so that what is assigned to the names can be replaced. Raises `AmbiguousLine`."""
    position, line = 0, 1
    while position < len(text):
        statement = _statement(text, position)
        if statement is None:
            raise AmbiguousLine(
                f"line {line} does not end at the same place for a shell, docker compose and python-dotenv: put one "
                "variable on a line, and quotes around a value with a quote, a bracket or a backslash in it"
            )
        if name := next((name for name in names if _is_entangled(statement, name)), None):
            raise AmbiguousLine(
                f"line {line} says more than the value of {name}, which cannot be replaced alone: put {name}=<value> "
                "on a line of its own, with quotes around the value, or remove it"
            )
        yield statement
        position += len(statement.text)
        line += statement.text.count("\n")


def _statement(text: str, position: int) -> _Statement | None:
    """Return the statement that begins there; None where the readers do not agree on its end."""
    if blank := _BLANK.match(text, position):
        return _Statement(text=blank[0])
    if found := _ASSIGNMENT.match(text, position):
        return _Statement(text=found[0], name=found["name"] or found["exported"], export=found["export"] or "")
    other = _LINE.match(text, position)
    if other is None or "\n" in other[0][:-1] or _GOES_ON.search(other["code"]):
        return None
    # Without a line end docker compose takes any words for a name; with one it refuses the whole file.
    if not other[0].endswith("\n") and "=" not in other["code"]:
        return None
    return _Statement(text=other[0], code=other["code"])


def _is_entangled(statement: _Statement, name: str) -> bool:
    """Whether the statement has to do with the variable, and with others too."""
    if statement.name is not None:
        return statement.name == name and _ASSIGNS_ANOTHER.search(statement.text) is not None
    return re.search(rf"(?<![\w$])(?<!\$\{{){name}(?!\w)", statement.code) is not None


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
