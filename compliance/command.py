"""`python -m operate compliance --stack prod`: assess what a stack declares."""

import sys
from datetime import UTC, datetime

import pulumi

from compliance import checkov, matrix, waivers
from compliance.evaluation import evaluate
from compliance.terraform import render
from compliance.waivers import Scope
from infra.settings import load
from offline import answers
from offline.recorder import record
from runner.project import Project, ProjectError


def comply(project: Project, stack: str, *, as_json: bool) -> int:
    """Print the matrix of a stack; return 0 where nothing is red and no waiver is stale, else 1.

    Raises `ProjectError`, also for a configuration that the program refuses.
    """
    configuration, remark = answers.completed(project.configuration(stack))
    allowed = waivers.load(project.root / waivers.FILE)
    try:
        plan = render(record(project, stack, configuration))
    except pulumi.RunError as error:
        raise ProjectError(str(error)) from None
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
