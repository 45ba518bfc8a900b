"""`python -m compliance --stack prod`: assess what a stack declares; `--json` for machines."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import pulumi

from compliance import checkov, matrix, reference, waivers
from compliance.evaluation import evaluate
from compliance.terraform import render
from compliance.waivers import Scope
from infra.settings import load
from offline import answers
from offline.recorder import record
from runner.project import LOCAL_STACK, Project, ProjectError

PROJECT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Print the matrix; return 0 where nothing is red and no waiver is stale, else 1."""
    parser = argparse.ArgumentParser(prog="python -m compliance", description=__doc__)
    parser.add_argument("--stack", default=LOCAL_STACK)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--reference", action="store_true", help="print the page of all controls instead")
    options = parser.parse_args()
    if options.reference:
        print(reference.page(), end="")
        return 0
    try:
        return comply(Project(PROJECT), options.stack, as_json=options.json)
    except (ProjectError, pulumi.RunError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def comply(project: Project, stack: str, *, as_json: bool) -> int:
    """Assess one stack of a project. Raises `ProjectError`, and `pulumi.RunError` for a refused configuration."""
    project.require_stack(stack)
    configuration, remark = answers.completed(project.configuration(stack))
    allowed = waivers.load(PROJECT / waivers.FILE)
    plan = render(record(project, stack, configuration))
    scan = checkov.scan(project, plan)
    settings = load(configuration, stack=stack)
    scope = Scope(stack=stack, tier=settings.tier, backend=settings.backend)
    rows, stale = waivers.apply(allowed, evaluate(plan, scan, stack=stack), scope, datetime.now(tz=UTC).date())
    if as_json:
        print(matrix.to_json(rows))
    else:
        print(
            f"stack {stack}: {len(plan.resources)} resources; checkov {scan.version} and our own assertions. {remark}\n"
        )
        print(matrix.to_text(rows))
    for line in stale:
        print(f"error: {line}: take it out of {waivers.FILE}", file=sys.stderr)
    return 0 if matrix.passed(rows) and not stale else 1
