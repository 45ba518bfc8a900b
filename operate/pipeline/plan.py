"""Plan: what `up` would do, read from the events that Pulumi writes of a preview.

A line of the file is one event (pulumi/pulumi, sdk/go/common/apitype/events.go). Secrets are blinded in it, by Pulumi.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pulumi.automation.events import EngineEvent, StepEventMetadata, StepEventStateMetadata

from runner.project import ProjectError

STACK_TYPE: Final = "pulumi:pulumi:Stack"
PROVIDERS: Final = "pulumi:providers:"
DYNAMIC: Final = "pulumi-python:dynamic/"
# Nothing happens in them, or they are parts of a replacement, which has an event of its own.
QUIET: Final = frozenset({"same", "read", "read-replacement", "create-replacement", "delete-replaced"})
# How Pulumi writes a secret, and what only an `up` will know (sdk/go/common/resource/properties.go).
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
COST: Final = "monthlyCostUsd"
LONGEST_VALUE: Final = 80

# In USD; a text where no price is known; None where the stack has no such output.
Cost = float | str | None


class PlanUnreadable(ProjectError):
    """What Pulumi wrote is no account of a preview."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One property: as it was, and as it is now or would be. A secret's value is in neither."""

    key: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One resource that is not as the program declares it.

    `operation` is what `up` would do about it. `changed` is what the program says differently from the state, and
    `found` what is no longer as the last `up` left it; `is_gone` where it was deleted.
    """

    operation: str
    type: str
    name: str
    changed: tuple[Difference, ...] = ()
    found: tuple[Difference, ...] = ()
    is_gone: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What `up` would do; `problems` are the errors of a preview that failed."""

    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    cost_before: Cost = None
    cost_after: Cost = None
    problems: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether everything is as the program declares it, and the preview told so."""
        return not self.changes and not self.problems

    @classmethod
    def from_events(cls, text: str) -> Self:
        """Read the file of a preview with a refresh. Raises `PlanUnreadable`."""
        try:
            events = [EngineEvent.from_json(json.loads(line)) for line in text.splitlines()]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PlanUnreadable(f"Pulumi's events of this preview cannot be read: {error}") from None
        reading = _Reading()
        for event in events:
            reading.take(event)
        if not reading.is_complete:
            raise PlanUnreadable("Pulumi's events of this preview end before its summary: it was cut off")
        return cls(
            changes=tuple(reading.changes()),
            unchanged=reading.unchanged,
            cost_before=reading.costs[0],
            cost_after=reading.costs[1],
            problems=tuple(reading.problems),
        )


@dataclass
class _Reading:
    """What has been read so far."""

    steps: dict[str, StepEventMetadata] = field(default_factory=dict)
    refreshed: dict[str, StepEventMetadata] = field(default_factory=dict)
    costs: tuple[Cost, Cost] = (None, None)
    problems: list[str] = field(default_factory=list)
    unchanged: int = 0
    is_complete: bool = False

    def take(self, event: EngineEvent) -> None:
        """Take the next event."""
        if event.res_outputs_event is not None:
            self._take_step(event.res_outputs_event.metadata)
        elif event.resource_pre_event is not None:
            step = event.resource_pre_event.metadata
            # A deletion that is only planned has no outputs to tell of.
            if step.op not in QUIET and step.op != "refresh":
                self.steps.setdefault(step.urn, step)
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            self.problems.append(event.diagnostic_event.message.strip())
        elif event.summary_event is not None:
            self.is_complete = True
            self.unchanged = int(event.summary_event.resource_changes.get("same", 0))  # type: ignore[call-overload]

    def _take_step(self, step: StepEventMetadata) -> None:
        if step.op == "refresh":
            self.refreshed[step.urn] = step
        elif step.type == STACK_TYPE:
            self.costs = (_outputs(step.old).get(COST), _outputs(step.new).get(COST))
        elif step.op not in QUIET:
            self.steps[step.urn] = step

    def changes(self) -> Iterator[Change]:
        """Return what would happen, in Pulumi's order."""
        for urn, step in self.steps.items():
            if step.type == STACK_TYPE or step.type.startswith(PROVIDERS):
                continue
            refreshed = self.refreshed.get(urn)
            is_gone = refreshed is not None and refreshed.new is None
            yield Change(
                operation=step.op.value,
                type=step.type.removeprefix(DYNAMIC),
                name=urn.rpartition("::")[2],
                changed=tuple(_differences(_inputs(step.old), _inputs(step.new))) if step.old and step.new else (),
                found=()
                if refreshed is None or is_gone
                else tuple(_differences(_outputs(refreshed.old), _outputs(refreshed.new))),
                is_gone=is_gone,
            )


def _inputs(state: StepEventStateMetadata | None) -> Mapping[str, Any]:
    return (state and state.inputs) or {}


def _outputs(state: StepEventStateMetadata | None) -> Mapping[str, Any]:
    return (state and state.outputs) or {}


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted(before.keys() | after.keys()):
        # Pulumi's own, like the pickled provider of a dynamic resource.
        if not key.startswith("__") and before.get(key) != after.get(key):
            yield Difference(key=key, before=_brief(before.get(key)), after=_brief(after.get(key)))


def _brief(value: Any) -> str:
    """Return a value on one line; of a secret only that it is one."""
    text = json.dumps(value, sort_keys=True)
    if SIGNATURE in text:
        return "a secret"
    if UNKNOWN in text:
        return "known after up"
    if value is None:
        return "nothing"
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
