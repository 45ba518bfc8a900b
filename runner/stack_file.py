"""A stack's file, Pulumi.<stack>.yaml, and the project's, Pulumi.yaml: read as Pulumi reads them, and within bounds.

A few kilobytes of YAML can stand for gigabytes (aliases of aliases), and some take minutes to read.
"""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Final

import yaml

# The longest that this project's own documents ask for has under a kilobyte. A reader takes a second for this much.
LARGEST_BYTES: Final = 100_000
# Of all values together, each alias counted as what it stands for.
LARGEST_CONTENT: Final = 1_000_000
# The deepest that Pulumi's own files have is five.
MOST_LEVELS: Final = 50
# Each wrong key is told with the key that is nearest to it.
MOST_KEYS: Final = 1_000


class StackFileError(Exception):
    """A file cannot be read, or is not in order; the message names it, and shows none of its values."""


def read(file: Path) -> dict[str, Any]:
    """Return the mapping in a file, whose scalars all stay the texts that they are there.

    Raises `StackFileError`.
    """
    text = _text(file)
    try:
        content = _content(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise StackFileError(f"{file.name}{where} is not YAML: {_problem(error)}") from None
    except RecursionError:
        raise StackFileError(f"{file.name} is nested too deeply") from None
    except _TooMuch as problem:
        raise StackFileError(f"{file.name} {problem}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise StackFileError(f"{file.name} is not a mapping of keys to values")
    return content


def settings(file: Path, *, project: str) -> dict[str, Any]:
    """Return what a stack's file has under `config`, by full keys like `cache:tier`.

    Raises `StackFileError`.
    """
    found = read(file).get("config") or {}
    if not isinstance(found, dict):
        raise StackFileError(f"config in {file.name} is not a mapping of keys to values, like cache:tier: dev")
    # Pulumi takes a key of the project's own without the namespace too; of both, one would be lost.
    twice = [key for key in found if full_key(key, project) != key and full_key(key, project) in found]
    if twice:
        full = full_key(twice[0], project)
        raise StackFileError(f"{file.name} has both {twice[0]} and {full}, which are one key: remove one")
    return {full_key(key, project): value for key, value in found.items()}


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
                    words = f"{key.value[:100]} stands there twice"
                    raise yaml.constructor.ConstructorError(problem=words, problem_mark=key.start_mark)
                known.add(key.value)
        return super().construct_mapping(node, deep)


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


def _content(text: str) -> Any:
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
