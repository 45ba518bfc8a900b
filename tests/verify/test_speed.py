"""How long it takes to prove a cache, against the bare minimum and from far away."""

import os
import subprocess
import sys
import time

import redis  # noqa: F401 — imported before the clock runs

from tests.servers import RedisServer
from tests.verify.listeners import distance, listener
from verify import checks, evidence
from verify.expectation import Expectation

RUNS = 4
ROUND_TRIP = 0.04


def test_a_check_takes_at_most_half_as_long_again_as_a_bare_ping(shared_server: RedisServer) -> None:
    """Most of either is Python and redis-py; the time in which a key expires does not count."""
    ping = f"import redis; redis.Redis(port={shared_server.port}, password={shared_server.password!r}).ping()"
    waiting = (evidence.EXPIRY_MS + evidence.EXPIRY_MARGIN_MS) / 1000
    # In turns, so that a busy moment of the machine hits both; the best of each is the least disturbed.
    pairs = [
        (_seconds("-m", "verify", "check", server=shared_server), _seconds("-c", ping, server=shared_server))
        for _ in range(RUNS)
    ]
    check, bare = (min(times) for times in zip(*pairs, strict=True))
    assert check - waiting < 1.5 * bare


def test_a_check_takes_at_most_twelve_round_trips(shared_server: RedisServer) -> None:
    """From 40 ms away, the latency samples and the time in which a key expires aside.

    Loopback connects at once, so each connection counts as one more.
    """
    with listener(distance(shared_server.port, ROUND_TRIP)) as port:
        started = time.perf_counter()
        report = checks.run(shared_server.environment(REDIS_PORT=str(port)), Expectation(authentication=True))
        took = time.perf_counter() - started
    assert report.passed, report.to_text()
    samples = next(result for result in report.results if result.name == "latency").milliseconds / 1000
    connections = 2
    assert (took - samples) / ROUND_TRIP + connections < 12


def _seconds(*arguments: str, server: RedisServer) -> float:
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], env=os.environ | server.variables, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - started
