"""What a stack declares: its program, run in preview with nobody behind it."""

import contextvars
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2

from offline import answers
from runner.inprocess import wire
from runner.inprocess.deployment import Registration
from runner.inprocess.display import Display
from runner.inprocess.engine import Engine
from runner.inprocess.operations import InProcessStack
from runner.project import Project

# Nothing is made, so every option can be granted.
EVERY_OPTION: Final = frozenset(field.name for field in resource_pb2.RegisterResourceRequest.DESCRIPTOR.fields)


class Recording(NamedTuple):
    """What a program declares in the order of its declaration, its outputs in wire form, and what it logs."""

    declared: Sequence[Registration]
    outputs: Mapping[str, Any]
    messages: Sequence[str]


def record(project: Project, stack: str, configuration: dict[str, str]) -> list[Registration]:
    """Run a stack's program in preview; return what it declares. Raises what `recording` does."""
    return list(recording(project, stack, configuration).declared)


def recording(project: Project, stack: str, configuration: dict[str, str]) -> Recording:
    """Run a stack's program in preview, and record it.

    Raises `pulumi.RunError` for a configuration that the program refuses.
    """
    recorder = Recorder()
    engine = RecordingEngine(
        recorder,
        project=project.name,
        stack=stack,
        honoured=EVERY_OPTION,
        invoke=answers.functions(configuration),
    )
    said = io.StringIO()
    display = Display(preview=True, stream=said)
    runner = InProcessStack(project=project, stack=stack, because="", say=lambda _: None)
    with answers.keys():
        contextvars.copy_context().run(runner.run_program, engine, display, configuration, preview=True)
    return Recording(recorder.declared, engine.outputs or {}, said.getvalue().splitlines())


class Recorder:
    """Accepts every resource and remembers it; what only its creation would tell stays unknown."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.declared: list[Registration] = []

    def settle(self, registration: Registration) -> tuple[str, dict[str, Any]]:
        """Remember one resource."""
        self.declared.append(registration)
        # A null among the inputs stands for an output that the provider fills in.
        return "", {key: value for key, value in registration.inputs.items() if value is not None}

    def settle_component(self, urn: str, type_: str, parent: str) -> None:
        """Leave a component out: it is only the name of what lies in it."""


class RecordingEngine(Engine):
    """An engine that also reads what stands outside the stack, without knowing anything of it."""

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802 - the protocol's name
        """Return what the program says itself; another stack's outputs are unknown."""
        urn = self.make_urn(request.parent, request.type, request.name)
        properties = wire.from_struct(request.properties)
        if request.type == "pulumi:pulumi:StackReference":
            properties |= {"outputs": rpc.UNKNOWN, "secretOutputNames": rpc.UNKNOWN}
        return resource_pb2.ReadResourceResponse(urn=urn, properties=wire.to_struct(properties))
