"""What `down` looks for at its end: what a stack left on this machine that its state does not know, or no longer.

The files of a stack in `.local` are known by their names; whose they are and how they are removed is the program's
affair (infra/leftovers.py), which is run as a command.
"""

import subprocess
import sys
from collections.abc import Mapping

from runner.project import Project


def remove(project: Project, stack: str) -> int:
    """Remove what is left of a stack that was taken down; return the exit code."""
    settings = project.settings(stack)
    folders = [f".local/servers/{stack}", *_text(settings, "cache:folder")]
    file = f".local/{stack}.env"
    is_here = any((project.root / name).exists() for name in (*folders, file))
    # A server whose folder was removed has nothing left but its process.
    if not is_here and settings.get("cache:backend", "local") != "local":
        return 0
    free = {
        f"inprocess:.local/inprocess#{stack}": not project.inprocess_state(stack).exists(),
        f"file://.local/state#{stack}": not project.cli_state_has_resources(stack),
    }
    arguments = [f"--folder={folder}" for folder in folders]
    arguments += [f"--owner={owner}" for owner, is_free in free.items() if is_free]
    if all(free.values()):
        arguments.append(f"--file={file}")
    else:
        arguments.append("--with-record")
    return subprocess.run(
        [sys.executable, "-m", "infra.leftovers", *arguments], cwd=project.root, check=False
    ).returncode


def _text(settings: Mapping[str, object], key: str) -> list[str]:
    value = settings.get(key)
    return [value] if isinstance(value, str) else []
