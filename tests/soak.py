"""Soak tests: how many random cases one runs, and the seed that makes them the same again."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# An ordinary run takes this part of the cases, always the same ones: it must not fail by chance.
ORDINARY_PART: Final = 100
ORDINARY_SEED: Final = 20261128


@dataclass(frozen=True)
class Soak:
    """The size of one soak test in this run."""

    cases: int
    seed: int

    @classmethod
    def of(cls, cases: int, *, full: bool, environment: Mapping[str, str]) -> Soak:
        """Return all `cases` and a new seed where the run is `full`, else a hundredth and a fixed seed.

        `SOAK_SEED` in the environment sets the seed in both. Raises ValueError where it is no whole number.
        """
        given = environment.get("SOAK_SEED")
        seed = int(given) if given else secrets.randbelow(10**9) if full else ORDINARY_SEED
        return cls(cases if full else max(1, cases // ORDINARY_PART), seed)

    def random(self) -> random.Random:
        """Return a generator that yields the same values for the same seed."""
        return random.Random(self.seed)  # noqa: S311 - test data, no secret
