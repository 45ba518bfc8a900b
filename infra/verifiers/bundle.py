"""The verifier in one file: the `verify` package and redis-py, for a function of a cloud.

Reproducible: the same sources give the same bytes, so that a function is updated only when its code changed. Stored and
not compressed, because builds of zlib differ in what they make of the same text.
"""

import hashlib
import importlib.util
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGES: Final = ("redis", "verify")

# The earliest moment that a zip file can name.
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
READABLE: Final = 0o100644 << 16


def build(folder: Path) -> Path:
    """Write the bundle into `folder`, under the name of its hash, and give its path. Older ones are removed."""
    content = _zip()
    file = folder / f"verify-{hashlib.sha256(content).hexdigest()[:16]}.zip"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".new")
        draft.write_bytes(content)
        draft.replace(file)
    for other in folder.glob("verify-*.zip"):
        if other != file:
            other.unlink(missing_ok=True)
    return file


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, file in _sources():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = READABLE
            archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()


def _sources() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{package} is not installed: make install", name=package)
        root = Path(spec.origin).parent
        for file in sorted(root.rglob("*.py")):
            yield f"{package}/{file.relative_to(root).as_posix()}", file
