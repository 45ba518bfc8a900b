"""The application itself: whether its /cache/health and /cache/status say what they should.

This is the guide's own verification (`curl https://your-app.encr.app/cache/status`), with a verdict.
"""

import base64
import http.client
import ipaddress
import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from verify import deadline, redaction
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
from verify.redaction import legible
from verify.report import Report

_TIMEOUT_SECONDS: Final = 10.0
# For the whole answer, of which each part may come just in time.
_ANSWER_SECONDS: Final = 15.0
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
    site = _site(url)
    ends_at = time.monotonic() + wait_seconds
    while True:
        report = _look(site, expect).redacted(site.secrets)
        left = ends_at - time.monotonic()
        if report.passed or left <= 0:
            return report
        if on_wait is not None:
            failure = report.failures()[0]
            on_wait(f"{failure.cause} ({failure.code}), {left:.0f} s left")
        time.sleep(min(_PAUSE_SECONDS, left))


def shown(url: str) -> str:
    """Return a URL fit to show, without the user and the password in it."""
    return legible(_without_user(url))


def _without_user(url: str) -> str:
    # Up to the last @, since a password may hold one.
    before, _, address = url.rpartition("@")
    scheme, slashes, _ = before.partition("//")
    return f"{scheme}{slashes}{address}" if slashes else address


@dataclass(frozen=True, kw_only=True)
class _Site:
    """Where the application is: `url` has neither a user nor a slash at its end; `login` is for HTTP's Basic scheme."""

    url: str
    scheme: str
    host: str
    login: str | None = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine itself, for which no proxy can speak."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def proxy(self) -> str | None:
        """The proxy that the environment names for it."""
        if self.is_loopback or urllib.request.proxy_bypass(self.host):
            return None
        return urllib.request.getproxies().get(self.scheme)


def _site(url: str) -> _Site:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 — raises for what is no number
    except ValueError:
        # Its words may repeat the password.
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the application's URL is no http or https URL, like https://your-app.encr.app")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    login = base64.b64encode(f"{user}:{password}".encode()).decode() if user or password else None
    return _Site(
        url=_without_user(url).rstrip("/"),
        scheme=parts.scheme,
        host=parts.hostname,
        login=login,
        # A user without a password is a token.
        secrets=tuple(secret for secret in (password or user, login) if secret),
    )


def _look(site: _Site, expected: Backend) -> Report:
    started = time.perf_counter()
    answers, answered = None, passed()
    try:
        answers = _Answers(
            expected=expected, health=_fetch(site, "/cache/health"), status=_fetch(site, "/cache/status")
        )
    except CacheError as error:
        answered = failed(error.fault, error.detail)
    unreachable = answered.fault is APPLICATION_UNREACHABLE
    results = [_ANSWERS.result(answered, blind="")]
    results += [check.result(answers, blind="the application does not answer") for check in _CHECKS]
    return Report(
        results=tuple(results),
        server="application",
        address=site.host,
        milliseconds=(time.perf_counter() - started) * 1000,
        ended=ExitCode.UNREACHABLE if unreachable else None,
        unreachable=unreachable,
    )


def _fetch(site: _Site, path: str) -> Mapping[str, Any]:
    """Return the JSON object at the path. Raises `CacheError`."""
    url = f"{site.url}{path}"
    told, secrets = "", site.secrets
    if proxy := site.proxy:
        told = f", through the proxy {shown(proxy)} of {site.scheme}_proxy; NO_PROXY={site.host} leaves it out"
        secrets = (*secrets, proxy.rpartition("@")[0])
    try:
        body, status = deadline.in_time(lambda: _body(site, url), _ANSWER_SECONDS)
    except deadline.OutOfTime:
        broken = CacheError(APPLICATION_SILENT, f"no whole answer came within {_ANSWER_SECONDS:.0f} s{told}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        away = isinstance(reason, socket.gaierror | TimeoutError) or "unreachable" in str(reason)
        said = redaction.fit(str(reason), secrets, shortest=1)
        broken = CacheError(APPLICATION_UNREACHABLE if away else APPLICATION_SILENT, f"{said}{told}")
    else:
        if status not in _WITH_A_BODY:
            raise CacheError(APPLICATION_ANSWER, f"{url} answered {status}{told}")
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise CacheError(APPLICATION_ANSWER, f"{url} answered no JSON{told}") from None
        if not isinstance(answer, dict):
            raise CacheError(APPLICATION_ANSWER, f"{url} answered no JSON object{told}")
        return answer
    raise broken


def _body(site: _Site, url: str) -> tuple[bytes, int]:
    """Return what the URL answers, cut after a megabyte, and the status."""
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 — _site has seen to http(s)
    if site.login is not None:
        request.add_unredirected_header("Authorization", f"Basic {site.login}")
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if site.is_loopback else []))
    try:
        response = opener.open(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return response.read(_LONGEST_BODY), response.status


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


_ANSWERS: Final[Check[Finding]] = Check("application-answers", "the application answers", lambda answered: answered)
_CHECKS: Final = (
    Check("application-healthy", "the application's cache is healthy", _healthy),
    Check("application-backend", "the application is on the expected backend", _backend),
    Check("application-available", "the application's cache is available", _available),
    Check("application-connected", "the application is connected to its cache", _connected),
)
