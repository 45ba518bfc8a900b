"""What the providers of the subscription and the database have in common.

The keys come from the environment of whoever runs them, and stay there.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from infra.backends.rediscloud.api import UNFINISHED, Api
from infra.backends.rediscloud.faults import AnswerLost, CloudError, Refused

# What the vendor's own provider allows (terraform-provider-rediscloud, essentials_subscription, Timeouts).
CHANGE_SECONDS: Final = 30 * 60
READ_SECONDS: Final = 5 * 60
# How long a creation whose answer was lost is looked for.
LOST_SECONDS: Final = 60.0

# What the states have in their names while something is not ready yet, or changes (terraform-provider-rediscloud,
# waitForEssentialsDatabaseToBeActive and waitForEssentialsSubscriptionToBeActive).
BUSY: Final = ("draft", "pending", "change", "creation")


def changing() -> Api:
    """Return the API for one change. Raises `CloudError` where the environment has no keys."""
    return Api.from_environment(seconds=CHANGE_SECONDS)


def reading() -> Api:
    """Return the API for a look. Raises `CloudError` where the environment has no keys."""
    return Api.from_environment(seconds=READ_SECONDS)


def await_tasks(api: Api, command: str, *, doing: str) -> None:
    """Wait for what was asked for and is in no list yet, which a killed run may have left. Raises `CloudError`."""

    def look() -> tuple[bool, str]:
        running = [
            task
            for task in (api.get("/tasks") or {}).get("tasks") or []
            if task.get("commandType") == command and task.get("status") in UNFINISHED
        ]
        return not running, f"waiting for {len(running)} that was begun before"

    api.wait(look, doing=doing)


def remove(api: Api, path: str, *, doing: str) -> None:
    """Delete what is at a path, once nothing is under way with it, and wait until it is gone. Raises `CloudError`."""

    def look() -> tuple[bool, str]:
        status = str((api.get(path) or {}).get("status", ""))
        return not is_busy(status), f"it is {status}"

    api.wait(look, doing=doing)
    try:
        api.finish(api.send("DELETE", path, None, doing=doing), doing=doing)
    except Refused:
        if api.get(path) is not None:
            raise
    except AnswerLost:
        # A task that nobody knows, or nothing there to delete any more: what counts is whether it is gone.
        pass
    api.wait(lambda: (api.get(path) is None, "going"), doing=doing)


def is_busy(status: str) -> bool:
    """Return whether a subscription or a database is not ready yet, or being changed."""
    return any(word in status for word in BUSY)


def make(api: Api, path: str, body: Mapping[str, Any], find: Callable[[], int | None], *, doing: str) -> int:
    """Create something and return its number. `find` looks for it by its name. Raises `CloudError`."""
    try:
        number = api.finish(api.send("POST", path, body, doing=doing), doing=doing)
    except AnswerLost as lost:
        number = _look_for(api, find, lost, doing=doing)
    number = find() if number is None else number
    if number is None:
        raise CloudError(f"{doing}: Redis Cloud did not say its number; run the same again, which finds it by name")
    return number


def _look_for(api: Api, find: Callable[[], int | None], lost: AnswerLost, *, doing: str) -> int:
    """Look for something whose creation was answered by nothing: asking again could make two.

    Raises `CloudError` where it does not appear.
    """
    started = time.monotonic()
    while time.monotonic() - started < LOST_SECONDS:
        number = find()
        if number is not None:
            return number
        api.pause(1, doing=doing)
    raise CloudError(f"{lost}; none was created within {LOST_SECONDS:.0f} s: run the same again")
