"""What the providers of the subscription and the database have in common."""

import sys
import time
from collections.abc import Callable
from typing import Final

from pulumi.dynamic import ConfigureRequest, ResourceProvider

from infra.redis_cloud.api import UNFINISHED, Api
from infra.redis_cloud.faults import AnswerLost, CloudError

# What the vendor's own provider allows (terraform-provider-rediscloud, essentials_subscription, Timeouts).
CHANGE_SECONDS: Final = 30 * 60
READ_SECONDS: Final = 5 * 60
# How long a creation whose answer was lost is looked for.
LOST_SECONDS: Final = 60.0


class CloudProvider(ResourceProvider):
    """A provider over the REST API. The keys come from the environment of whoever runs it, and stay there."""

    # By reference it holds no secret, and an encrypted reference would make every preview show a change.
    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Leave one line of what the provider host prints of an exception."""
        del req
        sys.tracebacklimit = 0


def changing() -> Api:
    """Give the API for one change. Raises `CloudError` where the environment has no keys."""
    return Api.from_environment(seconds=CHANGE_SECONDS)


def reading() -> Api:
    """Give the API for a look. Raises `CloudError` where the environment has no keys."""
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


def look_for(api: Api, find: Callable[[], int | None], lost: AnswerLost, *, doing: str) -> int:
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
