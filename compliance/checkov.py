"""checkov over a plan, offline, in an environment of its own."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from compliance.terraform import to_json
from infra.plan import Plan
from runner.project import Project, ProjectError

ENVIRONMENT: Final = ".venv-compliance"
INSTALL: Final = f"python3 runner/environment.py --set compliance --venv {ENVIRONMENT}"
SECONDS: Final = 180
FAILURE_LINES: Final = 8

# checkov reads its options, its platform's key and the user's own .checkov.yaml from here: a rule skipped there would
# be green without anybody having looked.
FOREIGN: Final = ("BC_", "CKV_", "CHECKOV_", "PRISMA_", "LOG_LEVEL", "PYTHON", "REPO_ID", "BRANCH")


@dataclass(frozen=True, kw_only=True)
class Result:
    """What checkov says of one rule and one resource. `attributes` are those that it looked at."""

    rule: str
    title: str
    address: str
    passed: bool
    attributes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Scan:
    """All results of one run."""

    version: str
    results: Sequence[Result]


def scan(project: Project, plan: Plan) -> Scan:
    """Run checkov; it takes some seconds.

    Raises `ProjectError` where it is not installed, does not end well, or has not read every resource.
    """
    python = project.root / ENVIRONMENT / "bin" / "python"
    if not python.exists():
        raise ProjectError(f"checkov is not installed here: {INSTALL}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        file.write_text(json.dumps(to_json(plan), indent=1), encoding="utf-8")
        # Its own folder as working folder and as home: no configuration file of somebody's may change the rules.
        command = [str(python), "-m", "checkov.main", "--file", str(file), "--framework", "terraform_plan"]
        command += ["--skip-download", "--soft-fail", "--compact", "--output", "json"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ProjectError(f"checkov did not end within {SECONDS} s; try again") from None
    return read(done.stdout, done.stderr, resources=len(plan.resources))


def read(output: str, errors: str, *, resources: int) -> Scan:
    """Read checkov's JSON report of a plan with so many resources. Raises `ProjectError`."""
    try:
        report = json.loads(output)
    except ValueError:
        last = "\n".join(f"  {line}" for line in errors.strip().splitlines()[-FAILURE_LINES:])
        cure = f"to install it anew: rm -r {ENVIRONMENT} && {INSTALL}"
        raise ProjectError(f"checkov gave no report:\n{last}\n{cure}") from None
    # Where it knows no rule for any of the resources, the report is the bare summary, which counts none.
    summary, results = report.get("summary", report), report.get("results", {})
    unread = bool(results) and summary.get("resource_count") != resources
    if unread or summary.get("parsing_errors"):
        raise ProjectError(
            f"checkov read {summary.get('resource_count')} of {resources} resources, which proves nothing; "
            "this is a fault of compliance/terraform.py"
        )
    return Scan(
        version=str(summary.get("checkov_version", "")),
        results=[
            _result(check, passed=passed)
            for kind, passed in (("passed_checks", True), ("failed_checks", False), ("skipped_checks", False))
            for check in results.get(kind, [])
        ],
    )


def _result(check: Mapping[str, Any], *, passed: bool) -> Result:
    outcome = check.get("check_result") or {}
    return Result(
        rule=str(check["check_id"]),
        title=str(check["check_name"]),
        address=str(check["resource"]),
        passed=passed,
        attributes=[str(key).partition("/")[0] for key in outcome.get("evaluated_keys") or []],
    )


def _environment(home: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    # Else an attribute that only the creation tells, and that is no reference, is missing to checkov.
    return {**kept, "HOME": home, "EVAL_TF_PLAN_AFTER_UNKNOWN": "True"}
