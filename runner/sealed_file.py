"""JSON in a file of its owner's alone, with a checksum: what was changed by a hand or a disk is damage.

Else a number that is text by now would surface anywhere, with what stands beside it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from runner import private_file

_SEAL: Final = "sha256"


def write(file: Path, content: dict[str, Any]) -> None:
    """Write the file. Raises `OSError`."""
    private_file.write(file, json.dumps({**content, _SEAL: _checksum(content)}, indent=1))


def read(file: Path) -> dict[str, Any]:
    """Read the file; one without a checksum is of the version before. Raises `OSError`, and `ValueError` for damage."""
    try:
        content = json.loads(file.read_bytes())
    except RecursionError:
        raise ValueError from None
    if not isinstance(content, dict):
        raise ValueError  # noqa: TRY004 - the file's fault, and not the caller's
    seal = content.pop(_SEAL, None)
    if seal is not None and seal != _checksum(content):
        raise ValueError
    return content


def _checksum(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
