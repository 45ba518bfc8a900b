"""up, preview, destroy and outputs of a stack, without the Pulumi CLI."""

import asyncio
import contextvars
import logging
import os
import runpy
import signal
import traceback
import warnings
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime import configure, run_in_stack, set_all_config
from pulumi.runtime.mocks import MockSettings

from runner import lost_state
from runner.attempt import interrupted
from runner.inprocess import wire
from runner.inprocess.deployment import Deployment, OperationFailed
from runner.inprocess.display import Display, short
from runner.inprocess.engine import Engine, Invoke, Log
from runner.inprocess.providers import ProviderFinder, dynamic
from runner.inprocess.state import DamagedState, State, StateError, locked
from runner.project import Project

PARALLEL: Final = 16

PRODUCT_FINDERS: Final[Sequence[ProviderFinder]] = (dynamic,)


@dataclass(frozen=True, kw_only=True)
class InProcessStack:
    """A stack whose state is one file of the project. Each verb gives an exit code."""

    project: Project
    stack: str
    because: str
    say: Callable[[str], None]
    # Of the backend (runner/backend_facts.py).
    is_found_without_state: bool = False
    # Tests add providers, the options that these see to, and the functions of their plugins.
    finders: Sequence[ProviderFinder] = PRODUCT_FINDERS
    honoured: Collection[str] = ()
    invoke: Invoke | None = None

    @property
    def state_file(self) -> Path:
        """Return the file of the state."""
        return self.project.inprocess_state(self.stack)

    def up(self) -> int:
        """Refresh, run the program, and delete what it no longer declares."""
        return self._run(preview=False)

    def preview(self) -> int:
        """Show what `up` would do; nothing is changed or written."""
        return self._run(preview=True)

    def destroy(self) -> int:
        """Delete everything, what a cut-off run left half-made included."""
        self._introduce()
        display = Display(preview=False)
        with locked(self._lock_file, "destroy"):
            try:
                state = State(self.state_file, must_save=False)
                Deployment(state, self.finders, display, preview=False).delete(list(state.resources))
                state.remove_file()
            except DamagedState as damage:
                return lost_state.forget(self._lost(damage), self.say)
            except (OperationFailed, StateError) as failure:
                display.message("error", str(failure))
                return 1
        display.summary()
        return 0

    def outputs(self, *, show_secrets: bool = True) -> dict[str, Any]:
        """Return the stack's outputs; without `show_secrets`, "[secret]" in the place of each."""
        outputs = self._state(read_only=True).outputs
        values: dict[str, Any] = wire.plain(outputs) if show_secrets else wire.masked(outputs)
        return values

    def resources(self) -> list[str]:
        """Name what `destroy` would delete."""
        try:
            known = State(self.state_file, read_only=True).resources
        except DamagedState as damage:
            return [f"all that is found on this machine, since {damage}"]
        return [f"{short(resource.type)} {resource.name}" for resource in known if resource.custom]

    def _state(self, *, read_only: bool = False) -> State:
        """Read the state. Raises `StateError`, with what is lost and how to go on."""
        try:
            return State(self.state_file, read_only=read_only)
        except DamagedState as damage:
            raise StateError(str(self._lost(damage))) from None

    def _lost(self, damage: DamagedState) -> lost_state.LostState:
        return lost_state.LostState(
            self.project, self.stack, self.state_file, str(damage), is_found_without=self.is_found_without_state
        )

    def _introduce(self) -> None:
        self.say(
            "engine: in-process, a small stand-in for Pulumi that serves dynamic resources alone "
            f"({self.because}); for the real one: make pulumi"
        )

    @property
    def _lock_file(self) -> Path:
        return self.state_file.with_suffix(".lock")

    def _run(self, *, preview: bool) -> int:
        self._introduce()
        configuration = self.project.configuration(self.stack)
        display = Display(preview=preview)
        if preview:
            return self._settle(self._state(read_only=True), configuration, display, preview=True)
        with locked(self._lock_file, "up"):
            return self._settle(self._state(), configuration, display, preview=False)

    def _settle(self, state: State, configuration: dict[str, str], display: Display, *, preview: bool) -> int:
        deployment = Deployment(state, self.finders, display, preview=preview)
        engine = Engine(
            deployment,
            project=self.project.name,
            stack=self.stack,
            honoured=self.honoured,
            invoke=self.invoke,
        )
        failure: str | None = None
        try:
            deployment.refresh()
            # In a context of its own: the SDK keeps the program's stack in context variables.
            contextvars.copy_context().run(self.run_program, engine, display, configuration, preview=preview)
            deployment.delete(
                known for known in list(state.resources) if known.condemned or known.urn not in engine.declared
            )
        except pulumi.RunError as error:
            failure = str(self._lost(error) if isinstance(error, DamagedState) else error)
        except ModuleNotFoundError as error:
            failure = f"{error}: make install STACK={self.stack}"
        except Exception as error:  # noqa: BLE001 - a bug of the program is shown with its traceback, as Pulumi does
            failure = f"the program failed:\n{''.join(traceback.format_exception(error))}"
        if failure is not None:
            display.message("error", failure)
        if engine.outputs is not None and not preview:
            # What a failing program did not come to export keeps its value.
            outputs = engine.outputs if failure is None else {**state.outputs, **engine.outputs}
            before = state.outputs
            # Saved before they are shown: nothing that happens to the display may lose them.
            if outputs != before:
                state.set_outputs(outputs)
            display.outputs(before, outputs)
        display.summary()
        return 0 if failure is None else 1

    def run_program(self, engine: Engine, display: Display, configuration: dict[str, str], *, preview: bool) -> None:
        """Run the project's program as Pulumi's own language host does (pulumi-language-python-exec)."""
        configure(
            MockSettings(
                monitor=engine,
                engine=Log(display),
                project=self.project.name,
                stack=self.stack,
                organization="organization",
                dry_run=preview,
                parallel=PARALLEL,
                root_directory=str(self.project.root),
                callbacks=None,
                # Its own: those that an earlier, failed run in this process left belong to a loop that is closed.
                outputs=set(),
            )
        )
        set_all_config(configuration)
        backend = os.environ.get("PULUMI_BACKEND_URL")
        # Where a program looks for the place of its state, under every engine.
        os.environ["PULUMI_BACKEND_URL"] = f"inprocess:{self.state_file.parent}"
        # A program that fails leaves futures behind that nobody waits for; asyncio would print each.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        # And coroutines of the SDK that nobody awaits.
        warnings.filterwarnings("ignore", r"coroutine 'Output\.", RuntimeWarning)
        # At once, as if it were killed, which the state is made for: what the threads are at may take half an hour.
        before = signal.signal(signal.SIGINT, lambda *_: os._exit(interrupted()))
        try:
            # Operations that are under way end with it, before the state is looked at.
            with asyncio.Runner() as runner:
                runner.get_loop().set_default_executor(ThreadPoolExecutor(PARALLEL))
                runner.run(run_in_stack(lambda: _discard(runpy.run_path(str(self.project.root / "__main__.py")))))
        finally:
            signal.signal(signal.SIGINT, before)
            if backend is None:
                del os.environ["PULUMI_BACKEND_URL"]
            else:
                os.environ["PULUMI_BACKEND_URL"] = backend


def _discard(_: object) -> None:
    """Return nothing: the SDK would await what the program's module leaves."""
