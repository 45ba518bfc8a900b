"""The tiers of the tests: which one a test belongs to, which a run takes, and the account at its end."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TIERS = ("unit", "stack", "docker", "engine")
LONG_TIERS = ("docker", "engine")
PARTS = {
    "all": "every test",
    "quick": "what make test runs",
    "long": "what make test leaves out",
    "soak": "the soak tests, in full size",
}

# The tiers of which a part takes more than the tests that are marked long.
_TAKEN = {
    "all": TIERS,
    "quick": tuple(tier for tier in TIERS if tier not in LONG_TIERS),
    "long": LONG_TIERS,
    "soak": (),
}

_LEFT_OUT = {
    "quick": "make test-all runs them",
    "long": "make test runs them",
    "soak": "no soak tests",
    "all": "not selected",
}
_PROPERTY = "tier"


def tier_of(markers: Iterable[str]) -> str:
    """Return the one tier among a test's markers; unit where there is none.

    Raises ValueError for a test that claims two.
    """
    claimed = [tier for tier in TIERS if tier in set(markers)]
    if len(claimed) > 1:
        raise ValueError(f"a test has one tier, not {' and '.join(claimed)}")
    return claimed[0] if claimed else "unit"


def is_taken(part: str, markers: Iterable[str]) -> bool:
    """Tell whether a part of the tests includes a test with these markers."""
    names = set(markers)
    if part == "soak":
        return "soak" in names
    long = "long" in names or tier_of(names) in LONG_TIERS
    return part == "all" or long == (part == "long")


@dataclass
class Account:
    """What became of one tier's tests."""

    passed: int = 0
    failed: int = 0
    left_out: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def in_words(self, part: str) -> str:
        """Return one line: how many ran and failed, how many did not run and why."""
        words = [f"{self.passed + self.failed} ran"]
        if self.failed:
            words.append(f"{self.failed} failed")
        if self.left_out:
            words.append(f"{self.left_out} left out ({_LEFT_OUT[part]})")
        words += [f"{count} skipped: {reason}" for reason, count in self.skipped.most_common()]
        return ", ".join(words)


def label(properties: list[tuple[str, object]], tier: str) -> None:
    """Write the tier where every report of the test carries it."""
    properties.append((_PROPERTY, tier))


def accounts(stats: Mapping[str, Iterable[Any]]) -> dict[str, Account]:
    """Return the account of each tier from what pytest's terminal reporter has collected."""
    result = {tier: Account() for tier in TIERS}
    for outcome in ("passed", "failed", "skipped", "xfailed", "xpassed", "error", "deselected"):
        for report in stats.get(outcome, ()):
            # A file that was skipped or failed as a whole has no tests, and so no tier.
            tier = dict(getattr(report, "user_properties", ())).get(_PROPERTY, "whole files")
            account = result.setdefault(tier, Account())
            if outcome in ("passed", "xfailed"):
                account.passed += 1
            elif outcome == "skipped":
                account.skipped[report.longrepr[2].removeprefix("Skipped: ")] += 1
            elif outcome == "deselected":
                account.left_out += 1
            else:
                account.failed += 1
    return result


def summary(stats: Mapping[str, Iterable[Any]], part: str) -> list[str]:
    """Return the lines that end every run: one for each tier, and one for files without tests."""
    return [f"{tier}: {account.in_words(part)}" for tier, account in accounts(stats).items()]


def required(text: str) -> tuple[str, ...]:
    """Read the tiers of --require. Raises ArgumentTypeError for one that does not exist."""
    names = tuple(name for name in text.split(",") if name)
    unknown = [name for name in names if name not in TIERS]
    if unknown:
        raise ArgumentTypeError(f"{', '.join(unknown)} is no tier; there are {', '.join(TIERS)}")
    return names


def unmet(stats: Mapping[str, Iterable[Any]], part: str, tiers: Collection[str]) -> list[str]:
    """Return which of the required tiers were skipped, in whole or in part: a green run would prove nothing of them."""
    found = accounts(stats)
    lines = []
    for tier in tiers:
        account = found[tier]
        if account.skipped:
            lines.append(f"{tier}: required, and {account.skipped.total()} skipped")
        elif tier in _TAKEN[part] and not account.passed + account.failed:
            lines.append(f"{tier}: required, and none ran")
    return lines
