"""The application itself: whether its /cache/health and /cache/status say what they should.

This is the guide's own verification (`curl https://your-app.encr.app/cache/status`), with a verdict.
"""

import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from verify.cache import Backend
from verify.checks.check import Check
from verify.checks.finding import Finding, failed, passed, skipped
from verify.exit_code import ExitCode
from verify.faults import (
    APPLICATION_ANSWER,
    APPLICATION_BACKEND,
    APPLICATION_NOT_CONNECTED,
    APPLICATION_NOT_HEALTHY,
    APPLICATION_SILENT,
    APPLICATION_UNREACHABLE,
    CacheError,
)
from verify.report import Report, Result

_TIMEOUT_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 1.0
_LONGEST_BODY: Final = 1_000_000
# A cache that is not healthy is told with 503, and with a body that says so.
_WITH_A_BODY: Final = (200, 503)


@dataclass(frozen=True, kw_only=True)
class _Answers:
    expected: Backend
    health: Mapping[str, Any]
    status: Mapping[str, Any]


def run(
    url: str,
    *,
    expect: Backend = "redis",
    wait_seconds: float = 0,
    on_wait: Callable[[str], None] | None = None,
) -> Report:
    """Check that the application at `url` is healthy on the expected backend, available and connected.

    A new version takes a while to be deployed, so any failure is tried again for `wait_seconds`. With `expect`
    "memory" it proves a rollback. Raises `ValueError` for what is no http or https URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the application's URL is no http or https URL, like https://your-app.encr.app")
    deadline = time.monotonic() + wait_seconds
    while True:
        report = _look(url.rstrip("/"), parts.hostname, expect)
        left = deadline - time.monotonic()
        if report.passed or left <= 0:
            return report
        if on_wait is not None:
            failure = report.failures()[0]
            on_wait(f"{failure.cause} ({failure.code}), {left:.0f} s left")
        time.sleep(min(_PAUSE_SECONDS, left))


def _look(url: str, address: str, expected: Backend) -> Report:
    started = time.perf_counter()
    unreachable = False
    answers: _Answers | None = None
    try:
        answers = _Answers(
            expected=expected, health=_fetch(f"{url}/cache/health"), status=_fetch(f"{url}/cache/status")
        )
        answered = Result(name="application-answers", title="the application answers", verdict="pass")
    except CacheError as error:
        unreachable = error.fault is APPLICATION_UNREACHABLE
        answered = Result(
            name="application-answers",
            title="the application answers",
            verdict="fail",
            detail=error.detail,
            cause=error.fault.cause,
            remedy=error.fault.remedy,
            code=error.fault.code,
        )
    results = [check.result(answers, blind="the application does not answer") for check in _CHECKS]
    return Report(
        results=(answered, *results),
        server="application",
        address=address,
        milliseconds=(time.perf_counter() - started) * 1000,
        ended=ExitCode.UNREACHABLE if unreachable else None,
        unreachable=unreachable,
    )


def _fetch(url: str) -> Mapping[str, Any]:
    """Give the JSON object at the URL. Raises `CacheError`."""
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 — run() has seen to http(s)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310 — as above
            body = response.read(_LONGEST_BODY)
    except urllib.error.HTTPError as error:
        if error.code not in _WITH_A_BODY:
            raise CacheError(APPLICATION_ANSWER, f"{url} answered {error.code}") from error
        body = error.read(_LONGEST_BODY)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        away = isinstance(reason, socket.gaierror | TimeoutError) or "unreachable" in str(reason)
        raise CacheError(APPLICATION_UNREACHABLE if away else APPLICATION_SILENT, str(reason)) from error
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise CacheError(APPLICATION_ANSWER, f"{url} answered no JSON") from error
    if not isinstance(answer, dict):
        raise CacheError(APPLICATION_ANSWER, f"{url} answered no JSON object")
    return answer


def _healthy(answers: _Answers) -> Finding:
    if answers.health.get("healthy") is True:
        return passed(str(answers.health.get("message", "")))
    return failed(APPLICATION_NOT_HEALTHY, str(answers.health.get("code") or answers.health.get("message") or ""))


def _backend(answers: _Answers) -> Finding:
    seen = {str(answers.health.get("backend")), str(answers.status.get("type"))}
    if seen == {answers.expected}:
        return passed(answers.expected)
    return failed(APPLICATION_BACKEND, f"{' and '.join(sorted(seen))}, and {answers.expected} is expected")


def _available(answers: _Answers) -> Finding:
    return passed() if answers.status.get("available") is True else failed(APPLICATION_NOT_CONNECTED)


def _connected(answers: _Answers) -> Finding:
    if answers.expected == "memory":
        return skipped("memory has no connection")
    information = answers.status.get("redisInfo")
    if isinstance(information, dict) and information.get("connected") is True:
        return passed(f"{information.get('keys', 'unknown')} keys")
    return failed(APPLICATION_NOT_CONNECTED)


_CHECKS: Final = (
    Check("application-healthy", "the application's cache is healthy", _healthy),
    Check("application-backend", "the application is on the expected backend", _backend),
    Check("application-available", "the application's cache is available", _available),
    Check("application-connected", "the application is connected to its cache", _connected),
)
