"""What the in-process engine uses of the SDK beyond its public interface: a new SDK has to keep it, or be refused."""

import importlib.metadata
import inspect
import re
from contextvars import ContextVar
from pathlib import Path

import pulumi
import pytest
from google.protobuf import empty_pb2
from pulumi.dynamic import Resource, ResourceProvider
from pulumi.runtime import mocks, rpc, run_in_stack
from pulumi.runtime.proto import resource_pb2

from runner.inprocess import engine, providers, wire


def test_the_sdk_is_the_pinned_one(pytestconfig: pytest.Config) -> None:
    """Exactly: the classes below are not exported."""
    pins = (pytestconfig.rootpath / "requirements" / "local.in").read_text()
    match = re.search(r"^pulumi==(\S+)$", pins, re.MULTILINE)
    assert match is not None
    assert importlib.metadata.version("pulumi") == match[1]


def test_every_honoured_field_is_one_of_the_protocol() -> None:
    """A field that was renamed would be refused under its new name, and a stale name would hide that."""
    fields = {field.name for field in resource_pb2.RegisterResourceRequest.DESCRIPTOR.fields}
    assert fields >= engine.HONOURED_FIELDS


def test_the_monitor_still_asks_what_the_engine_answers() -> None:
    """The calls that the engine overrides, and those that it takes as they are."""
    overridden = {"RegisterResource", "RegisterResourceOutputs", "ReadResource", "Invoke", "make_urn"}
    inherited = {"GetDeploymentInfo", "SupportsFeature", "SignalAndWaitForShutdown", "RegisterPackage"}
    assert overridden | inherited <= set(dir(mocks.MockMonitor))
    assert inspect.signature(mocks.MockMonitor.make_urn).parameters.keys() >= {"parent", "type_", "name"}


def test_inputs_arrive_without_output_values() -> None:
    """The wire form that `runner.inprocess.wire` reads has secrets and no outputs."""
    features = mocks.MockMonitor(engine._NoMocks()).GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures
    assert resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS in features
    assert resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES not in features


def test_secrets_and_unknowns_have_their_marks() -> None:
    """They are part of every state that was ever written."""
    assert wire.secret("x") == {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "value": "x",
    }
    assert rpc.UNKNOWN == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def test_the_configuration_is_one_mapping() -> None:
    """The program reads all of it, to find keys that are no settings."""
    assert isinstance(pulumi.runtime.config.CONFIG, ContextVar)
    assert inspect.iscoroutinefunction(run_in_stack)


def test_a_dynamic_resource_carries_its_provider_by_reference() -> None:
    """A class that can be imported is a name in the state, and not its code: editing it is no change."""
    from infra.backends.local.provider import ServerProvider

    assert issubclass(Resource, pulumi.CustomResource)
    serialized = pulumi.dynamic.dynamic.serialize_provider(ServerProvider())
    assert len(serialized) < 100
    found = providers.dynamic("pulumi-python:dynamic/local:Server", {providers.PROVIDER_KEY: serialized})
    assert found is not None
    assert isinstance(ServerProvider(), ResourceProvider)


def test_the_engine_stays_small() -> None:
    """It stands in for Pulumi, and is never a rival: under 800 lines of code."""
    lines = 0
    for file in Path(engine.__file__).parent.glob("*.py"):
        code = re.sub(r'"""(.|\n)*?"""', "", file.read_text())
        lines += sum(1 for line in code.splitlines() if line.strip() and not line.strip().startswith("#"))
    assert lines < 800
