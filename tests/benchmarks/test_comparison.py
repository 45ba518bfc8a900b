"""Timing two things in turns."""

import sys
from pathlib import Path

import pytest

from benchmarks.comparison import Comparison, alternate, run


def test_a_ratio_is_the_median_of_the_pairs() -> None:
    """A machine that becomes slower half-way through changes both sides of a pair."""
    comparison = Comparison(ours=(2.0, 20.0, 30.0), bare=(1.0, 10.0, 10.0))
    assert [comparison.ratio, *comparison.quartiles, comparison.best_ratio] == [2, 2, 2.5, 2]


def test_each_goes_first_in_every_other_round() -> None:
    """After a round that does not count."""
    order: list[str] = []
    times = alternate((lambda: order.append("a"), lambda: order.append("b")), rounds=2, repeats=2)
    assert "".join(order) == "ab" + "aabb" + "bbaa"
    assert [len(each) for each in times] == [2, 2]


def test_a_command_that_fails_gives_no_figure(tmp_path: Path) -> None:
    """Its words are given instead."""
    with pytest.raises(RuntimeError, match=r"ended with 3:\nno such luck"):
        run((sys.executable, "-c", "print('no such luck'); exit(3)"), folder=tmp_path, environment={})
