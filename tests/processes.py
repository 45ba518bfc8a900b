"""The processes of this machine that live, by /proc: not every machine has `ps`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ENDED = ("Z", "X")


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process; of one that has ended since, or that is another user's, all texts are empty."""

    number: int
    group: int

    @property
    def arguments(self) -> str:
        """Its command line."""
        return self._read("cmdline")

    @property
    def environment(self) -> str:
        """The variables that it was started with."""
        return self._read("environ")

    @property
    def folder(self) -> Path | None:
        """Where it works."""
        try:
            return Path(f"/proc/{self.number}/cwd").readlink()
        except OSError:
            return None

    def _read(self, name: str) -> str:
        try:
            content = Path(f"/proc/{self.number}/{name}").read_bytes()
        except OSError:
            return ""
        return content.replace(b"\0", b" ").decode(errors="replace").strip()


def living() -> Iterator[Process]:
    """Return all that live. One that has ended and that nobody has waited for yet is not among them."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The program's name, in parentheses, may hold anything (proc(5)).
            state, _, group = file.read_text(errors="replace").rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if state not in _ENDED:
            yield Process(number=int(file.parent.name), group=int(group))
