"""What a benchmark found: a table of the document, and whether its targets hold."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.comparison import Comparison


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table of comparisons; `most` is the ratio that the project promises not to exceed."""

    title: str
    comparison: Comparison
    most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the promise is kept, where there is one."""
        return self.most is None or self.comparison.ratio <= self.most

    def cells(self) -> Sequence[str]:
        """Return the line's cells."""
        first, third = self.comparison.quartiles
        return (
            self.title,
            duration(self.comparison.ours_median),
            duration(self.comparison.bare_median),
            times(self.comparison.ratio),
            f"{times(first)} to {times(third)}",
            "" if self.most is None else f"at most {self.most:g}: {'holds' if self.holds else '**does not hold**'}",
        )


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the document: what was measured, the table, and what a reader has to know to read it."""

    title: str
    introduction: str
    header: Sequence[str]
    lines: Sequence[Sequence[str]]
    remarks: str = ""

    def markdown(self) -> str:
        """Write the part."""
        rows = [self.header, ["---"] * len(self.header), *self.lines]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        paragraphs = [f"## {self.title}", _wrapped(self.introduction), table, _wrapped(self.remarks)]
        return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def comparisons(bare: str) -> Sequence[str]:
    """Return the header of a table of `Row`s, whose other side is called `bare`."""
    return ("", "ours", bare, "ratio", "middle half", "target")


def duration(seconds: float) -> str:
    """Write a time with three digits, in the unit that suits it; a difference of times may be negative."""
    rounded = float(f"{seconds:.3g}")
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if abs(rounded) >= size:
            return f"{rounded / size:.3g} {unit}"
    return f"{rounded * 1e6:.3g} µs"


def times(ratio: float) -> str:
    """Write a ratio."""
    return f"{ratio:.2f}" if abs(ratio) < 10 else f"{ratio:.0f}"  # noqa: PLR2004 - from ten on nobody reads decimals


def _wrapped(paragraph: str) -> str:
    return textwrap.fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)
