from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from runner import environment
from tests.pipelines.workflows import ACTIONS, ROOT, WORKFLOWS, load, problems

BIN = Path(sys.executable).parent
FILES = [*WORKFLOWS, *ACTIONS]

GOOD = """
name: good
on:
  workflow_dispatch:
permissions: {}
jobs:
  change:
    runs-on: ubuntu-24.04
    environment: prod
    concurrency:
      group: stack-prod
      cancel-in-progress: false
    permissions:
      contents: read
      id-token: write
    env:
      ENGINE: pulumi
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with:
          persist-credentials: false
      - name: Up
        run: make up
        env:
          KEY: ${{ secrets.REDISCLOUD_ACCESS_KEY }}
"""


def run(*command: object) -> subprocess.CompletedProcess[str]:
    """Run a linter; its output is one text."""
    return subprocess.run(
        [str(BIN / str(command[0])), *map(str, command[1:])],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_the_workflows_of_the_issue_are_there() -> None:
    """One file for each thing that a team does."""
    assert {file.stem for file in WORKFLOWS} == {"ci", "preview", "deploy", "drift", "rotate", "rollback"}


@pytest.mark.parametrize(
    ("schema", "files"),
    [("github-workflows", WORKFLOWS), ("github-actions", ACTIONS), ("dependabot", [ROOT / ".github/dependabot.yml"])],
    ids=["workflows", "actions", "dependabot"],
)
def test_the_files_have_the_form_that_github_reads(schema: str, files: list[Path]) -> None:
    """By GitHub's schemas, as check-jsonschema brings them."""
    done = run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *files)
    assert done.returncode == 0, done.stdout


def test_the_security_linter_finds_nothing_in_its_strictest_persona() -> None:
    """zizmor, without asking anybody."""
    done = run("zizmor", "--offline", "--no-progress", "--persona", "auditor", ROOT / ".github")
    assert done.returncode == 0, done.stdout


def test_the_linters_are_awake(tmp_path: Path) -> None:
    """Both refuse a workflow that is wrong."""
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    file = folder / "bad.yml"
    file.write_text(GOOD.replace("run: make up", "run: echo ${{ github.event.issue.title }}").replace("on:", "once:"))
    assert (
        "Schema validation errors"
        in run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", file).stdout
    )
    file.write_text(GOOD.replace("run: make up", "run: echo ${{ github.event.issue.title }}"))
    assert "template-injection" in run("zizmor", "--offline", "--no-progress", file).stdout


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT / ".github")))
def test_the_rules_of_the_house_are_kept(file: Path) -> None:
    """Pins, permissions, environments, concurrency, forks and untrusted text."""
    assert problems(file.read_text()) == []


def test_a_workflow_that_keeps_them_passes() -> None:
    """The one that the cases below break."""
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "@v7", "not pinned by its commit"),
        (" # v7.0.1", "", "not pinned by its commit"),
        ("permissions: {}", "permissions: read-all", "not {} for the workflow as a whole"),
        ("    permissions:\n      contents: read\n      id-token: write\n", "", "change: no permissions of its own"),
        ("    environment: prod\n", "", "an identity without an environment"),
        ("      group: stack-prod\n", "      group: deploy\n", "is not in the group stack-prod"),
        ("cancel-in-progress: false", "cancel-in-progress: true", "may be cut off half-way"),
        ("ENGINE: pulumi", "ENGINE: auto", "on an engine whose state ends with the job"),
        ("    runs-on:", "    timeout-minutes: 5\n    runs-on:", "is cut off after 5 minutes"),
        ("persist-credentials: false", "fetch-depth: 0", "leaves its token on the disk"),
        ("run: make up", "run: make up STACK=${{ inputs.stack }}", "an expression inside run"),
        ("      - name: Up\n        run: make up", "      - run: make up", "a step without a name"),
        ("REDISCLOUD_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "a long-lived key of a cloud"),
        ("workflow_dispatch", "pull_request_target", "runs with the repository's rights"),
        ("workflow_dispatch", "pull_request", "an identity for the code of a fork"),
    ],
)
def test_a_workflow_that_breaks_a_rule_is_caught(right: str, wrong: str, problem: str) -> None:
    """Each rule alone."""
    assert right in GOOD
    assert problem in "\n".join(problems(GOOD.replace(right, wrong)))


def test_a_job_that_reads_needs_a_limit_too() -> None:
    """Of its own or of its workflow."""
    reading = GOOD.replace("environment: prod", "environment: prod-preview")
    assert problems(reading) == []
    concurrency = "    concurrency:\n      group: stack-prod\n      cancel-in-progress: false\n"
    assert problems(reading.replace(concurrency, "")) == ["change: no concurrency"]
    limited = f"concurrency:\n  group: all\n{reading.replace(concurrency, '')}"
    assert problems(limited) == []


def test_ci_runs_on_every_python_that_is_supported() -> None:
    """The one that runner/environment.py refuses below, to the newest that it looks for."""
    ci = load((ROOT / ".github/workflows/ci.yml").read_text())
    (major, first), (_, last) = environment.MINIMUM_PYTHON, environment.NEWEST_PYTHON
    expected = [f"{major}.{minor}" for minor in range(first, last + 1)]
    assert ci["jobs"]["test"]["strategy"]["matrix"]["python"] == expected


def test_prod_comes_after_staging_and_staging_after_dev() -> None:
    """A deployment that failed stops there."""
    jobs = load((ROOT / ".github/workflows/deploy.yml").read_text())["jobs"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {"dev": None, "staging": "dev", "prod": "staging"}


def test_the_same_action_has_one_version_everywhere() -> None:
    """Dependabot moves all of them at once."""
    lines = {
        line.strip().removeprefix("- ")
        for file in FILES
        for line in file.read_text().splitlines()
        if "uses:" in line and "@" in line
    }
    assert len(lines) == len({line.partition("@")[0] for line in lines})
