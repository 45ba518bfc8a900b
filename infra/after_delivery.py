"""The command of `cache:afterDelivery`: it restarts the application once another connection was delivered."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from infra import rotation
from infra.dynamic import Provider
from verify import redaction

PROJECT: Final = Path(__file__).resolve().parents[1]

# A deploy that takes longer reports back by its own pipeline. In seconds.
COMMAND_SECONDS: Final = 30 * 60
LAST_LINES: Final = 10

# Ends the command's whole group once its standard input ends without a word: however a run is cut off, by SIGKILL too,
# the system closes the other end, while the thread that waits for the command is told of nothing. The next run would
# begin a second deploy beside the first. What a command that has ended left in the background goes on.
GUARDED: Final = """
exec 3<&0 </dev/null
{ read -r word || kill -s KILL 0; } <&3 >/dev/null 2>&1 &
exec /bin/sh -c "$1" 3<&-
"""


class CommandFailed(Exception):
    """The command failed; the message has its last lines."""


class AfterDeliveryProvider(Provider):
    """Runs the command when the connection that was delivered is another one."""

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Run again for another connection alone: a command that is written differently is run the next time."""
        return DiffResult(changes=olds["values"] != news["values"])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Run it. Raises `CommandFailed`."""
        _run(props["command"], props["values"])
        return CreateResult("after-delivery", {"values": props["values"]})

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Run it again. Raises `CommandFailed`."""
        _run(news["command"], news["values"])
        return UpdateResult({"values": news["values"]})


class AfterDelivery(Resource, module="delivery", name="AfterDelivery"):
    """A command that restarts the application, and the connection that it was run for."""

    def __init__(
        self, name: str, command: str, values: pulumi.Output[Mapping[str, str]], opts: pulumi.ResourceOptions
    ) -> None:
        """Declare it."""
        super().__init__(
            AfterDeliveryProvider(),
            name,
            {"command": command, "values": values},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["values"])),
        )


def _run(command: str, values: Mapping[str, str]) -> None:
    """Run the user's command in the project's folder; it is told nothing of the connection. Raises `CommandFailed`."""
    end_read, end_held = os.pipe()
    with (
        os.fdopen(end_read) as read,
        os.fdopen(end_held, "w") as held,
        subprocess.Popen(
            ["/bin/sh", "-c", GUARDED, "sh", command],
            cwd=PROJECT,
            # A command that brings up another stack must not rotate that one as well.
            env={name: value for name, value in os.environ.items() if name != rotation.VARIABLE},
            stdin=read,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # A group of its own, so that what the shell has started ends with it.
            start_new_session=True,
        ) as process,
    ):
        try:
            printed, _ = process.communicate(timeout=COMMAND_SECONDS)
            held.write("ended\n")
        except subprocess.TimeoutExpired:
            raise CommandFailed(f"cache:afterDelivery {command} did not end within {COMMAND_SECONDS} s") from None
        finally:
            held.close()
    if process.returncode:
        # Before the lines are cut: a certificate has several.
        said = redaction.without(values.values(), printed[-redaction.LONGEST_READ :])
        last = " / ".join(map(redaction.legible, said.strip().splitlines()[-LAST_LINES:]))
        raise CommandFailed(
            f"cache:afterDelivery {command} ended with {process.returncode}: {last}; the connection is "
            "delivered, and the next `make up` runs the command again"
        )
