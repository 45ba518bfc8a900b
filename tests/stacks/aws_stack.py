"""A stack of the project in the stand-in account of AWS."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from runner.inprocess import wire
from runner.inprocess.state import Resource, State
from tests.stacks.inprocess import ROOT, StackInProcess
from tests.standins import aws


class AwsStack(StackInProcess):
    """One stack, and a look at what the engine wrote of it."""

    def __init__(
        self,
        folder: Path,
        account: aws.Account,
        settings: Mapping[str, str],
        *,
        name: str = "prod",
        program: Path = ROOT,
    ) -> None:
        """Lay out the project."""
        super().__init__(
            folder=folder,
            name=name,
            finders=[account.find],
            honoured=aws.HONOURED,
            invoke=account.invoke,
            program=program,
            configuration={"aws:region": account.region, **settings},
        )

    @staticmethod
    def _run(verb: Callable[[], int], code: int) -> str:
        printed = StackInProcess._run(verb, code)
        assert "Traceback" not in printed, printed
        return printed

    def unprotect(self) -> None:
        """Do what `pulumi state unprotect --all` does."""
        state = State(self._stack.state_file)
        for resource in state.resources:
            resource.protect = False
        state.put(state.resources[0])

    @property
    def resources(self) -> list[Resource]:
        """What the state has, as the engine wrote it: a secret is wrapped and marked."""
        return State(self._stack.state_file, read_only=True).resources

    def resource(self, type_: str) -> Resource:
        """Give the one resource of a type."""
        (found,) = (resource for resource in self.resources if resource.type == type_)
        return found

    def inputs(self, type_: str) -> dict[str, Any]:
        """Give what was declared of the one resource of a type."""
        inputs: dict[str, Any] = wire.plain(self.resource(type_).inputs)
        return inputs


def stack(
    folder: Path, account: aws.Account, *, tier: str = "prod", name: str | None = None, **values: str
) -> AwsStack:
    """Give a stack of the project in a network of its own."""
    settings = {"backend": "elasticache", "tier": tier, **account.network(), **values}
    return AwsStack(folder, account, settings, name=name or tier)


def written(resource: Resource) -> str:
    """Give everything that the state has of a resource, secrets masked, as text."""
    return json.dumps([wire.masked(resource.inputs), wire.masked(resource.outputs)])
