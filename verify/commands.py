"""The commands of Redis and Valkey: which categories of an ACL each is in, and so which presets of rights have it.

A part of a command is a command of its own, by the name that the server gives it: `config|get`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, get_args

from verify import access
from verify.access import Preset
from verify.command_table import TABLE

_REFUSED: Final = re.compile(r"run the '(?P<command>[\w.|-]{1,64})' command", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command, the categories that it is in, and its arity: how many words, negative where there may be more."""

    name: str
    arity: int
    categories: frozenset[str]

    @property
    def title(self) -> str:
        """The name as people write it: `CONFIG GET`."""
        return self.name.replace("|", " ").upper()

    @property
    def preset(self) -> Preset:
        """The preset with the fewest rights that has it."""
        return next(preset for preset in get_args(Preset) if self.is_permitted(access.PRESETS[preset]))

    def rule(self, rules: Iterable[str]) -> str:
        """Return the rule of `ACL SETUSER` that decides about it, which is the last; empty where none is about it."""
        names = {self.name, self.name.partition("|")[0], "@all", *(f"@{category}" for category in self.categories)}
        about = [rule for rule in rules if rule.startswith(("+", "-")) and rule[1:] in names]
        return about[-1] if about else ""

    def is_permitted(self, rules: Iterable[str]) -> bool:
        """Whether a user with these rules may run it."""
        return self.rule(rules).startswith("+")


@cache
def commands() -> Mapping[str, Command]:
    """Return every command by its name."""
    rows = (row.split() for row in TABLE.splitlines())
    return {
        name: Command(name=name, arity=int(arity), categories=frozenset(categories))
        for name, arity, *categories in rows
    }


def find(line: str) -> Command | None:
    """Return the command that a line begins with, like `config get maxmemory` or `config|get`; None for an unknown one.

    The name of a whole command that has parts, like `config`, is unknown.
    """
    words = line.lower().replace("|", " ", 1).split()
    return next((found for count in (2, 1) if (found := commands().get("|".join(words[:count])))), None)


def refused(refusal: str) -> str:
    """Return the name of the command that a server's NOPERM is about; empty for one about keys or channels."""
    found = _REFUSED.search(refusal)
    return found["command"].lower() if found else ""
