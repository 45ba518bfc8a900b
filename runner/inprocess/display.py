"""The plan and its execution, printed as people know them from Pulumi."""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TextIO

from runner.inprocess import wire
from runner.inprocess.providers import DYNAMIC_PREFIX

Operation = Literal["create", "update", "replace", "delete", "same"]

SYMBOLS: Final[Mapping[Operation, str]] = {
    "create": "+ ",
    "update": "~ ",
    "replace": "+-",
    "delete": "- ",
    "same": "  ",
}
PAST: Final[Mapping[Operation, str]] = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "same": "unchanged",
}

LONGEST_VALUE: Final = 90


class Display:
    """Prints one run, line by line: no cursor movement, so that a pipeline's log reads the same."""

    def __init__(self, *, preview: bool, stream: TextIO | None = None) -> None:
        """Print to `stream`, or to standard output."""
        self._preview = preview
        self._stream = stream or sys.stdout
        self._started = time.monotonic()
        self.counts: Counter[Operation] = Counter()

    def line(self, text: str = "") -> None:
        """Print a line at once: a killed run must have said what it did."""
        print(text, file=self._stream, flush=True)

    def begin(self, operation: Operation, type_: str, name: str, changed: Iterable[str] = ()) -> None:
        """Announce what is about to happen, or, in a preview, what would."""
        detail = "".join(f" ~{key}" for key in changed)
        verb = operation if self._preview else f"{operation.removesuffix('e')}ing"
        self.line(f" {SYMBOLS[operation]} {short(type_)} {name} {verb}{f' [diff:{detail}]' if detail else ''}")

    def end(self, operation: Operation, type_: str, name: str, seconds: float) -> None:
        """Report that it has happened."""
        self.line(f" {SYMBOLS[operation]} {short(type_)} {name} {PAST[operation]} ({seconds:.2f} s)")

    def message(self, severity: str, text: str) -> None:
        """Print what the program has to say."""
        self.line(f"{severity}: {text}" if severity != "info" else text)

    def outputs(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Print the stack outputs that changed; secrets masked."""
        changed = [
            (" + " if name not in old else " ~ ", name, _brief(wire.masked(value)))
            for name, value in sorted(new.items())
            if old.get(name) != value
        ] + [(" - ", name, "") for name in sorted(old.keys() - new.keys())]
        if not changed:
            return
        self.line("Outputs:")
        width = max(len(name) for _, name, _ in changed)
        for symbol, name, value in changed:
            self.line(f"  {symbol}{name.ljust(width)}  {value}".rstrip())

    def summary(self) -> None:
        """Count what was done."""
        parts = [
            f"{SYMBOLS[operation].strip()} {count} {f'to {operation}' if self._preview else PAST[operation]}"
            for operation, count in sorted(self.counts.items())
            if operation != "same"
        ]
        if self.counts["same"]:
            parts.append(f"{self.counts['same']} unchanged")
        self.line(f"Resources: {', '.join(parts) or 'none'} ({time.monotonic() - self._started:.1f} s)")


def _brief(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def short(type_: str) -> str:
    """Leave out of a type what every dynamic resource's begins with."""
    return type_.removeprefix(f"{DYNAMIC_PREFIX}/")
