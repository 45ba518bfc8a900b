"""Which preset of rights fits an application, by the commands that it sends."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from verify.access import Preset
from verify.commands import Command, commands, find
from verify.diagnosis import cache_error
from verify.environment import CacheEnvironment
from verify.redaction import legible
from verify.rights import own

# A row of INFO commandstats, as it comes and as redis-cli shows it.
_STATISTIC: Final = re.compile(r"cmdstat_(?P<name>[^:]+):calls=(?P<calls>\d+)(?P<rest>.*)")
_REJECTED: Final = re.compile(r",rejected_calls=(?P<count>\d+)")
# What replicas send, and no application.
_REPLICATION: Final = frozenset(["psync", "replconf", "sync"])


class InvalidCommands(Exception):
    """A list of commands holds none; the message names the file."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How often a command was run, and how often the server rejected it before that; None where nobody counted."""

    calls: int | None = None
    rejected: int | None = None


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The preset that has all `used` commands but those that administer. `unknown` names are no command known here."""

    used: Mapping[str, Usage]
    unknown: tuple[str, ...] = field(default=())

    @property
    def preset(self) -> Preset:
        """The preset with the fewest rights that fits, never `full`: `rules` add what only that has."""
        return "data" if any(command.preset == "data" for command in self._commands) else "cache"

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules for cache:accessRules that add what only `full` has."""
        return tuple(f"+{command.name}" for command in self._commands if command.preset == "full")

    @property
    def _commands(self) -> list[Command]:
        return [commands()[name] for name in self.used]

    def body(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "preset": self.preset,
            "rules": list(self.rules),
            "commands": {
                name: {"preset": commands()[name].preset, "calls": usage.calls, "rejected": usage.rejected}
                for name, usage in self.used.items()
            },
            "unknown": list(self.unknown),
        }

    def text(self) -> str:
        """Return it for people: the preset, what needs it, and what no preset but `full` has."""
        lines = [f"cache:access {self.preset} fits: {_count(len(self.used), 'command')}"]
        for preset in ("cache", "data", "full"):
            named = [
                _with_usage(command, self.used[command.name]) for command in self._commands if command.preset == preset
            ]
            if named:
                lines.append(f"  {preset:<5}  {', '.join(named)}")
        if self.rules:
            lines += [
                "No preset but full has the last ones, which administer. See who sends them: an administrator and a",
                f"monitor have users of their own. If the application does: cache:accessRules {' '.join(self.rules)}",
            ]
        if self.unknown:
            lines.append(f"unknown here, as those of a module are: {', '.join(self.unknown)}")
        return "\n".join(lines)


def of_lines(lines: Iterable[str], source: str) -> Fit:
    """Read one command a line, as it is sent, or rows of INFO commandstats. Raises `InvalidCommands` for none at all.

    Empty lines and those that begin with # are left out.
    """
    used: dict[str, Usage] = {}
    counted: dict[str, Usage] = {}
    unknown: dict[str, None] = {}
    for line in filter(None, map(str.strip, lines)):
        if line.startswith("#"):
            continue
        row = _STATISTIC.fullmatch(line)
        name = row["name"] if row else line
        command = find(name)
        if command is None:
            unknown[legible(name.split()[0])] = None
        elif row:
            counted[command.name] = _read(row)
        else:
            used[command.name] = Usage()
    used |= dict(_of_others(counted))
    if not used:
        seen = f"; {', '.join(unknown)} is none" if unknown else ""
        raise InvalidCommands(f"{source} has no command of Redis, one a line like GET or CONFIG GET{seen}")
    return Fit(used=dict(sorted(used.items())), unknown=tuple(unknown))


def observed(environment: CacheEnvironment) -> Fit:
    """Ask a server which commands were sent to it since it started, or since CONFIG RESETSTAT, by any client.

    Raises `CacheError` where it does not answer or does not tell this user, `InvalidCommands` where it names none.
    """
    try:
        from verify.redis_client import open_client

        with open_client(environment, retries=0) as client:
            client.response_callbacks.clear()
            answer = client.execute_command("INFO", "commandstats")
    except Exception as error:  # noqa: BLE001 — a command line names it, whatever it is
        broken = cache_error(error, environment)
    else:
        lines = answer.decode(errors="replace").splitlines() if isinstance(answer, bytes) else ()
        return of_lines(lines, f"INFO commandstats of {environment.address}")
    raise broken


def _read(row: re.Match[str]) -> Usage:
    """Return how often a command was sent, by a row of INFO commandstats."""
    rejected = _REJECTED.search(row["rest"])
    return Usage(calls=int(row["calls"]), rejected=int(rejected["count"]) if rejected else 0)


def _of_others(counted: Mapping[str, Usage]) -> Iterator[tuple[str, Usage]]:
    """Return what others sent than replicas and our own check of the rights."""
    ran, refused = own({name: usage.calls or 0 for name, usage in counted.items()})
    for name, usage in counted.items():
        calls = max((usage.calls or 0) - ran.get(name, 0), 0)
        rejected = max((usage.rejected or 0) - refused.get(name, 0), 0)
        if name not in _REPLICATION and (calls or rejected):
            yield name, Usage(calls=calls, rejected=rejected)


def _with_usage(command: Command, usage: Usage) -> str:
    counted = [] if usage.calls is None else [str(usage.calls)]
    if usage.rejected:
        counted.append(f"{usage.rejected} rejected")
    return f"{command.title} ({', '.join(counted)})" if counted else command.title


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
