"""A stack's file, Pulumi.<stack>.yaml, and the project's, Pulumi.yaml: read as Pulumi reads them, changed line by line.

Read within bounds: a few kilobytes of YAML can stand for gigabytes (aliases of aliases), and some take minutes to read.
Changed so that a commit shows one line alone: comments, order and layout stay.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

from runner import private_file
from runner.project_error import ProjectError

Entry = tuple[yaml.Node, yaml.Node]

# The longest that this project's own documents ask for has under a kilobyte. A reader takes a second for this much.
LARGEST_BYTES: Final = 100_000
# Of all values together, each alias counted as what it stands for.
LARGEST_CONTENT: Final = 1_000_000
# The deepest that Pulumi's own files have is five.
MOST_LEVELS: Final = 50
# Each wrong key is told with the key that is nearest to it.
MOST_KEYS: Final = 1_000


class StackFileError(ProjectError):
    """A file cannot be read, or is not in order; the message names it, and shows none of its values."""


def read(file: Path) -> dict[str, Any]:
    """Return the mapping in a file, whose scalars all stay the texts that they are there.

    Raises `StackFileError`.
    """
    return _content(_text(file), file.name)


def settings(file: Path, *, project: str) -> dict[str, Any]:
    """Return what a stack's file has under `config`, by full keys like `cache:tier`.

    Raises `StackFileError`.
    """
    return _settings(_text(file), file.name, project)


def set_value(file: Path, key: str, value: str, *, project: str) -> bool:
    """Set a full key like `cache:tier`, and return whether the file had to be changed. Raises `StackFileError`."""
    text = _text(file)
    end = "\r\n" if "\r\n" in text else "\n"
    config, entry = _find(text, key, project)
    if entry is not None:
        node = entry[1]
        changed = text[: node.start_mark.index] + value + text[node.end_mark.index :]
    elif config is None:
        changed = f"{text.rstrip()}{end}config:{end}  {key}: {value}{end}".lstrip()
    else:
        indent = " " * config[1].start_mark.column if config[1].value else "  "
        place = _next_line(text, config[0].end_mark.index)
        changed = f"{text[:place]}{indent}{key}: {value}{end}{text[place:]}"
    return _write(file, text, changed, (key, value), project)


def remove(file: Path, key: str, *, project: str) -> bool:
    """Take a full key out, and return whether the file had to be changed. Raises `StackFileError`."""
    text = _text(file)
    _, entry = _find(text, key, project)
    if entry is None:
        return False
    begin = text.rfind("\n", 0, entry[0].start_mark.index) + 1
    return _write(file, text, text[:begin] + text[_next_line(text, entry[1].end_mark.index) :], (key, None), project)


def full_key(key: str, project: str) -> str:
    """Return a key with its namespace, which is the project's where it has none."""
    return key if ":" in key else f"{project}:{key}"


class _TooMuch(Exception):
    """What a file holds is beyond a bound."""


class _Loader(yaml.BaseLoader):
    """Makes nothing but texts, lists and mappings, and refuses a key that stands twice: one would be lost silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        """Make a mapping."""
        if len(node.value) > MOST_KEYS:
            raise _TooMuch(f"line {node.start_mark.line + 1} has {len(node.value)} keys; at most {MOST_KEYS} are read")
        known: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in known:
                    message = f"{key.value[:100]} stands there twice"
                    raise yaml.constructor.ConstructorError(problem=message, problem_mark=key.start_mark)
                known.add(key.value)
        return super().construct_mapping(node, deep)


def _settings(text: str, name: str, project: str) -> dict[str, Any]:
    found = _content(text, name).get("config") or {}
    if not isinstance(found, dict):
        raise StackFileError(f"config in {name} is not a mapping of keys to values, like cache:tier: dev")
    # Pulumi takes a key of the project's own without the namespace too; of both, one would be lost.
    twice = [key for key in found if full_key(key, project) != key and full_key(key, project) in found]
    if twice:
        raise StackFileError(
            f"{name} has both {twice[0]} and {full_key(twice[0], project)}, which are one key: remove one"
        )
    return {full_key(key, project): value for key, value in found.items()}


def _content(text: str, name: str) -> dict[str, Any]:
    try:
        content = _load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise StackFileError(f"{name}{where} is not YAML: {_problem(error)}") from None
    except RecursionError:
        raise StackFileError(f"{name} is nested too deeply") from None
    except _TooMuch as problem:
        raise StackFileError(f"{name} {problem}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise StackFileError(f"{name} is not a mapping of keys to values")
    return content


def _find(text: str, key: str, project: str) -> tuple[Entry | None, Entry | None]:
    """Return where `config` stands in a text, and where the key does."""
    root = yaml.compose(text, Loader=_Loader)
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    config = next((entry for entry in entries if entry[0].value == "config"), None)
    if config is None or not isinstance(config[1], yaml.MappingNode):
        return config, None
    return config, next((entry for entry in config[1].value if full_key(str(entry[0].value), project) == key), None)


def _next_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _write(file: Path, text: str, changed: str, meant: tuple[str, str | None], project: str) -> bool:
    """Write the changed text, if it has the key and value that are meant, and else nothing else than before."""
    key, value = meant
    if changed == text:
        return False
    try:
        expected = _settings(text, file.name, project)
        found = _settings(changed, file.name, project)
        expected.pop(key, None)
        is_meant = found.pop(key, None) == value and found == expected
    except StackFileError:
        is_meant = False
    if not is_meant:
        message = f"{key}: {value}" if value else f"no {key}"
        raise StackFileError(
            f"{file.name} is written in a way that is not changed by machine; edit it to have {message}"
        )
    # A link stays one.
    private_file.write(file.resolve(), changed, like=file.stat())
    return True


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            found = opened.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise StackFileError(f"{file.name} cannot be read: {error.strerror}") from None
    if len(found) > LARGEST_BYTES:
        raise StackFileError(f"{file.name} has more than {LARGEST_BYTES:,} bytes, which is the most that is read")
    try:
        return found.decode()
    except UnicodeDecodeError as error:
        raise StackFileError(f"{file.name} is not UTF-8 text, from byte {error.start + 1} on") from None


def _load(text: str) -> Any:
    loader = _Loader(text)
    node = loader.get_single_node()
    if node is None:
        return None
    characters, levels = _size(node, {})
    if levels > MOST_LEVELS:
        raise RecursionError
    if characters > LARGEST_CONTENT:
        raise _TooMuch(f"stands for more than {LARGEST_CONTENT:,} characters: it repeats itself (*name) too often")
    return loader.construct_document(node)


def _size(node: yaml.Node, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return how many characters a node stands for, and in how many levels.

    Raises `RecursionError` for one that stands for itself.
    """
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 1, 0
    if id(node) not in known:
        parts = [part for entry in node.value for part in (entry if isinstance(entry, tuple) else (entry,))]
        sizes = [_size(part, known) for part in parts]
        known[id(node)] = 1 + sum(size for size, _ in sizes), 1 + max((levels for _, levels in sizes), default=0)
    return known[id(node)]


def _problem(error: yaml.YAMLError) -> str:
    """Return what is wrong, without what stands there: it may be a secret."""
    problem = getattr(error, "problem", None) or "it has characters that YAML has not"
    return re.sub(r"'[^']{3,}'", "…", problem)
