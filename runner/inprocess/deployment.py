"""What the in-process engine does with resources: creates, changes, replaces, refreshes and deletes them.

Every operation is written to the state before it begins where it could be cut off half-way, and after it ended.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import pulumi

from runner.inprocess import wire
from runner.inprocess.display import Display, Operation, short
from runner.inprocess.providers import PROVIDER_KEY, Diff, Provider, ProviderFinder
from runner.inprocess.state import DamagedState, Properties, Resource, State, StateError

NEEDS_CLI: Final = "is not served by the in-process engine; it needs the Pulumi CLI: make pulumi"


class OperationFailed(pulumi.RunError):
    """An operation failed or was refused; ends the program with its message and no traceback."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What the program declares of one resource: its inputs in wire form, and its options."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: Properties
    dependencies: Sequence[str] = ()
    # The resources that each input is made of.
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    ignore_changes: Sequence[str] = ()
    secret_outputs: Sequence[str] = ()
    # None leaves it to the provider.
    delete_before_replace: bool | None = None


class Deployment:
    """One run over one state. In a preview nothing is done, and the state is not written."""

    def __init__(self, state: State, finders: Sequence[ProviderFinder], display: Display, *, preview: bool) -> None:
        """Take the providers from the first finder that knows a type."""
        self._state = state
        self._finders = finders
        self._display = display
        self._preview = preview

    def settle(self, registration: Registration) -> tuple[str, Properties]:
        """Bring one resource to what the program declares; give its id and its outputs in wire form.

        Raises `OperationFailed`.
        """
        finished = self._finished(registration.urn)
        given = wire.plain(registration.inputs)
        provider = self._provider(registration, given)
        old_inputs = wire.plain(finished.inputs) if finished else {}
        old_outputs = wire.plain(finished.outputs) if finished else {}
        ignored = registration.ignore_changes if finished else ()
        # As a refresh found it, which a provider of a cloud puts into the inputs under the real engine.
        kept = {key: old_outputs.get(key, old_inputs[key]) for key in ignored if key in old_inputs}
        old_inputs |= kept
        declared = {key: value for key, value in given.items() if value is not None and key not in ignored} | kept
        with _reported(registration):
            inputs, problems = provider.check(old_inputs, declared)
        if problems:
            raise OperationFailed("\n".join(f"{_named(registration)}: {each}" for each in problems))

        if finished is None:
            with self._operation("create", registration):
                return self._make(registration, provider, inputs)
        if wire.has_unknown(inputs):
            diff = Diff(changes=inputs != old_inputs)
        else:
            with _reported(registration):
                diff = provider.diff(finished.id, old_inputs, old_outputs, inputs)
        if diff.replaces:
            return self._replace(registration, provider, inputs, finished, diff)
        if diff.changes:
            return self._update(registration, provider, inputs, finished)
        self._display.counts["same"] += 1
        same = self._resource(registration, finished.id, inputs, old_outputs)
        if same != finished and not self._preview:
            self._state.put(same)
        return same.id, same.outputs

    def settle_component(self, urn: str, type_: str, parent: str) -> None:
        """Record a resource that only holds others."""
        known = self._state.find(urn)
        self._display.counts["same" if known else "create"] += 1
        if known is None and not self._preview:
            self._state.put(Resource(urn=urn, type=type_, custom=False, parent=parent))

    def refresh(self) -> None:
        """Look at what exists, and correct the state where it is not as it was left."""
        for known in [each for each in self._state.resources if each.custom and each.pending is None]:
            outputs = wire.plain(known.outputs)
            provider = self._provider(known, outputs)
            with _reported(known, of_state=True):
                found = provider.read(known.id, outputs)
            if found is None:
                self._state.drop(known)
            elif found != outputs:
                secrets = [key for key, value in known.outputs.items() if wire.is_secret(value)]
                self._state.put(replace(known, outputs=_marked(found, secrets)), over=known)

    def delete(self, resources: Iterable[Resource]) -> None:
        """Delete resources, dependents first; none of them where one is protected.

        What fails keeps nothing else from being deleted: a `down` is to leave as little as it can. Raises
        `OperationFailed` with all that failed.
        """
        doomed = list(resources)
        protected = [known for known in doomed if known.protect and not known.condemned]
        if protected:
            raise OperationFailed(
                "\n".join(
                    f"{_named(known)} is protected; set protect=False in the program and run `make up` first"
                    for known in protected
                )
            )
        failures = []
        for known in self._state.deletion_order(doomed):
            try:
                self._delete_one(known)
            except OperationFailed as failure:
                failures.append(str(failure))
        if failures:
            raise OperationFailed("\n".join(failures))

    def _finished(self, urn: str) -> Resource | None:
        """Return the resource as the last run left it; one that it began to delete is deleted first."""
        known = self._state.find(urn)
        if known is not None and known.pending == "delete":
            self._delete_one(known)
        return known if known is not None and known.pending is None else None

    def _make(self, registration: Registration, provider: Provider, inputs: Properties) -> tuple[str, Properties]:
        """Create a resource, so that a run that is cut off finds in the state what it may have to adopt."""
        begun = self._resource(registration, "", inputs, {})
        if self._preview:
            return "", begun.inputs
        pending = replace(begun, pending="create")
        self._state.put(pending)
        try:
            with _reported(registration):
                id_, outputs = provider.create(inputs)
        except OperationFailed:
            # A creation that fails has cleaned up after itself (pulumi.dynamic.ResourceProvider.create).
            self._state.drop(pending)
            raise
        made = self._resource(registration, id_, inputs, outputs)
        self._state.put(made)
        return made.id, made.outputs

    def _update(
        self, registration: Registration, provider: Provider, inputs: Properties, known: Resource
    ) -> tuple[str, Properties]:
        changed = _changed(wire.plain(known.inputs), inputs)
        with self._operation("update", registration, changed):
            if self._preview:
                return known.id, self._resource(registration, known.id, inputs, {}).inputs
            with _reported(registration):
                outputs = provider.update(known.id, wire.plain(known.outputs), inputs)
            updated = self._resource(registration, known.id, inputs, outputs)
            self._state.put(updated)
            return updated.id, updated.outputs

    def _replace(
        self, registration: Registration, provider: Provider, inputs: Properties, known: Resource, diff: Diff
    ) -> tuple[str, Properties]:
        if registration.protect:
            raise OperationFailed(
                f"{_named(registration)} is protected, and a change of {', '.join(diff.replaces)} replaces it"
            )
        delete_first = (
            diff.delete_before_replace
            if registration.delete_before_replace is None
            else registration.delete_before_replace
        )
        with self._operation("replace", registration, diff.replaces):
            if self._preview:
                return "", self._resource(registration, "", inputs, {}).inputs
            if delete_first:
                self._erase(known)
            else:
                self._state.put(replace(known, condemned=True), over=known)
            return self._make(registration, provider, inputs)

    def _delete_one(self, known: Resource) -> None:
        if not known.custom:
            self._erase(known)
            return
        # What a replacement leaves over was counted with it.
        with self._operation("delete", known, counted=not known.condemned):
            self._erase(known)

    def _erase(self, known: Resource) -> None:
        if self._preview:
            return
        if known.custom and not known.retain_on_delete:
            # A creation that was cut off left no outputs; its inputs say where to look for what it made.
            properties = wire.plain(known.inputs if known.pending == "create" else known.outputs)
            provider = self._provider(known, properties)
            if known.pending is None:
                begun = replace(known, pending="delete")
                self._state.put(begun, over=known)
                known = begun
            with _reported(known, of_state=True):
                provider.delete(known.id, properties)
        self._state.drop(known)

    def _provider(self, resource: Registration | Resource, properties: Properties) -> Provider:
        with _reported(resource):
            for find in self._finders:
                provider = find(resource.type, properties)
                if provider is not None:
                    return provider
        raise OperationFailed(f"{resource.type} {resource.name} {NEEDS_CLI}")

    @staticmethod
    def _resource(registration: Registration, id_: str, inputs: Properties, outputs: Properties) -> Resource:
        # An output of the name of a secret input is secret too, as under the real engine.
        secrets = {key for key, value in registration.inputs.items() if wire.holds_secret(value)}
        return Resource(
            urn=registration.urn,
            type=registration.type,
            custom=True,
            id=id_,
            parent=registration.parent,
            inputs=_marked(inputs, secrets),
            outputs=_marked(outputs, secrets | set(registration.secret_outputs)),
            dependencies=sorted(set(registration.dependencies)),
            protect=registration.protect,
            retain_on_delete=registration.retain_on_delete,
        )

    @contextmanager
    def _operation(
        self,
        operation: Operation,
        resource: Registration | Resource,
        changed: Sequence[str] = (),
        *,
        counted: bool = True,
    ) -> Iterator[None]:
        self._display.begin(operation, resource.type, resource.name, changed)
        started = time.monotonic()
        yield
        if not self._preview:
            self._display.end(operation, resource.type, resource.name, time.monotonic() - started)
        if counted:
            self._display.counts[operation] += 1


@contextmanager
def _reported(resource: Registration | Resource, *, of_state: bool = False) -> Iterator[None]:
    """Turn whatever a provider raises into one line that names the resource.

    Where all that it was given is `of_state`, what it misses there is missing in the state.
    """
    try:
        yield
    except (OperationFailed, StateError):
        raise
    except Exception as error:
        message = f"{_named(resource)}: {str(error) or type(error).__name__}"
        if of_state and isinstance(error, (LookupError, TypeError, AttributeError)):
            raise DamagedState(f"{message}: the state of it is damaged") from error
        raise OperationFailed(message) from error


def _named(resource: Registration | Resource) -> str:
    return f"{short(resource.type)} {resource.name}"


def _changed(old: Properties, new: Properties) -> list[str]:
    return sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key) and key != PROVIDER_KEY)


def _marked(properties: Properties, secrets: Iterable[str]) -> Properties:
    """Wrap the named properties as secrets."""
    names = set(secrets)
    return {key: wire.secret(value) if key in names else value for key, value in properties.items()}
