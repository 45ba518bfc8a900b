import re

import pytest

from verify.keys import BALANCE, DAILY_REPORT, DATA_SETS, SUMMARY, DataSet


def test_each_data_set_has_its_key() -> None:
    """A key names its kind first, then whose it is."""
    assert DAILY_REPORT.key(organization="42", day="2026-11-23") == "daily-report:42:2026-11-23"
    assert BALANCE.key(organization="42") == "balance:42"
    assert SUMMARY.key(organization="42") == "summary:42"


@pytest.mark.parametrize(
    ("data_set", "parts"),
    [
        (DAILY_REPORT, {"organization": "42"}),
        (BALANCE, {"organization": "42", "day": "2026-11-23"}),
        (BALANCE, {"organization": ""}),
        (BALANCE, {"organization": "42:2026-11-23"}),
    ],
    ids=["missing", "unknown", "empty", "colon"],
)
def test_parts_that_would_mix_up_keys_are_refused(data_set: DataSet, parts: dict[str, str]) -> None:
    """Two organizations never share a key."""
    with pytest.raises(ValueError, match=r"has the parts|is empty or holds the colon"):
        data_set.key(**parts)


def test_no_two_data_sets_can_make_the_same_key() -> None:
    """Their patterns differ, whatever fills them."""
    filled = [re.sub(r"\{\w+\}", "x", data_set.pattern) for data_set in DATA_SETS]
    assert len({pattern.split(":")[0] for pattern in filled}) == len(DATA_SETS)


def test_sizes_and_lives_are_the_guides() -> None:
    """A million organizations need the guide's 450 MB, and nothing is kept for longer than a day."""
    assert sum(data_set.value_bytes for data_set in DATA_SETS) * 1_000_000 == 450_000_000
    assert all(0 < data_set.ttl_seconds <= 24 * 60 * 60 for data_set in DATA_SETS)
