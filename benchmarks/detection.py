"""How soon each fault is known: to the check, to the cache client, and to redis-py alone with the same timeouts."""

import contextlib
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final

import redis

from benchmarks.certificates import Authority
from benchmarks.comparison import seconds
from benchmarks.faulty_servers import CASES, NOTHING, PATIENCE_MS, Case, Workbench, read_and_write
from benchmarks.figures import Section, duration, times
from verify import checks
from verify.environment import DEFAULT_MAX_RETRIES, CacheEnvironment
from verify.faults import CacheError
from verify.open_cache import open_cache

# Nearly all of the time is redis-py's waiting.
_AT_A_TIME: Final = 6
# The tests give a busy machine a minute, which somebody would wait for here.
_TLS_PATIENCE_MS: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Detection:
    """The median seconds until a fault is known; `redis_py` is None where redis-py raises nothing."""

    code: str
    check: float
    client: float
    redis_py: float | None


def section(*, rounds: int) -> Section:
    """Measure, and write the part on faults."""
    detections = detect(_one_of_each(), rounds=rounds)
    return Section(
        title="How soon a fault is known",
        introduction="Each fault made for real, anew for each time that it is met (benchmarks/faulty_servers.py): "
        "until `verify check` has named it, until the cache client raises it with REDIS_MAX_RETRIES=3, and until "
        "redis-py raises an error with its defaults. The timeouts are the same on all sides: "
        f"{PATIENCE_MS} ms, with TLS up to 1 s, where the default of both is 5 s. What waits for one takes as many "
        "times longer there.",
        header=("fault", "check", "client", "redis-py", "redis-py / check"),
        lines=[
            (
                f"`{found.code}`",
                duration(found.check),
                duration(found.client),
                "no error" if found.redis_py is None else duration(found.redis_py),
                "" if found.redis_py is None else times(found.redis_py / found.check),
            )
            for found in detections
        ],
        remarks="The check tells a fault of the connection in one attempt; one that only a command shows waits for its "
        "60 ms of expiry as well. The client tries again what may pass, "
        "and nothing else: so it takes longer than redis-py for the faults that redis-py does not try again "
        "(`master-down`, `too-few-replicas`, `busy-script`), and a password is tried once, not eleven times.",
    )


def _one_of_each() -> Sequence[Case]:
    """Return the first way to make each fault."""
    return list({case.code: case for case in reversed(CASES)}.values())[::-1]


def detect(cases: Sequence[Case], *, rounds: int) -> list[Detection]:
    """Measure each fault in turns on all sides."""
    authority = Authority()
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(lambda case: _detect(case, authority, rounds), cases))


def _detect(case: Case, authority: Authority, rounds: int) -> Detection:
    took: dict[Callable[[CacheEnvironment], bool], list[float]] = {_check: [], _client: [], _redis_py: []}
    for _ in range(rounds):
        for detector, each in took.items():
            spent = _met(case, authority, detector)
            if spent is not None:
                each.append(spent)
    check, client, redis_py = took.values()
    return Detection(
        code=case.code,
        check=median(check),
        client=median(client),
        redis_py=median(redis_py) if redis_py else None,
    )


def _met(case: Case, authority: Authority, detector: Callable[[CacheEnvironment], bool]) -> float | None:
    """Make the fault and give the seconds until the detector knows of it; None where it does not."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        made = case.make(Workbench(stack, Path(folder), authority))
        patience_ms = min(made.connect_timeout_ms, _TLS_PATIENCE_MS if made.use_tls else PATIENCE_MS)
        environment = replace(made, connect_timeout_ms=patience_ms, max_retries=DEFAULT_MAX_RETRIES)
        known = False

        def meet() -> None:
            nonlocal known
            known = detector(environment)

        spent = seconds(meet)
    return spent if known else None


def _check(environment: CacheEnvironment) -> bool:
    return not checks.run(environment, NOTHING).passed


def _client(environment: CacheEnvironment) -> bool:
    try:
        with open_cache(environment) as cache:
            read_and_write(cache)
    except CacheError:
        return True
    return False


def _redis_py(environment: CacheEnvironment) -> bool:
    """Do the same with a client that has redis-py's defaults, but for the timeouts."""
    try:
        with redis.Redis(
            host=environment.host or "",
            port=environment.port,
            username=environment.username,
            password=environment.password,
            socket_timeout=environment.connect_timeout_seconds,
            socket_connect_timeout=environment.connect_timeout_seconds,
            ssl=environment.use_tls,
            ssl_ca_data=environment.tls_ca,
        ) as client:
            client.get("some-key")
            client.set("some-key", b"value", px=60_000)
    except (redis.RedisError, OSError):
        return True
    return False
