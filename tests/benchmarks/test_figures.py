"""The words and tables of docs/benchmarks.md."""

import pytest

from benchmarks.comparison import Comparison
from benchmarks.figures import Row, Section, comparisons, duration, times

SAME = Comparison(ours=(0.2, 0.2), bare=(0.1, 0.1))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12.345, "12.3 s"), (0.0205, "20.5 ms"), (0.000051, "51 µs"), (0.0009998, "1 ms"), (-0.218, "-218 ms")],
)
def test_a_time_has_three_digits_and_the_unit_that_suits_it(seconds: float, words: str) -> None:
    """A difference of two times may be negative."""
    assert duration(seconds) == words


@pytest.mark.parametrize(("ratio", "words"), [(1.034, "1.03"), (0.05, "0.05"), (6431.4, "6431")])
def test_a_large_ratio_needs_no_decimals(ratio: float, words: str) -> None:
    """Nobody reads them."""
    assert times(ratio) == words


@pytest.mark.parametrize(
    ("most", "target"), [(None, ""), (2.0, "at most 2: holds"), (1.25, "at most 1.25: **does not hold**")]
)
def test_a_target_that_is_missed_is_said(most: float | None, target: str) -> None:
    """The document must not flatter."""
    assert Row(title="up", comparison=SAME, most=most).cells() == (
        "up",
        "200 ms",
        "100 ms",
        "2.00",
        "2.00 to 2.00",
        target,
    )


def test_a_section_is_a_heading_a_text_and_a_table() -> None:
    """In Markdown."""
    section = Section(
        title="Ours",
        introduction="What it is.",
        header=comparisons("theirs"),
        lines=[Row(title="up", comparison=SAME).cells()],
    )
    assert section.markdown() == (
        "## Ours\n\nWhat it is.\n\n"
        "|  | ours | theirs | ratio | middle half | target |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| up | 200 ms | 100 ms | 2.00 | 2.00 to 2.00 |  |"
    )
