"""Two ways to the same end, timed in turns: the ratio of each pair holds while the machine's speed drifts."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

Action = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How long ours and the bare minimum took, in seconds, round by round."""

    ours: tuple[float, ...]
    bare: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours over the bare minimum, of each round."""
        return tuple(ours / bare for ours, bare in zip(self.ours, self.bare, strict=True))

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return median(self.ratios)

    @property
    def best_ratio(self) -> float:
        """The fastest of ours over the fastest of the other: what is left where nothing disturbed either."""
        return min(self.ours) / min(self.bare)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Where the middle half of the rounds' ratios begins and ends."""
        first, _, third = quantiles(self.ratios, n=4, method="inclusive")
        return first, third

    @property
    def ours_median(self) -> float:
        """What ours takes, in seconds."""
        return median(self.ours)

    @property
    def bare_median(self) -> float:
        """What the bare minimum takes, in seconds."""
        return median(self.bare)


def compare(ours: Action, bare: Action, *, rounds: int, repeats: int = 1) -> Comparison:
    """Time both in turns, each `repeats` times a round, after one round that does not count.

    Each goes first in every other round, so that neither always finds what the other left.
    """
    first, second = alternate((ours, bare), rounds=rounds, repeats=repeats)
    return Comparison(ours=first, bare=second)


def alternate(actions: Sequence[Action], *, rounds: int, repeats: int = 1) -> list[tuple[float, ...]]:
    """Time several actions in turns; give the seconds of each, round by round."""
    times: list[list[float]] = [[] for _ in actions]
    order = list(range(len(actions)))
    for action in actions:
        action()
    for _ in range(rounds):
        for index in order:
            times[index].append(seconds(actions[index], repeats))
        order.reverse()
    return [tuple(each) for each in times]


def seconds(action: Action, repeats: int = 1) -> float:
    """Return the time of one call, in seconds, as the mean of `repeats` of them."""
    started = time.perf_counter()
    for _ in range(repeats):
        action()
    return (time.perf_counter() - started) / repeats


def run(command: Sequence[str | Path], *, folder: Path, environment: Mapping[str, str], words: bytes = b"") -> bytes:
    """Run a command with `words` on its standard input; give what it printed.

    Raises `RuntimeError` with its words where it fails: a figure of a failure would be a lie.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env=dict(environment),
        input=words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        shown = " ".join(str(part) for part in command)
        raise RuntimeError(f"{shown} ended with {done.returncode}:\n{done.stdout.decode(errors='replace')}")
    return done.stdout
