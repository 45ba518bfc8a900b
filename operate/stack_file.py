"""One setting of a stack's file, changed so that a commit shows that line alone: comments and order stay."""

import os
import stat
from pathlib import Path
from typing import Any

import yaml

from infra.settings import NAMESPACE
from runner.project import ProjectError

Entry = tuple[yaml.Node, yaml.Node]


def set_value(file: Path, key: str, value: str) -> bool:
    """Set `cache:<key>`; tell whether the file had to be changed. Raises `ProjectError`."""
    text = _read(file)
    end = "\r\n" if "\r\n" in text else "\n"
    config, entry = _find(text, key)
    if entry is not None:
        node = entry[1]
        changed = text[: node.start_mark.index] + value + text[node.end_mark.index :]
    elif config is None:
        changed = f"{text.rstrip()}{end}config:{end}  {NAMESPACE}:{key}: {value}{end}".lstrip()
    else:
        indent = " " * config[1].start_mark.column if config[1].value else "  "
        place = _next_line(text, config[0].end_mark.index)
        changed = f"{text[:place]}{indent}{NAMESPACE}:{key}: {value}{end}{text[place:]}"
    return _write(file, text, changed, key, value)


def remove(file: Path, key: str) -> bool:
    """Take `cache:<key>` out; tell whether the file had to be changed. Raises `ProjectError`."""
    text = _read(file)
    _, entry = _find(text, key)
    if entry is None:
        return False
    begin = text.rfind("\n", 0, entry[0].start_mark.index) + 1
    return _write(file, text, text[:begin] + text[_next_line(text, entry[1].end_mark.index) :], key, None)


def _find(text: str, key: str) -> tuple[Entry | None, Entry | None]:
    """Give where `config` stands in the text, and where the key does."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    config = next((entry for entry in entries if entry[0].value == "config"), None)
    if config is None or not isinstance(config[1], yaml.MappingNode):
        return config, None
    names = {key, f"{NAMESPACE}:{key}"}
    return config, next((entry for entry in config[1].value if entry[0].value in names), None)


def _read(file: Path) -> str:
    # As bytes: the line ends of a checkout on Windows stay as they are.
    return file.read_bytes().decode()


def _next_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _write(file: Path, text: str, changed: str, key: str, value: str | None) -> bool:
    """Write the changed text, if it says what it should and nothing else than before."""
    if changed == text:
        return False
    wanted = _settings(text)
    wanted.pop(key, None)
    wanted.pop(f"{NAMESPACE}:{key}", None)
    got = _settings(changed)
    found = got.pop(f"{NAMESPACE}:{key}", got.pop(key, None))
    if got != wanted or found != value:
        words = f"{NAMESPACE}:{key}: {value}" if value else f"no {NAMESPACE}:{key}"
        raise ProjectError(f"{file.name} is written in a way that is not changed by machine; edit it to have {words}")
    _replace(file.resolve(), changed)
    return True


def _replace(file: Path, text: str) -> None:
    """Put a new file in the place of the old one, with its permissions, and its owner where root runs."""
    before = file.stat()
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(text.encode())
            if os.geteuid() == 0:
                os.fchown(descriptor, before.st_uid, before.st_gid)
            os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _settings(text: str) -> dict[str, Any]:
    # BaseLoader makes nothing but texts, lists and mappings.
    try:
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError:
        return {}
    return dict((content or {}).get("config") or {})
