"""`python -m tests.coverage_floors`: hold what coverage.py has measured against each package's floor.

Reads the JSON of `coverage json`; with --raise it lifts the floors to what was measured, and lowers none.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FLOORS = Path(__file__).with_suffix(".toml")
REPORT = ROOT / ".local" / "coverage" / "report.json"
# So many files are named where a floor is missed.
NAMED = 5


@dataclass(frozen=True)
class Share:
    """How many of a package's lines that do something were run; and of each file, how many were not."""

    lines: int
    run: int
    missing: Mapping[str, int]

    @property
    def percent(self) -> float:
        """Return the share in percent; 100 for a package without lines."""
        return 100.0 * self.run / self.lines if self.lines else 100.0


def shares(report: Path, packages: Sequence[str]) -> dict[str, Share]:
    """Read the share of each package from coverage.py's JSON (format 3, https://coverage.readthedocs.io/en/latest/cmd.html).

    Raises ValueError for a package of which nothing was measured: its tests did not run, or it has another name.
    """
    files = json.loads(report.read_text(encoding="utf-8"))["files"]
    found = {}
    for package in packages:
        own = {name: each["summary"] for name, each in files.items() if name.startswith(f"{package}/")}
        if not any(summary["covered_lines"] for summary in own.values()):
            raise ValueError(f"{package}: nothing was measured")
        found[package] = Share(
            lines=sum(summary["num_statements"] for summary in own.values()),
            run=sum(summary["covered_lines"] for summary in own.values()),
            missing={name: summary["missing_lines"] for name, summary in own.items()},
        )
    return found


def problems(measured: Mapping[str, Share], floors: Mapping[str, int]) -> list[str]:
    """Describe each package below its floor, with the files that would lift it most."""
    lines = []
    for package, floor in floors.items():
        share = measured[package]
        if share.percent < floor:
            worst = sorted(share.missing.items(), key=lambda item: -item[1])[:NAMED]
            named = ", ".join(f"{name} ({count})" for name, count in worst)
            lines.append(f"{package}: {share.percent:.1f} percent, and its floor is {floor}; lines not run: {named}")
    return lines


def raised(text: str, measured: Mapping[str, Share]) -> str:
    """Return the file of the floors, each at the whole percent that was measured where that is more."""

    def one(found: re.Match[str]) -> str:
        package, floor = found[1], int(found[2])
        return f"{package} = {max(floor, int(measured[package].percent))}"

    return re.sub(r"^(\w+) = (\d+)$", one, text, flags=re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each package's share; return 1 where one is below its floor."""
    parser = argparse.ArgumentParser(description="Hold the measured coverage against the floors.")
    parser.add_argument("--report", type=Path, default=REPORT, help="coverage.py's JSON (default: of make coverage)")
    parser.add_argument("--floors", type=Path, default=FLOORS, help="the floors, in percent (default: %(default)s)")
    parser.add_argument("--raise", dest="lift", action="store_true", help="lift the floors to what was measured")
    options = parser.parse_args(arguments)
    text = options.floors.read_text(encoding="utf-8")
    floors: dict[str, int] = tomllib.loads(text)
    try:
        measured = shares(options.report, list(floors))
    except (OSError, ValueError) as error:
        print(f"{error}: make coverage", file=sys.stderr)
        return 1
    for package, floor in floors.items():
        print(f"{package:<12} {measured[package].percent:5.1f} percent, floor {floor}")
    if options.lift:
        options.floors.write_text(raised(text, measured), encoding="utf-8")
    found = problems(measured, floors)
    for line in found:
        print(line, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
