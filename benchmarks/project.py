"""Clones of the project, with an environment as a newcomer's is, and what runs in them."""

import contextlib
import os
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.comparison import run

ROOT: Final = Path(__file__).resolve().parents[1]

_BARE_PROGRAM: Final = Path(__file__).with_name("bare_program.py")

# What would make a run another than a newcomer's; the last keeps Python from saving what it has compiled.
_FOREIGN: Final = ("CACHE_", "PULUMI_", "REDIS_", "MAKE", "MFLAGS", "STACK", "ENGINE", "PYTHONDONTWRITEBYTECODE")


def newcomers_environment() -> dict[str, str]:
    """Return this process's environment variables, less those that change what is measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A folder with the project, whose stack `local` one engine runs."""

    root: Path
    engine: str

    @classmethod
    def made(cls, root: Path, engine: str) -> "Clone":
        """Clone what is committed."""
        run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, root], folder=ROOT, environment=newcomers_environment())
        return cls(root=root, engine=engine)

    def sibling(self, root: Path, *, bare: bool = False) -> "Clone":
        """Copy it, with the same packages; with the bare program in the place of ours, if so."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns(".git", ".local", ".venv*", "__pycache__"))
        (root / ".venv").symlink_to(self.root / ".venv")
        if bare:
            shutil.copy(_BARE_PROGRAM, root / "__main__.py")
        return Clone(root=root, engine=self.engine)

    @property
    def python(self) -> Path:
        """The product's own Python, with what the stack's backend needs and no more."""
        return self.root / ".venv" / "bin" / "python"

    def make_up(self) -> None:
        """Do what a newcomer does after the clone."""
        run(["make", "up", f"ENGINE={self.engine}"], folder=self.root, environment=newcomers_environment())

    def do(self, verb: str, *, verified: bool = False) -> str:
        """Run a verb of the runner on the stack; give what it printed."""
        environment = newcomers_environment() | ({} if verified else {"CACHE_VERIFICATION": "off"})
        command = (self.python, "-m", "operate", verb, "--stack", "local", "--engine", self.engine)
        return run(command, folder=self.root, environment=environment).decode()

    def variables(self) -> dict[str, str]:
        """Return the REDIS_* variables of the stack."""
        exports = [shlex.split(line)[1] for line in self.do("env").splitlines() if line.startswith("export ")]
        return dict(export.split("=", 1) for export in exports)


@contextlib.contextmanager
def taken_down(*clones: Clone) -> Iterator[None]:
    """End the servers of these clones at the end, whatever happens."""
    try:
        yield
    finally:
        for clone in clones:
            if (clone.root / ".local").exists():
                clone.do("down")
