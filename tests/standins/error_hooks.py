"""The in-process engine with error hooks: a failed operation is told to the program, as by the real engine.

The product's engine has none, since it serves only resources that fail with words of our own.
"""

import grpc  # type: ignore[import-untyped]
from google.protobuf import empty_pb2
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2

from runner.inprocess.deployment import OperationFailed
from runner.inprocess.engine import Engine


class EngineWithErrorHooks(Engine):
    """Put it in the place of `runner.inprocess.operations.Engine`, and `hooks` among what is honoured."""

    def RegisterErrorHook(  # noqa: N802 - the protocol's name
        self, request: resource_pb2.RegisterErrorHookRequest
    ) -> empty_pb2.Empty:
        """Remember whom to call."""
        self._error_hooks = {**getattr(self, "_error_hooks", {}), request.name: request.callback}
        return empty_pb2.Empty()

    def RegisterResource(  # noqa: N802
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Settle a resource; where that fails, call the program's hooks before it is interrupted."""
        try:
            return super().RegisterResource(request)
        except OperationFailed as failure:
            question = resource_pb2.ErrorHookRequest(name=request.name, type=request.type, errors=[str(failure)])
            for name in request.hooks.on_error:
                self._call(self._error_hooks[name], question)
            raise

    @staticmethod
    def _call(callback: callback_pb2.Callback, question: resource_pb2.ErrorHookRequest) -> None:
        with grpc.insecure_channel(callback.target) as channel:
            answer = callback_pb2_grpc.CallbacksStub(channel).Invoke(
                callback_pb2.CallbackInvokeRequest(token=callback.token, request=question.SerializeToString())
            )
        response = resource_pb2.ErrorHookResponse.FromString(answer.response)
        assert not response.error, response.error
        assert not response.retry, "this stand-in does not try again"
