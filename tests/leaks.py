"""Secrets searched for in everything that a run wrote, printed or started, in every form that they could have."""

import base64
import json
import os
import subprocess
import threading
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import quote, quote_plus


def forms(secret: str) -> set[bytes]:
    """Return what a secret looks like in plain text, URLs, JSON and base64, wherever it begins there."""
    raw = secret.encode()
    found = {
        raw,
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        json.dumps(secret)[1:-1].encode(),
        raw.hex().encode(),
    }
    # Of what stands in the middle of an encoded text, the first and the last characters depend on its neighbours.
    for before in range(3):
        text = b"\0" * before + raw
        encoded = base64.b64encode(text)[(0, 2, 3)[before] : len(text) * 8 // 6]
        found |= {encoded, encoded.replace(b"+", b"-").replace(b"/", b"_")}
    return found


def in_text(text: str | bytes, secrets: Mapping[str, str]) -> list[str]:
    """Name the secrets that a text holds."""
    content = text.encode() if isinstance(text, str) else text
    return [name for name, secret in secrets.items() if any(form in content for form in forms(secret))]


def in_files(folder: Path, secrets: Mapping[str, str], *, allowed: Iterable[Path] = ()) -> list[str]:
    """Name the files below a folder that hold a secret, and what they hold."""
    permitted = set(allowed)
    return [
        f"{file.relative_to(folder)} holds {', '.join(held)}"
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and not file.is_symlink()
        and file not in permitted
        and (held := in_text(_content(file), secrets))
    ]


def _content(file: Path) -> bytes:
    """Read a file, and what is packed in it."""
    content = file.read_bytes()
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            content = b"\n".join([content, *(archive.read(name) for name in archive.namelist())])
    return content


@dataclass(frozen=True, kw_only=True)
class Started:
    """A process that this one started: its arguments, and the environment that it was given."""

    arguments: str
    environment: str


@contextmanager
def processes_noted() -> Iterator[list[Started]]:
    """Note every process that this one starts, however short it lives."""
    seen: list[Started] = []
    start = subprocess.Popen.__init__

    def noting(process: Any, args: Any, *rest: Any, **options: Any) -> None:
        words = [args] if isinstance(args, str | bytes | os.PathLike) else list(args)
        given = options.get("env")
        environment = dict(os.environ if given is None else given)
        seen.append(Started(arguments=" ".join(map(os.fsdecode, words)), environment=json.dumps(environment)))
        start(process, args, *rest, **options)

    with mock.patch.object(subprocess.Popen, "__init__", noting):
        yield seen


@contextmanager
def arguments_watched() -> Iterator[set[bytes]]:
    """Collect the arguments of every process on the machine while something runs."""
    seen: set[bytes] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(file.read_bytes())
                except OSError:
                    continue
            time.sleep(0.005)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
