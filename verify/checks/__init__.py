"""The checks: what is asked of a cache before an application may have it."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Final

from verify import deadline
from verify.checks import authentication, condition, data, encryption, settings
from verify.checks.check import Check
from verify.checks.passwords import NO_OTHERS, OtherPasswords, PasswordAttempt, previous_taken, retired_refused
from verify.checks.rights import RightsAttempt, as_asked
from verify.environment import CacheEnvironment
from verify.evidence import Evidence, Login, approach, gather
from verify.exit_code import ExitCode
from verify.expectation import Expectation
from verify.faults import NO_HOST, CacheError, Fault
from verify.report import UNKNOWN_SERVER, Report, Result

_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 2.0
# A check waits seven times for an answer, and a server that needs most of REDIS_CONNECT_TIMEOUT each time is slow, not
# wrong.
_CONNECT_TIMEOUTS: Final = 6
# And four times for the user's rights, on a connection of its own.
_CONNECT_TIMEOUTS_FOR_RIGHTS: Final = 4
_LEAST_SECONDS: Final = 10.0
_BLIND: Final = "there is no connection"


LOGIN_CHECKS: Final[tuple[Check[Login], ...]] = (
    Check("connect", "the server is reached", authentication.connects),
    Check("authentication-works", "authentication works", authentication.works),
    Check("authentication-enforced", "authentication is enforced", authentication.is_enforced),
    Check("tls-enforced", "TLS is enforced", encryption.tls_enforced),
    Check("certificate", "the certificate is good for a while", encryption.certificate, volatile=True),
)
CHECKS: Final[tuple[Check[Evidence], ...]] = (
    Check("round-trip-small", "a small value comes back", data.small_round_trip),
    Check("round-trip-large", "a large value comes back", data.large_round_trip),
    Check("expiry", "a key expires", data.expires),
    Check("delete", "a deleted key is gone", data.deletes),
    Check("maxmemory", "the memory limit is as asked", settings.maxmemory),
    Check("maxmemory-policy", "the eviction policy is as asked", settings.maxmemory_policy),
    Check("persistence", "persistence is as asked", settings.persistence),
    Check("version", "the version is as asked", settings.version),
    Check("cluster-mode", "cluster mode is as asked", settings.cluster_mode),
    Check("role", "the server is the primary", settings.role),
    Check("replicas", "the replicas are as asked", settings.replicas),
    Check("replicas-in-sync", "the replicas are in sync", condition.replicas_in_sync, volatile=True),
    Check("last-save", "the last save succeeded", condition.last_save, volatile=True),
    Check("memory", "there is memory left", condition.memory, volatile=True),
    Check("rejected-connections", "no client was turned away", condition.rejected_connections, volatile=True),
    Check("keys-without-ttl", "every key has a TTL", condition.keys_without_ttl, volatile=True),
    Check("latency", "latency", condition.latency, volatile=True),
)
# Of a rotation alone: without one there is no other password to try.
PREVIOUS: Final[Check[PasswordAttempt]] = Check(
    "previous-password", "the previous password is still taken", previous_taken
)
# On a connection of its own, in which nothing that was queued can ever run.
RIGHTS: Final[Check[RightsAttempt]] = Check("rights", "the user's rights are as asked", as_asked)
RETIRED: Final[Check[PasswordAttempt]] = Check("retired-password", "the retired password is refused", retired_refused)


def run(
    environment: CacheEnvironment,
    expectation: Expectation,
    *,
    others: OtherPasswords = NO_OTHERS,
    wait_seconds: float = 0,
    on_wait: Callable[[str], None] | None = None,
) -> Report:
    """Check the cache of `environment` against what was asked; never raises for what is wrong with the cache.

    `others` are the passwords that a rotation leaves beside the environment's own. For `wait_seconds` it tries again to
    reach the cache, as long as the fault is one that may pass, and tells `on_wait` what it waits for. A wrong password
    or an untrusted certificate ends it at once.

    All of it keeps to the deadline that is set (`verify.deadline`), else to one of six times REDIS_CONNECT_TIMEOUT, ten
    times where rights are asked, and not less than ten seconds, after the waiting.
    """
    started = time.perf_counter()
    with (
        nullcontext()
        if deadline.is_set()
        else deadline.within(_seconds(environment, expectation, others, wait_seconds))
    ):
        login = _wait(environment, expectation, wait_seconds, on_wait)
        ended = _ended(login.fault, waited=wait_seconds > 0)
        unreachable = login.fault is not None and login.fault.exit_code is ExitCode.UNREACHABLE
        login, evidence = _examine(login)
        results = [check.result(login, blind=_BLIND) for check in LOGIN_CHECKS]
        results += _try(environment, others, is_reached=evidence is not None, seconds=wait_seconds)
        results += [check.result(evidence, blind=_BLIND) for check in CHECKS]
        results.append(RIGHTS.result(RightsAttempt(environment, expectation) if evidence else None, blind=_BLIND))
    return Report(
        results=tuple(results),
        server=evidence.server if evidence else UNKNOWN_SERVER,
        address=environment.address if environment.host else "",
        milliseconds=(time.perf_counter() - started) * 1000,
        ended=ended,
        unreachable=unreachable,
    ).redacted([*environment.secrets, others.previous, others.retired])


def run_rights(environment: CacheEnvironment, expectation: Expectation) -> Report:
    """Check the rights of the environment's user alone; never raises for what is wrong with the cache.

    It keeps to the deadline as `run` does.
    """
    started = time.perf_counter()
    with nullcontext() if deadline.is_set() else deadline.within(_seconds(environment, expectation, NO_OTHERS, 0)):
        login = _wait(environment, expectation, 0, None)
        if login.client is not None:
            login.client.close()
        attempt = RightsAttempt(environment, expectation) if login.fault is None else None
        results = [check.result(login, blind=_BLIND) for check in LOGIN_CHECKS[:2]]
        results.append(RIGHTS.result(attempt, blind=_BLIND))
    return Report(
        results=tuple(results),
        address=environment.address if environment.host else "",
        milliseconds=(time.perf_counter() - started) * 1000,
        ended=_ended(login.fault, waited=False),
        unreachable=login.fault is not None and login.fault.exit_code is ExitCode.UNREACHABLE,
    ).redacted(environment.secrets)


def _seconds(
    environment: CacheEnvironment, expectation: Expectation, others: OtherPasswords, wait_seconds: float
) -> float:
    """Return how long a check may take; it waits once more for the passwords of a rotation."""
    timeouts = _CONNECT_TIMEOUTS + (_CONNECT_TIMEOUTS_FOR_RIGHTS if expectation.access else 0)
    waiting = wait_seconds * (2 if others.previous or others.retired else 1)
    return waiting + max(timeouts * environment.connect_timeout_seconds, _LEAST_SECONDS)


def _wait(
    environment: CacheEnvironment,
    expectation: Expectation,
    seconds: float,
    on_wait: Callable[[str], None] | None,
) -> Login:
    """Approach until a client is through, a fault is for good, or the time is over; at least once."""
    if environment.host is None:
        return Login(environment=environment, expectation=expectation, fault=NO_HOST)
    ends_at = time.monotonic() + seconds
    pause = _FIRST_PAUSE_SECONDS
    while True:
        login = approach(environment, expectation)
        left = ends_at - time.monotonic()
        if login.fault is None or not login.fault.retryable or left <= 0:
            return login
        if on_wait is not None:
            on_wait(f"{login.fault.cause} ({login.fault.code}), {left:.0f} s left")
        time.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def _try(
    environment: CacheEnvironment, others: OtherPasswords, *, is_reached: bool, seconds: float
) -> Iterator[Result]:
    """Try the passwords of a rotation; for some time, as a service needs some to make a change everywhere."""
    ends_at = time.monotonic() + seconds
    for check, password in ((PREVIOUS, others.previous), (RETIRED, others.retired)):
        if not password:
            continue
        attempt = PasswordAttempt(environment, password) if is_reached else None
        result = check.result(attempt, blind=_BLIND)
        while result.verdict == "fail" and time.monotonic() < ends_at:
            time.sleep(_FIRST_PAUSE_SECONDS)
            result = check.result(attempt, blind=_BLIND)
        yield result


def _examine(login: Login) -> tuple[Login, Evidence | None]:
    """Gather the evidence; a connection that breaks on the way is one that was never there."""
    if login.client is None:
        return login, None
    try:
        return login, gather(login, login.client)
    except CacheError as error:
        return replace(login, fault=error.fault, detail=error.detail), None
    finally:
        login.client.close()


def _ended(fault: Fault | None, *, waited: bool) -> ExitCode | None:
    """Tell a cache that was not reached from one that is wrong, which the results tell (None)."""
    if fault is None:
        return None
    if waited and fault.retryable:
        return ExitCode.NOT_READY
    return None if fault.exit_code is ExitCode.FAILED else fault.exit_code
