"""The proofs of a deployment: what the checks say of its cache and of its application, as JUnit and as JSON."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from runner.project import Project, ProjectError
from runner.verbs import Stack, require_up
from verify import application, checks
from verify.cache import Backend
from verify.environment import CacheEnvironment, InvalidEnvironment
from verify.expectation import Expectation
from verify.formats import junit
from verify.report import Report

# A cache that an `up` has just proved answers at once; this bridges a fail-over.
CACHE_SECONDS: Final = 30.0


def of_cache(project: Project, stack: Stack, name: str, say: Callable[[str], None]) -> Report | None:
    """Check the cache from here, against what the stack asked for; None for a stack whose application has none.

    A cache that cannot be reached from here has its proof from the `up` that ran on this machine. Raises
    `ProjectError`.
    """
    outputs = require_up(stack, name)
    if backend(outputs) == "memory":
        say(f"the application of stack {name} uses its own memory: there is no cache to prove")
        return None
    verifier = outputs.get("verifiedFrom", "here")
    if verifier == "here":
        return checks.run(
            environment(outputs["connection"], name),
            Expectation.from_json(json.dumps(outputs.get("expectation", {}))),
            wait_seconds=CACHE_SECONDS,
            on_wait=lambda message: say(f"waiting: {message}"),
        )
    file = project.local / "reports" / f"{name}.json"
    try:
        report = Report.from_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(
            f"the cache of stack {name} is proved from inside its network ({verifier}) by an `up`, and none ran on "
            f"this machine: make up STACK={name}"
        ) from None
    say(f"proved from inside its network ({verifier}) by the `up` before this")
    return report


def of_application(url: str, stack: Stack, name: str, *, wait_seconds: float, say: Callable[[str], None]) -> Report:
    """Check that the application uses what the stack delivers: its cache, or its memory after a rollback.

    Raises `ProjectError`.
    """
    expected = backend(require_up(stack, name))
    say(f"the application of stack {name} is to say that it is healthy on {expected}")
    try:
        return application.run(
            url, expect=expected, wait_seconds=wait_seconds, on_wait=lambda message: say(f"waiting: {message}")
        )
    except ValueError as problem:
        raise ProjectError(f"--url {url}: {problem}") from None


def environment(connection: Mapping[str, str], name: str) -> CacheEnvironment:
    """Read the variables that the stack delivers. Raises `ProjectError`."""
    try:
        return CacheEnvironment.from_mapping(connection)
    except InvalidEnvironment as invalid:
        raise ProjectError(f"the connection of stack {name} cannot be used: {invalid}") from None


def backend(outputs: Mapping[str, Any]) -> Backend:
    """Return what the application of a stack that is up is to use."""
    return "redis" if outputs["connection"].get("REDIS_HOST") else "memory"


def keep(report: Report, folder: Path, name: str) -> None:
    """Write the report where the workflow takes its artefacts from."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.xml").write_text(junit(report), encoding="utf-8")
    (folder / f"{name}.json").write_text(report.to_json(), encoding="utf-8")
