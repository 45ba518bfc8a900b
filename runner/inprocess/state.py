"""What exists, written down before and after every operation, so that a run killed anywhere can be run again."""

import dataclasses
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_origin, get_type_hints

import pulumi

from runner import private_file, sealed_file
from runner.attempt import explained
from runner.inprocess import wire
from runner.project import ProjectError

Properties = dict[str, Any]


class StateError(ProjectError, pulumi.RunError):
    """The state cannot be used now; the message says what to do. It ends a program without a traceback."""


class DamagedState(StateError):
    """The state's file is there and cannot be read."""


@dataclass(kw_only=True)
class Resource:
    """One resource. Inputs and outputs are in Pulumi's wire form: a secret is wrapped and marked."""

    urn: str
    type: str
    custom: bool
    id: str = ""
    parent: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    dependencies: list[str] = field(default_factory=list)
    protect: bool = False
    retain_on_delete: bool = False
    # An operation that was begun and not seen to end. A creation has to be adopted or undone, a deletion done again.
    pending: Literal["create", "delete"] | None = None
    # Replaced by another resource of the same URN, and not yet deleted.
    condemned: bool = False

    @property
    def name(self) -> str:
        """Return the name that the program gave it."""
        return self.urn.rpartition("::")[2]


_KINDS = {name: get_origin(hint) or hint for name, hint in get_type_hints(Resource).items() if name != "pending"}


class State:
    """The resources and outputs of one stack, in one file that only its owner may read.

    Secrets stand in it in clear text: there is no passphrase to encrypt them with that would not lie beside it.
    """

    def __init__(self, file: Path, *, read_only: bool = False, must_save: bool = True) -> None:
        """Read the file, or start empty. A read-only state changes in memory alone.

        Without `must_save` a change that cannot be written down is made all the same: for deletions, which can be done
        again, and which may be what a full disk waits for. Raises `DamagedState`.
        """
        self._file = file
        self._read_only = read_only
        self._must_save = must_save
        self._mutex = threading.RLock()
        try:
            content = sealed_file.read(file)
            self.resources = [_resource(entry) for entry in content.get("resources", [])]
            self.outputs: Properties = dict(content.get("outputs", {}))
            wire.plain(self.outputs)
        except FileNotFoundError:
            self.resources, self.outputs = [], {}
        except OSError as error:
            raise DamagedState(f"{file} cannot be read: {error.strerror}") from None
        # Not what stands there: it may be a secret.
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            raise DamagedState(f"{file} is damaged") from None

    def find(self, urn: str) -> Resource | None:
        """Find the current resource of a URN."""
        with self._mutex:
            return next((known for known in self.resources if known.urn == urn and not known.condemned), None)

    def put(self, resource: Resource, *, over: Resource | None = None) -> None:
        """Write down a resource, in the place of `over`, or else of the current one of its URN."""
        with self._mutex:
            over = over or self.find(resource.urn)
            if over is None:
                self.resources.append(resource)
            else:
                self.resources = [resource if known is over else known for known in self.resources]
            self._save()

    def drop(self, resource: Resource) -> None:
        """Forget a resource that is gone."""
        with self._mutex:
            self.resources = [known for known in self.resources if known is not resource]
            self._save()

    def set_outputs(self, outputs: Properties) -> None:
        """Write down the stack's outputs."""
        with self._mutex:
            self.outputs = outputs
            self._save()

    def deletion_order(self, resources: list[Resource]) -> list[Resource]:
        """Order resources so that each comes before what it depends on or lies in."""
        remaining, ordered = list(resources), []
        while remaining:
            needed = {urn for known in remaining for urn in (*known.dependencies, known.parent)}
            # The newest first; where a replaced resource makes a circle, its age decides alone.
            free = [known for known in reversed(remaining) if known.urn not in needed] or remaining[-1:]
            ordered += free
            remaining = [known for known in remaining if not any(known is one for one in free)]
        return ordered

    def remove_file(self) -> None:
        """Leave nothing behind. Raises `OSError`."""
        private_file.draft_of(self._file).unlink(missing_ok=True)
        self._file.unlink(missing_ok=True)

    def _save(self) -> None:
        if self._read_only:
            return
        resources = [dataclasses.asdict(known) for known in self.resources]
        try:
            sealed_file.write(self._file, {"resources": resources, "outputs": self.outputs})
        except OSError as error:
            if self._must_save:
                raise StateError(f"the state cannot be written: {explained(error)}") from None


def _resource(entry: Any) -> Resource:
    """Take a resource out of the file. Raises what Python does where it is none."""
    resource = Resource(**entry)
    is_whole = all(isinstance(wire.plain(getattr(resource, name)), kind) for name, kind in _KINDS.items())
    if not is_whole or not all(isinstance(urn, str) for urn in [resource.pending or "", *resource.dependencies]):
        raise TypeError
    return resource


@contextmanager
def locked(file: Path, verb: str) -> Iterator[None]:
    """Let one run at a time work on a stack. The lock ends with the process that holds it, however it ends.

    Raises `StateError` naming who holds it, and `OSError`.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with private_file.open_to_add(file) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StateError(f"another run works on this stack: {lock.read().strip()}; wait until it is done") from None
        # For people: that a full disk has no room for it keeps nobody from a `down`.
        with suppress(OSError):
            lock.truncate(0)
            lock.write(f"{verb}, process {os.getpid()}, since {time.strftime('%H:%M:%S')}\n")
            lock.flush()
        yield
