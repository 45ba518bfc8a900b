"""Whether the user's rights are those that were asked for: what the preset promises, and what it leaves out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from verify import access, rights
from verify.checks.finding import Finding, failed, passed, skipped
from verify.commands import Command, commands
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.faults import RIGHTS_DIFFER

_MOST_NAMES: Final = 24  # of one preset, since a detail is a line


@dataclass(frozen=True)
class RightsAttempt:
    """Whose rights are tried, and which they should be."""

    environment: CacheEnvironment
    expectation: Expectation


def as_asked(attempt: RightsAttempt) -> Finding:
    """The user may run what the preset and the rules promise, and nothing that administers beyond that."""
    preset, extra = attempt.expectation.access, attempt.expectation.access_rules
    if preset is None:
        return skipped("nothing was asked")
    rules = access.rules(preset, extra)
    seen = rights.gather(attempt.environment, rules)
    answered = [(commands()[name], answer) for name, answer in sorted(seen.answers.items(), key=_weight)]
    promised = [(command, answer) for command, answer in answered if command.is_permitted(rules)]
    left_out = [(command, answer) for command, answer in answered if not command.is_permitted(rules)]
    has_channels = any(rule.startswith("&") for rule in extra)
    differences = {
        "refused": [command for command, answer in promised if answer == "refused"],
        f"refused on keys that begin with {attempt.environment.probe_prefix}": [
            command
            for command, answer in promised
            if answer == "elsewhere" and not (has_channels and "pubsub" in command.categories)
        ],
        "too wide": [command for command, answer in left_out if answer == "allowed"],
    }
    details = [f"{what}: {_names(named, extra)}" for what, named in differences.items() if named]
    if seen.beyond == "allowed":
        details.append(f"too wide: keys beyond {' '.join(rule for rule in rules if '~' in rule)}")
    if details:
        return failed(RIGHTS_DIFFER, "; ".join([*details, *([seen.unasked] if seen.unasked else [])]))
    if seen.unasked:
        return skipped(seen.unasked)
    told = [f"{preset}: {sum(answer != 'unknown' for _, answer in promised)} commands allowed"]
    if left_out:
        told.append(f"{len(left_out)} refused")
        told.append(f"there is no safe way to ask for {', '.join(name.upper() for name in rights.NOT_ASKED)}")
    if seen.untried:
        told.append(f"nothing was run: {seen.untried}")
    return passed("; ".join(told))


def _weight(answered: tuple[str, object]) -> tuple[bool, int]:
    """Put what does the most harm first, in the order of the table."""
    known = answered[0] in rights.ADMINISTRATION
    return not known, rights.ADMINISTRATION.index(answered[0]) if known else 0


def _names(named: Iterable[Command], extra: Sequence[str]) -> str:
    """Return the commands, and after those of the same one the rule or the preset that has them."""
    by_owner: dict[str, list[str]] = {}
    for command in named:
        rule = command.rule(extra)
        owner = f"rule {rule}" if rule.startswith("+") else f"preset {command.preset}"
        by_owner.setdefault(owner, []).append(command.title)
    return ", ".join(f"{_first(titles)} ({owner})" for owner, titles in by_owner.items())


def _first(titles: Sequence[str]) -> str:
    more = len(titles) - _MOST_NAMES
    return ", ".join(titles[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
