"""Pulumi's resource monitor, answered in this process.

`RegisterResource` and `RegisterResourceOutputs` are the two calls that matter; the rest of the protocol is the
SDK's own mock monitor, which is not part of its public interface: the SDK is pinned, and a contract test holds it.
Registrations arrive in several threads at once.
"""

from collections.abc import Callable, Collection
from typing import Any, Final, Protocol

from google.protobuf import empty_pb2
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import engine_pb2, resource_pb2

from runner.inprocess import wire
from runner.inprocess.deployment import NEEDS_CLI, OperationFailed, Registration
from runner.inprocess.display import Display
from runner.inprocess.providers import ProviderError
from runner.inprocess.state import Properties

# Answers a function by its token and arguments.
Invoke = Callable[[str, Properties], Properties]

STACK_TYPE: Final = "pulumi:pulumi:Stack"

# The fields of a registration that are honoured, or ask for nothing. A field that is set and does not stand here is
# an option that is refused by name, one that a later SDK brings included.
HONOURED_FIELDS: Final = frozenset(
    {
        *("type", "name", "parent", "custom", "object", "protect", "dependencies", "propertyDependencies"),
        *("deleteBeforeReplace", "deleteBeforeReplaceDefined", "ignoreChanges", "additionalSecretOutputs"),
        *(
            "retainOnDelete",
            "acceptSecrets",
            "acceptResources",
            "supportsPartialValues",
            "accepts_byte_string",
        ),
        *("supportsResultReporting", "sourcePosition", "stackTrace", "parentStackTraceHandle"),
    }
)


class Settler(Protocol):
    """What is done with each resource that a program declares."""

    def settle(self, registration: Registration) -> tuple[str, Properties]:
        """Bring one resource to what the program declares; give its id and its outputs in wire form."""

    def settle_component(self, urn: str, type_: str, parent: str) -> None:
        """Record a resource that only holds others."""


class Engine(MockMonitor):
    """The monitor of one run of a program."""

    def __init__(
        self,
        deployment: Settler,
        *,
        project: str,
        stack: str,
        honoured: Collection[str] = (),
        invoke: Invoke | None = None,
    ) -> None:
        """Hand every resource that the program registers to `deployment`.

        `honoured` names further options that the providers see to themselves, or that mean nothing to them;
        `invoke` answers the functions of their plugins.
        """
        super().__init__(_NoMocks())
        self._deployment = deployment
        self._honoured = HONOURED_FIELDS | frozenset(honoured)
        self._invoke = invoke
        self._urn_prefix = f"urn:pulumi:{stack}::{project}::"
        self.declared: set[str] = set()
        self.outputs: Properties | None = None

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Make a URN as the real engine does: the types of all parents, the stack's left out."""
        parent_type = parent.split("::")[2] if parent else STACK_TYPE
        qualified = type_ if parent_type == STACK_TYPE else f"{parent_type}${type_}"
        return f"{self._urn_prefix}{qualified}::{name}"

    def RegisterResource(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Create, change, replace or leave alone what the program declares."""
        urn = self.make_urn(request.parent, request.type, request.name)
        if urn in self.declared:
            raise OperationFailed(f"{request.type} {request.name} is declared twice")
        self.declared.add(urn)
        _refuse_what_is_not_implemented(request, self._honoured)
        if not request.custom:
            self._deployment.settle_component(urn, request.type, request.parent)
            return resource_pb2.RegisterResourceResponse(urn=urn)
        id_, outputs = self._deployment.settle(
            Registration(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                inputs=wire.from_struct(request.object),
                dependencies=list(request.dependencies),
                property_dependencies={key: list(each.urns) for key, each in request.propertyDependencies.items()},
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                ignore_changes=list(request.ignoreChanges),
                secret_outputs=list(request.additionalSecretOutputs),
                delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            )
        )
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=wire.to_struct(outputs))

    def RegisterResourceOutputs(  # noqa: N802
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        """Keep the stack's outputs; a component's are its own program's affair."""
        if request.urn.split("::")[2] == STACK_TYPE:
            self.outputs = wire.from_struct(request.outputs)
        return empty_pb2.Empty()

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> resource_pb2.ReadResourceResponse:  # noqa: N802
        """Refuse: no provider here reads what the program did not create."""
        raise OperationFailed(f"{request.type} {request.name}, read from outside the stack, {NEEDS_CLI}")

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeResponse:  # noqa: N802
        """Answer a function, or refuse it: it belongs to a plugin."""
        if self._invoke is None:
            raise OperationFailed(f"function {request.tok} {NEEDS_CLI}")
        response = resource_pb2.ResourceInvokeResponse()
        try:
            answer = self._invoke(request.tok, wire.plain(wire.from_struct(request.args)))
        except ProviderError as error:
            # A program may catch it, as it may catch what a plugin answers under the real engine.
            response.failures.add(reason=str(error))
            return response
        getattr(response, "return").CopyFrom(wire.to_struct(answer))
        return response


class Log:
    """Where `pulumi.log` of the program goes."""

    def __init__(self, display: Display) -> None:
        """Print on `display`."""
        self._display = display

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802 - the protocol's name
        """Print a message, unless it is for debugging."""
        if request.severity != engine_pb2.DEBUG:
            self._display.message(engine_pb2.LogSeverity.Name(request.severity).lower(), request.message)


class _NoMocks(Mocks):
    """The mock monitor asks for mocks; nothing of ours may ever reach them."""

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], None]:
        raise NotImplementedError(args.token)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        raise NotImplementedError(args.typ)


def _refuse_what_is_not_implemented(request: resource_pb2.RegisterResourceRequest, honoured: Collection[str]) -> None:
    options = sorted(
        field.name
        for field, value in request.ListFields()
        # The SDK always sends a message for hooks, an empty one where there are none.
        if field.name not in honoured and not (field.message_type and not field.is_repeated and not value.ByteSize())
    )
    if options:
        raise OperationFailed(f"{request.type} {request.name}: the option {', '.join(options)} {NEEDS_CLI}")
    nested = [path for path in request.ignoreChanges if not path.isidentifier()]
    if nested:
        raise OperationFailed(f"{request.type} {request.name}: ignoreChanges of {', '.join(nested)} {NEEDS_CLI}")
