"""A stack whose program runs in this process, over stand-ins of its providers: as a user would see it, in seconds."""

import io
import json
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra import after_delivery
from infra.sinks import files
from runner.inprocess import wire
from runner.inprocess.engine import Invoke
from runner.inprocess.operations import PRODUCT_FINDERS, InProcessStack
from runner.inprocess.providers import ProviderFinder
from runner.inprocess.state import Resource, State
from runner.project import Project

ROOT = Path(__file__).resolve().parents[2]


@dataclass(kw_only=True)
class StackInProcess:
    """A stack of the project, with a configuration and a state of its own in `folder`."""

    folder: Path
    name: str
    finders: Sequence[ProviderFinder]
    honoured: Collection[str] = ()
    invoke: Invoke | None = None
    # The folder of the Pulumi project that the program is taken from.
    program: Path = ROOT
    # A key without a namespace is one of the project's settings.
    configuration: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay out the project."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("__main__.py", "Pulumi.yaml"):
            shutil.copy(self.program / name, self.folder)
        self.configure()

    def configure(self, **values: object) -> None:
        """Change settings, take away those that are None, and write the stack's file."""
        changed = {**self.configuration, **values}
        self.configuration = {key: value for key, value in changed.items() if value is not None}
        lines = [
            f"  {key if ':' in key else f'cache:{key}'}: {json.dumps(value)}"
            for key, value in self.configuration.items()
        ]
        (self.folder / f"Pulumi.{self.name}.yaml").write_text("\n".join(["config:", *lines, ""]))

    def up(self, *, code: int = 0) -> str:
        """Bring it up; give what was printed."""
        with self._alone():
            return self._run(self._stack.up, code)

    def preview(self, *, code: int = 0) -> str:
        """Show what `up` would do."""
        with self._alone():
            return self._run(self._stack.preview, code)

    def destroy(self, *, code: int = 0) -> str:
        """Delete everything."""
        with self._alone():
            return self._run(self._stack.destroy, code)

    @property
    def outputs(self) -> dict[str, Any]:
        """The stack's outputs, secrets in clear text."""
        return self._stack.outputs()

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
        """Return the one resource of a type."""
        (found,) = (resource for resource in self.resources if resource.type == type_)
        return found

    def inputs(self, type_: str) -> dict[str, Any]:
        """Return what was declared of the one resource of a type."""
        inputs: dict[str, Any] = wire.plain(self.resource(type_).inputs)
        return inputs

    @property
    def _stack(self) -> InProcessStack:
        return InProcessStack(
            project=Project(self.folder),
            stack=self.name,
            because="a test",
            say=lambda _: None,
            finders=(*self.finders, *PRODUCT_FINDERS),
            honoured=self.honoured,
            invoke=self.invoke,
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Have the providers, which find the project by where their code is, take this one for it."""
        with pytest.MonkeyPatch.context() as patch:
            for module in (files, after_delivery):
                patch.setattr(module, "PROJECT", self.folder)
            yield

    @staticmethod
    def _run(verb: Callable[[], int], code: int) -> str:
        stream = io.StringIO()
        with redirect_stdout(stream):
            got = verb()
        printed = stream.getvalue()
        assert got == code, printed
        assert "Traceback" not in printed, printed
        return printed


def written(resource: Resource) -> str:
    """Return everything that the state has of a resource, secrets masked, as text."""
    return json.dumps([wire.masked(resource.inputs), wire.masked(resource.outputs)])
