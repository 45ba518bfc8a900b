"""What Lambda does with a function: a process with the unpacked bundle, the runtime's own library, and nothing else."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

# Imports the handler as the runtime does, and says of an exception what the runtime says.
RUNTIME = """
import importlib, json, sys, traceback
code, project, handler = sys.argv[1:]
sys.path[:] = [path for path in sys.path if "site-packages" not in path and path not in ("", project)]
sys.path.insert(0, code)
module, _, name = handler.rpartition(".")
try:
    result = getattr(importlib.import_module(module), name)(json.load(sys.stdin), None)
except Exception as error:
    trace = traceback.format_tb(error.__traceback__)
    json.dump({"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": trace}, sys.stdout)
    sys.exit(1)
ours = [module.__file__ for name, module in sys.modules.items() if name in ("verify", "redis")]
assert all(file.startswith(code) for file in ours), ours
json.dump(result, sys.stdout)
"""


class FunctionError(Exception):
    """The function raised, or did not end in time; the message is the payload that Lambda answers with."""


def unpack(bundle: bytes, folder: Path) -> Path:
    """Lay out a bundle as it lies on the function's disk."""
    with zipfile.ZipFile(BytesIO(bundle)) as archive:
        archive.extractall(folder / "code")
    return folder / "code"


def call(
    code: Path, handler: str, event: str, *, variables: Mapping[str, str] | None = None, seconds: float = 60
) -> tuple[str, str]:
    """Call a function; give its result as JSON, and what it printed, which goes to its log.

    Raises `FunctionError`.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", RUNTIME, str(code), str(Path.cwd()), handler],
            input=event,
            capture_output=True,
            text=True,
            check=False,
            env=dict(variables or {}),
            cwd="/",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        words = f"RequestId: 0 Error: Task timed out after {seconds:.2f} seconds"
        raise FunctionError(json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": words})) from None
    if done.returncode:
        raise FunctionError(done.stdout or done.stderr)
    return done.stdout, done.stderr


def call_bundle(bundle: bytes, handler: str, event: str, *, seconds: float) -> tuple[str, str]:
    """Call a function of a bundle, under the authorities that this process takes for public ones."""
    variables = {name: os.environ[name] for name in ("SSL_CERT_FILE",) if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        return call(unpack(bundle, Path(folder)), handler, event, variables=variables, seconds=seconds)
