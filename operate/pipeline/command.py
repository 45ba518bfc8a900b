"""`python -m operate ci …`: the steps of the workflows in .github that are no verbs of their own."""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from operate import facts, rollback
from operate.pipeline import proof
from operate.pipeline.github import GitHub
from operate.pipeline.markdown import fitted
from runner import engines, verbs
from runner.attempt import FAILED, say
from runner.project import Project, ProjectError
from runner.pulumi_cli import CliStack
from runner.pulumi_install import GaveUp
from verify.report import Report

if TYPE_CHECKING:
    from operate.pipeline.plan import Plan

# How long an application may take to be deployed, in seconds, unless the workflow says otherwise.
APPLICATION_SECONDS: Final = 900.0

# What a stack is afterwards.
STATES: Final = {"rollback": "rolled back", "attach": "attached"}

# GitHub shows none of a step's summary beyond 1 MiB, and a character takes up to four bytes.
LONGEST_SUMMARY: Final = 250_000

# What one step leaves to the next.
PLAN: Final = "plan.md"
DRIFT: Final = "drift.json"


def plan(project: Project, arguments: argparse.Namespace) -> int:
    """Write the words of the comment; fail where the preview does. Raises `ProjectError`."""
    from operate.pipeline import summary

    found = previewed(project, arguments.stack)
    written = summary.comment(found, stack=arguments.stack)
    write(folder(project, arguments.stack) / PLAN, written)
    summarize(written)
    return FAILED if found.problems else 0


def comment(project: Project, arguments: argparse.Namespace) -> int:
    """Publish what `plan` wrote. Raises `ProjectError`."""
    body = read(folder(project, arguments.stack) / PLAN, f"python -m operate ci plan --stack {arguments.stack}")
    github = GitHub.from_environment(os.environ)
    say(github.keep_comment(arguments.pull_request, f"cache preview {arguments.stack}", body))
    return 0


def drift(project: Project, arguments: argparse.Namespace) -> int:
    """Report what drift there is; fail where there is any. Raises `ProjectError`."""
    from operate.pipeline import summary

    found = previewed(project, arguments.stack)
    written = summary.drift(found, stack=arguments.stack)
    write(
        folder(project, arguments.stack) / DRIFT,
        json.dumps({"drifted": not found.is_empty, "words": written}, indent=2),
    )
    print(written)
    summarize(written)
    return 0 if found.is_empty else FAILED


def issue(project: Project, arguments: argparse.Namespace) -> int:
    """Publish what `drift` found. Raises `ProjectError`."""
    name: str = arguments.stack
    found = json.loads(read(folder(project, name) / DRIFT, f"python -m operate ci drift --stack {name}"))
    github, marker = GitHub.from_environment(os.environ), f"cache drift {name}"
    if found["drifted"]:
        say(github.keep_issue(marker, f"The cache of stack {name} has drifted", found["words"]))
    elif address := github.close_issue(marker, found["words"]):
        say(f"{address} is closed")
    return 0


def check(project: Project, arguments: argparse.Namespace) -> int:
    """Prove the cache; return the verifier's exit code. Raises `ProjectError`."""
    name: str = arguments.stack
    report = proof.of_cache(project, verbs.choose(project, name, arguments.engine, facts.of(project, name)), name, say)
    return 0 if report is None else told(report, folder(project, name), "cache")


def application(project: Project, arguments: argparse.Namespace) -> int:
    """Prove the application; return the verifier's exit code. Raises `ProjectError`."""
    name: str = arguments.stack
    stack = verbs.choose(project, name, arguments.engine, facts.of(project, name))
    report = proof.of_application(arguments.url, stack, name, wait_seconds=arguments.wait, say=say)
    return told(report, folder(project, name), "application")


def propose(project: Project, arguments: argparse.Namespace) -> int:
    """Propose the stack's file as `make rollback` or `make attach` leave it. Raises `ProjectError`."""
    # Before the file is changed: without a job there is nobody to propose it to.
    github = GitHub.from_environment(os.environ)
    file = project.stack_file(arguments.stack)
    if arguments.direction == "rollback":
        project.set_value(arguments.stack, rollback.SETTING, "false")
    else:
        project.remove(arguments.stack, rollback.SETTING)
    state = STATES[arguments.direction]
    address = github.propose(
        branch=f"cache/{arguments.direction}-{arguments.stack}",
        path=file.name,
        content=file.read_bytes(),
        title=f"The cache of {arguments.stack} is {state}",
        body=(
            f"A workflow has {state} stack `{arguments.stack}`, and this keeps it so. **Merge it before the next "
            "deploy, which would otherwise do the opposite.**\n\n"
            "GitHub starts no checks for what a workflow opens: close and reopen this pull request to have them."
        ),
    )
    say(address or f"{file.name} on the default branch says this already: there is nothing to merge")
    return 0


def cli(project: Project, _: argparse.Namespace) -> int:
    """Install the CLI of the SDK's version, whatever the machine brings, for this and all later steps of a job.

    One line of requirements/local.in then decides what every run is made with. Raises `ProjectError`.
    """
    found = engines.install(project, say, force=True)
    if isinstance(found, GaveUp):
        raise ProjectError(f"the Pulumi CLI could not be installed: {found.reason}")
    path = os.environ.get("GITHUB_PATH")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{found.path.parent}\n")
    say(f"Pulumi {found.version}: {found.path}")
    return 0


def previewed(project: Project, name: str) -> "Plan":
    """Preview in front of the reader of the log, and read what came of it. Raises `ProjectError`."""
    # Imported here, because Pulumi's Automation API takes a second that most commands can save.
    from operate.pipeline.plan import Plan

    stack = verbs.choose(project, name, "pulumi", facts.of(project, name))
    assert isinstance(stack, CliStack)  # noqa: S101 - for the type checker: that is what `pulumi` chooses
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events"
        code = stack.preview(events=events)
        if not events.exists():
            raise ProjectError(f"Pulumi ended with {code} before it began with a preview of stack {name}")
        found = Plan.from_events(events.read_text(encoding="utf-8"))
    if code and not found.problems:
        raise ProjectError(f"the preview of stack {name} ended with {code}; Pulumi's own words are above")
    return found


def told(report: Report, folder: Path, name: str) -> int:
    """Print a report and keep it; return its exit code."""
    print(report.to_text())
    proof.keep(report, folder, name)
    summarize(f"### {name}: {report.verdict}\n\n```\n{report.to_text()}\n```")
    return int(report.exit_code)


def folder(project: Project, name: str) -> Path:
    """Return the folder for what one step leaves to another, and to the workflow as artefacts."""
    return project.local / "pipeline" / name


def summarize(markdown: str) -> None:
    """Add to the page that GitHub shows of a run."""
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if page:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(f"{fitted(markdown, LONGEST_SUMMARY)}\n\n")


def write(file: Path, text: str) -> None:
    """Write a file for a later step."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def read(file: Path, command: str) -> str:
    """Read what an earlier step wrote. Raises `ProjectError` that names the command of that step."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProjectError(f"{file.name} is missing: it is written by {command}") from None
