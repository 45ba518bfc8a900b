"""The REST API of Redis Cloud: bounded in time, patient where it asks for patience, and silent about keys.

Sources: the vendor's Go client (RedisLabs/rediscloud-go-api), its OpenAPI document and its pages on tasks
(redis/docs, operate/rc/api), and its support's page on 429 ("Troubleshooting 429 Errors in Redis Cloud APIs").
"""

import email.utils
import http.client
import itertools
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

from infra.backends.rediscloud.faults import AnswerLost, CloudError, Refused

# The names that the vendor's own clients read.
ACCESS_KEY: Final = "REDISCLOUD_ACCESS_KEY"
SECRET_KEY: Final = "REDISCLOUD_SECRET_KEY"  # noqa: S105 - a variable's name
ADDRESS: Final = "REDISCLOUD_URL"
DEFAULT_ADDRESS: Final = "https://api.redislabs.com/v1"

REQUEST_SECONDS: Final = 30.0
FIRST_PAUSE_SECONDS: Final = 0.2
# 400 requests a minute are allowed to a key, which others may be using too.
LONGEST_PAUSE_SECONDS: Final = 10.0
# Between two lines about something that has not changed.
PROGRESS_SECONDS: Final = 30.0

# A task may be unknown for a moment after it was accepted (rediscloud-go-api, internal/service.go).
UNKNOWN_TASK_LOOKS: Final = 6
UNFINISHED: Final = ("initialized", "received", "processing-in-progress")
FINISHED: Final = "processing-completed"

Found = TypeVar("Found")


def missing_keys(environment: Mapping[str, str] = os.environ) -> str | None:
    """Describe what the environment lacks, all at once and with the cure; None where it lacks nothing."""
    missing = [name for name in (ACCESS_KEY, SECRET_KEY) if not environment.get(name)]
    if not missing:
        return None
    return (
        f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set: Redis Cloud's API needs the "
        "account's key and a user's key, from https://cloud.redis.io, Access Management, API Keys\n"
        + "\n".join(f"      export {name}=…" for name in missing)
    )


@dataclass(kw_only=True)
class Api:
    """One operation's requests, which together may take `seconds`. No key is in its repr."""

    address: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    seconds: float

    def __post_init__(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    @classmethod
    def from_environment(cls, *, seconds: float, environment: Mapping[str, str] = os.environ) -> Self:
        """Take the keys and the address. Raises `CloudError` where they will not do."""
        missing = missing_keys(environment)
        if missing is not None:
            raise CloudError(missing)
        address = (environment.get(ADDRESS) or DEFAULT_ADDRESS).rstrip("/")
        parts = urlsplit(address)
        is_here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
        if not (is_here or (parts.scheme == "https" and parts.hostname)) or parts.username is not None:
            raise CloudError(
                f"{ADDRESS} is no https address (the keys are sent there)\n      unset {ADDRESS}, for {DEFAULT_ADDRESS}"
            )
        return cls(
            address=address, access_key=environment[ACCESS_KEY], secret_key=environment[SECRET_KEY], seconds=seconds
        )

    def get(self, path: str) -> Any:
        """Return what is there; None where nothing is. Raises `CloudError`."""
        return self._patiently("GET", path, None)

    def send(self, method: str, path: str, body: Mapping[str, Any] | None, *, doing: str) -> str:
        """Ask for a change; give the id of the task that makes it.

        Raises `Refused`, and `AnswerLost` for a creation of which nobody knows whether it was begun: a change and a
        deletion are simply asked for again.
        """
        answer = self._patiently(method, path, body, doing=doing)
        if not isinstance(answer, dict) or "taskId" not in answer:
            raise AnswerLost(f"{doing}: Redis Cloud answered without a task")
        return str(answer["taskId"])

    def finish(self, task: str, *, doing: str) -> int | None:
        """Wait until a task has ended; give the number of what it made. Raises `Refused` where it failed."""
        looks = itertools.count(1)

        def look() -> tuple[Mapping[str, Any] | None, str]:
            answer = self.get(f"/tasks/{task}")
            if answer is None:
                if next(looks) >= UNKNOWN_TASK_LOOKS:
                    raise AnswerLost(f"{doing}: Redis Cloud does not know its own task {task}")
                return None, "accepted"
            response, status = answer.get("response") or {}, str(answer.get("status"))
            if response.get("error") or status not in (FINISHED, *UNFINISHED):
                raise _refusal(doing, response, answer)
            return (answer if status == FINISHED else None), status

        number = (self.wait(look, doing=doing).get("response") or {}).get("resourceId")
        return None if number is None else int(number)

    def wait(self, look: Callable[[], tuple[Found | None, str]], *, doing: str) -> Found:
        """Look again and again until there is something, and report the status meanwhile.

        Raises `CloudError` when the time is over.
        """
        told, told_at = "", 0.0
        pauses = _pauses()
        while True:
            found, status = look()
            if found:
                return found
            now = time.monotonic()
            if status != told or now - told_at >= PROGRESS_SECONDS:
                say(f"{doing}: {status}, {now - self._started:.0f} s")
                told, told_at = status, now
            self.pause(next(pauses), doing=doing)

    def pause(self, seconds: float, *, doing: str) -> None:
        """Wait a moment. Raises `CloudError` where that would be beyond the operation's time."""
        if time.monotonic() + seconds - self._started > self.seconds:
            raise CloudError(
                f"{doing} is not done after {self.seconds / 60:.0f} minutes; Redis Cloud may still be at it: run the "
                "same again, which goes on from what is there"
            )
        time.sleep(seconds)

    def _patiently(self, method: str, path: str, body: Mapping[str, Any] | None, *, doing: str = "") -> Any:
        doing = doing or f"{method} {path}"
        pauses = _pauses()
        while True:
            try:
                return self._exchange(method, path, body, doing)
            except _Later as later:
                seconds = next(pauses) if later.seconds is None else later.seconds
                say(f"{doing}: Redis Cloud asks to wait (429), {seconds:.0f} s")
            except AnswerLost:
                if method == "POST":
                    raise
                seconds = next(pauses)
            self.pause(seconds, doing=doing)

    def _exchange(self, method: str, path: str, body: Mapping[str, Any] | None, doing: str) -> Any:
        request = urllib.request.Request(  # noqa: S310 - from_environment has seen to the address
            f"{self.address}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                "x-api-key": self.access_key,
                "x-api-secret-key": self.secret_key,
            },
        )
        try:
            with _OPENER.open(request, timeout=REQUEST_SECONDS) as response:
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return self._refused(error, body, doing)
        except (OSError, http.client.HTTPException) as error:
            raise AnswerLost(f"{doing}: no answer from {self.address}: {getattr(error, 'reason', error)}") from None
        except ValueError:
            raise AnswerLost(f"{doing}: {self.address} answered no JSON") from None

    def _refused(self, error: urllib.error.HTTPError, body: Mapping[str, Any] | None, doing: str) -> None:
        """Return None for what is not there, and raise for everything else."""
        if error.code == http.HTTPStatus.NOT_FOUND:
            return
        if error.code == http.HTTPStatus.TOO_MANY_REQUESTS:
            raise _Later(_asked_seconds(error.headers)) from None
        if error.code in (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN):
            raise CloudError(
                f"{doing}: Redis Cloud does not accept the keys ({error.code}): {ACCESS_KEY} is the account's, "
                f"{SECRET_KEY} a user's, and the API has to be enabled, and this machine's address allowed, at "
                "https://cloud.redis.io, Access Management, API Keys"
            ) from None
        if error.code == http.HTTPStatus.REQUEST_TIMEOUT or error.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise AnswerLost(f"{doing}: {self.address} answered {error.code}") from None
        code, description = _reason(error)
        for hidden in (self.access_key, self.secret_key, str((body or {}).get("password") or "")):
            description = description.replace(hidden, "…") if hidden else description
        raise Refused(doing, code, f"{error.code} {description}".strip()) from None


def say(line: str) -> None:
    """Tell the user how it goes: both engines show what a provider prints."""
    print(f"Redis Cloud: {line}", flush=True)


class _Later(Exception):
    """The limit of requests is reached; `seconds` is how long to wait, None where it was not said."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self.seconds = seconds


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for an error: the keys would go along to whatever host it names."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirects)


def _asked_seconds(headers: Message) -> float | None:
    """Read the standard's header, in both of its forms, or Redis Cloud's own."""
    text = headers.get("Retry-After") or headers.get("x-rate-limit-retry-after-seconds") or ""
    if text.strip().isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return max((moment - datetime.now(UTC)).total_seconds(), 0)


def _reason(error: urllib.error.HTTPError) -> tuple[str, str]:
    """Read code and description of a refusal, as far as it has any."""
    try:
        answer = json.loads(error.read())
    except (OSError, ValueError):
        return "", str(error.reason)
    if not isinstance(answer, dict):
        return "", str(error.reason)
    return str(answer.get("type") or answer.get("error") or ""), str(
        answer.get("description") or answer.get("message") or ""
    )


def _refusal(doing: str, response: Mapping[str, Any], answer: Mapping[str, Any]) -> Refused:
    """Read a failed task: the client's tests have an object for its error, and the API's document a code alone."""
    error = response.get("error")
    if isinstance(error, dict):
        return Refused(doing, str(error.get("type") or ""), str(error.get("description") or error.get("status") or ""))
    return Refused(doing, str(error or ""), str(response.get("additionalInfo") or answer.get("description") or ""))


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
