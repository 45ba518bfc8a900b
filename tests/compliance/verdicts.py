"""Ways to judge a stack: with a scanner that is content, so that our own controls decide, and with the real one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from compliance import checkov, waivers
from compliance.checkov import Result, Scan
from compliance.evaluation import evaluate
from compliance.matrix import Row
from compliance.terraform import render
from compliance.waivers import Scope
from infra import inventory
from infra.plan import Plan
from runner.project import Project
from tests.recorded_stacks import ROOT, Declared


def approving(plan: Plan) -> Scan:
    """Return the scan of a checkov that is content with everything that the controls leave to it."""
    results = [
        Result(rule=rule, title=rule, address=each.address, passed=True)
        for control in inventory.governance().controls
        for type_ in control.types
        for each in plan.of_type(type_)
        for rule in control.rules.get("checkov", ())
    ]
    return Scan(version="0", results=results)


def evaluated(declared: Declared) -> list[Row]:
    """Judge with a checkov that is content."""
    plan = render(declared)
    return evaluate(plan, approving(plan), stack="prod")


def scanned(folder: Path, declared: Declared, scope: Scope) -> tuple[list[Row], list[str]]:
    """Judge with the real scanner and the project's own waivers; give the waivers that are stale, too."""
    (folder / checkov.ENVIRONMENT).symlink_to(ROOT / checkov.ENVIRONMENT)
    plan = render(declared)
    rows = evaluate(plan, checkov.scan(Project(folder), plan), stack=scope.stack)
    return waivers.apply(waivers.load(ROOT / waivers.FILE), rows, scope, date(2026, 12, 1))


def red(rows: list[Row]) -> set[str]:
    """Return the ids of everything red."""
    return {rule for row in rows if row.status == "red" for rule in row.ids}
