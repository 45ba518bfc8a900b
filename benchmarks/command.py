"""`python -m benchmarks`: measure everything, and write docs/benchmarks.md anew. Takes about five minutes."""

import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import redis

from benchmarks import check, client, detection, machine, stacks
from benchmarks.figures import Section
from benchmarks.project import ROOT
from benchmarks.servers import RedisServer
from verify.open_cache import open_cache

DOCUMENT: Final = ROOT / "docs" / "benchmarks.md"

# How often each is done, for all to be done in about five minutes on two cores. A run of the CLI takes seconds.
ARRIVALS: Final = 3
ROUNDS_OF_ENGINE: Final = {"inprocess": 15, "pulumi": 6}
ROUNDS_OF_CHECK: Final = 15
ROUNDS_OF_DETECTION: Final = 3

INTRODUCTION: Final = """\
# Benchmarks

Made by `make bench`, which writes this file anew. Read the ratios: both sides of each were timed in turns, in one run,
so they hold while the machine's speed drifts; the times do not. "Ours" and the time beside it are medians, "ratio" is
the median of the rounds' ratios, and "middle half" is where half of them lie."""


def main() -> None:
    """Measure, and write the document."""
    started = time.monotonic()
    try:
        sections = measure()
    except RuntimeError as error:
        # A command that was to be measured failed: its own words say why.
        raise SystemExit(f"error: {error}") from None
    points = "\n".join(f"- {line}" for line in machine.lines())
    parts = [INTRODUCTION, points, *(section.markdown() for section in sections)]
    DOCUMENT.write_text("\n\n".join(parts) + "\n")
    say(f"wrote {DOCUMENT.relative_to(ROOT)} in {time.monotonic() - started:.0f} s")


def measure() -> list[Section]:
    """Measure everything, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engines = []
        for engine in stacks.engines():
            say(f"clean clones, up and preview: {stacks.ENGINE_NAMES[engine]} …")
            rounds = ROUNDS_OF_ENGINE[engine]
            engines.append(stacks.measure(folder / engine, engine, arrivals=ARRIVALS, rounds=rounds))
        with RedisServer(folder / "server", password=secrets.token_urlsafe()) as server:
            say("verify check …")
            checked = check.section(server, python=engines[0].python, rounds=ROUNDS_OF_CHECK)
            say("the cache client …")
            with (
                open_cache(server.environment()) as cache,
                redis.Redis(port=server.port, password=server.password) as bare,
            ):
                operations = client.section(cache, bare)
    say("faults …")
    return [
        stacks.arrival_section(engines),
        stacks.nothing_to_do_section(engines),
        stacks.verification_section(engines),
        checked,
        operations,
        detection.section(rounds=ROUNDS_OF_DETECTION),
    ]


def say(words: str) -> None:
    """Tell how far it has come."""
    print(words, file=sys.stderr, flush=True)
