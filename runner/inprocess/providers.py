"""Who creates, changes and deletes a resource: the providers of the in-process engine, by type."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import dill  # type: ignore[import-untyped]
from pulumi.dynamic import ResourceProvider

from runner.inprocess.state import DamagedState

Properties = dict[str, Any]

DYNAMIC_PREFIX: Final = "pulumi-python:dynamic"
PROVIDER_KEY: Final = "__provider"


class ProviderError(Exception):
    """An operation failed; the message is for the user."""


@dataclass(frozen=True, kw_only=True)
class Diff:
    """What a change of inputs means."""

    changes: bool
    replaces: list[str] = field(default_factory=list)
    delete_before_replace: bool = False


class Provider(Protocol):
    """The operations of one resource type. Properties are plain values: secrets are unwrapped."""

    def check(self, olds: Properties, news: Properties) -> tuple[Properties, list[str]]:
        """Complete the inputs, and list their problems."""

    def diff(self, id_: str, olds: Properties, outputs: Properties, news: Properties) -> Diff:
        """Compare the inputs of last time, and the outputs, with the new inputs."""

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Create the resource, adopting what a cut-off creation with the same inputs left; give id and outputs."""

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        """Look at the resource as it is now; None where it is gone."""

    def update(self, id_: str, outputs: Properties, news: Properties) -> Properties:
        """Change the resource in place; give its outputs."""

    def delete(self, id_: str, outputs: Properties) -> None:
        """Delete the resource; nothing happens where it is gone."""


# Finds the provider of a type, given the resource's properties; None where the type is not its own.
ProviderFinder = Callable[[str, Properties], Provider | None]


def dynamic(type_: str, properties: Properties) -> Provider | None:
    """Find the provider that a dynamic resource carries in its own properties."""
    if not type_.startswith(DYNAMIC_PREFIX):
        return None
    try:
        # The text comes from the program itself, or from the state that this engine wrote of it.
        provider = dill.loads(base64.b64decode(properties[PROVIDER_KEY]))  # noqa: S301
    except Exception as error:  # noqa: BLE001 - damaged, it may raise anything
        raise DamagedState(f"the provider of {type_} cannot be read from the state: {error}") from None
    return _Dynamic(provider)


class _Dynamic:
    """The SDK's dynamic provider, called as its own plugin host calls it (pulumi/dynamic/__main__.py)."""

    def __init__(self, provider: ResourceProvider) -> None:
        self._provider = provider

    def check(self, olds: Properties, news: Properties) -> tuple[Properties, list[str]]:
        result = self._provider.check(olds, dict(news))
        inputs = {**result.inputs, PROVIDER_KEY: news[PROVIDER_KEY]}
        return inputs, [failure.reason for failure in result.failures]

    def diff(self, id_: str, olds: Properties, outputs: Properties, news: Properties) -> Diff:
        result = self._provider.diff(id_, outputs, news)
        changes = olds != news if result.changes is None else result.changes
        return Diff(
            changes=changes,
            replaces=list(result.replaces or ()),
            delete_before_replace=bool(result.delete_before_replace),
        )

    def create(self, news: Properties) -> tuple[str, Properties]:
        result = self._provider.create(news)
        return result.id, {**(result.outs or {}), PROVIDER_KEY: news[PROVIDER_KEY]}

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        result = self._provider.read(id_, outputs)
        return {**(result.outs or {}), PROVIDER_KEY: outputs[PROVIDER_KEY]} if result.id else None

    def update(self, id_: str, outputs: Properties, news: Properties) -> Properties:
        result = self._provider.update(id_, outputs, news)
        return {**(result.outs or {}), PROVIDER_KEY: news[PROVIDER_KEY]}

    def delete(self, id_: str, outputs: Properties) -> None:
        self._provider.delete(id_, outputs)
