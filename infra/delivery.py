"""The proved connection on its way into the sinks, and what is done once another one has arrived there."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.dynamic import ConfigureRequest, CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from infra import sinks
from infra.backends import Declaration
from infra.connection import GUIDES_VARIABLES
from infra.settings import Settings
from infra.sinks import Delivery

PROJECT: Final = Path(__file__).resolve().parents[1]

# A deploy that takes longer reports back by its own pipeline. In seconds.
COMMAND_SECONDS: Final = 30 * 60
LAST_LINES: Final = 10


def variables(declaration: Declaration, wanted: Settings) -> pulumi.Output[Mapping[str, str]]:
    """Give the variables that the application is to read, as a secret."""
    return pulumi.Output.secret(
        declaration.connection.apply(
            lambda connection: connection.delivered(declaration.own_variables, attached=wanted.attached)
        )
    )


def deliver(declaration: Declaration, wanted: Settings, *, stack: str) -> None:
    """Declare the sinks, export what they are, and run the command of `cache:afterDelivery` after a change."""
    values = variables(declaration, wanted)
    delivery = Delivery(
        variables=(*GUIDES_VARIABLES, *declaration.own_variables),
        values=values,
        kms_key_arn=None if declaration.aws_place is None else declaration.aws_place.kms_key_arn,
    )
    delivered = sinks.declare(delivery, wanted, stack=stack)
    pulumi.export("sinks", list(wanted.chosen_sinks))
    for name, value in (entry for each in delivered for entry in each.outputs.items()):
        pulumi.export(name, value)
    if wanted.after_delivery is not None:
        resources = [resource for each in delivered for resource in each.resources]
        AfterDelivery("after-delivery", wanted.after_delivery, values, pulumi.ResourceOptions(depends_on=resources))


class CommandFailed(Exception):
    """The command of `cache:afterDelivery` failed; the message has its last lines."""


class AfterDeliveryProvider(ResourceProvider):
    """Runs the command when the connection that was delivered is another one."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Leave one line of what the provider host prints of an exception."""
        del req
        sys.tracebacklimit = 0

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Run again for another connection alone: a command that is written differently is run the next time."""
        return DiffResult(changes=olds.get("delivered") != news["delivered"])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Run it."""
        _run(props["command"])
        return CreateResult("after-delivery", {"delivered": props["delivered"]})

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Run it again."""
        _run(news["command"])
        return UpdateResult({"delivered": news["delivered"]})


class AfterDelivery(Resource, module="delivery", name="AfterDelivery"):
    """A command that restarts the application. The state has a digest of what was delivered, and nothing else."""

    def __init__(
        self, name: str, command: str, values: pulumi.Output[Mapping[str, str]], opts: pulumi.ResourceOptions
    ) -> None:
        """Declare it."""
        super().__init__(AfterDeliveryProvider(), name, {"command": command, "delivered": values.apply(_digest)}, opts)


def _digest(values: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(values), sort_keys=True).encode()).hexdigest()


def _run(command: str) -> None:
    """Run the user's command in the project's folder. Raises `CommandFailed`."""
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"cache:afterDelivery {command} did not end within {COMMAND_SECONDS} s") from None
    if done.returncode:
        last = " / ".join(done.stdout.strip().splitlines()[-LAST_LINES:])
        raise CommandFailed(
            f"cache:afterDelivery {command} ended with {done.returncode}: {last}; the connection is delivered, and the "
            "next `make up` runs the command again"
        )
