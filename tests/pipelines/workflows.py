"""The workflows of this repository as data, and the rules that they keep beyond what the linter knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))

# What starts a workflow with the repository's rights over what a stranger wrote.
FOREIGN_TRIGGERS = {"pull_request_target", "workflow_run", "issue_comment"}
# A whole commit, and the version that people know it by.
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
# Environments whose identity can change nothing.
READING = re.compile(r"-preview$")
LONG_LIVED = re.compile(r"secrets\.(AWS|GOOGLE|GCP|GCLOUD|AZURE|ARM)", re.IGNORECASE)
SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"


class Loader(yaml.SafeLoader):
    """YAML 1.2 in what matters here: `on` is a word."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


@dataclass(frozen=True)
class Step:
    """One step that runs a shell: where it stands, its name and its lines."""

    file: str
    job: str
    name: str
    run: str


def load(text: str) -> dict[str, Any]:
    """Read a workflow or an action."""
    content: dict[str, Any] = yaml.load(text, Loader=Loader)  # noqa: S506 - a SafeLoader
    return content


def steps() -> Iterator[Step]:
    """Return every step of this repository that runs a shell."""
    for file in (*WORKFLOWS, *ACTIONS):
        content = load(file.read_text())
        jobs = content["jobs"] if "jobs" in content else {"": content["runs"]}
        name = file.stem if file in WORKFLOWS else file.parent.name
        for job, definition in jobs.items():
            for step in definition["steps"]:
                if "run" in step:
                    yield Step(file=name, job=job, name=step["name"], run=step["run"].strip())


def problems(text: str) -> list[str]:
    """Describe in what a workflow or an action breaks the rules of this house."""
    content = load(text)
    found = [f"{line.strip()}: not pinned by its commit, with the version behind it" for line in _unpinned(text)]
    if LONG_LIVED.search(text):
        found.append("a long-lived key of a cloud: the identity is taken by OIDC")
    if "jobs" not in content:
        return [*found, *_of_steps("the action", content["runs"]["steps"])]
    triggers = content["on"] if isinstance(content["on"], dict) else dict.fromkeys([content["on"]])
    found += [f"on {name}: runs with the repository's rights" for name in triggers.keys() & FOREIGN_TRIGGERS]
    if content.get("permissions") != {}:
        found.append("permissions: not {} for the workflow as a whole")
    for name, job in content["jobs"].items():
        found += _of_steps(name, job.get("steps", []))
        found += _of_job(name, job, triggers, content.get("concurrency"))
    return found


def _unpinned(text: str) -> Iterator[str]:
    for line in text.splitlines():
        match = re.match(r"\s*(?:- )?uses:\s*(.*)", line)
        if match and not match[1].startswith("./") and not PINNED.fullmatch(match[1]):
            yield line


def _of_steps(name: str, steps: list[dict[str, Any]]) -> Iterator[str]:
    for step in steps:
        if "${{" in step.get("run", ""):
            yield f"{name}: an expression inside run, where its value becomes a command"
        if "run" in step and "name" not in step:
            yield f"{name}: a step without a name"
        if step.get("uses", "").startswith("actions/checkout@"):
            with_ = step.get("with", {})
            if with_.get("persist-credentials") is not False:
                yield f"{name}: a checkout that leaves its token on the disk"


def _of_job(
    name: str, job: Mapping[str, Any], triggers: Mapping[str, Any], concurrency: Mapping[str, Any] | None
) -> Iterator[str]:
    permissions = job.get("permissions")
    if not isinstance(permissions, dict):
        yield f"{name}: no permissions of its own"
        permissions = {}
    environment = job.get("environment", {})
    environment = environment if isinstance(environment, str) else environment.get("name", "")
    has_identity = permissions.get("id-token") == "write" or "secrets." in str(job)
    if has_identity and not environment:
        yield f"{name}: an identity without an environment that says who may have it"
    if has_identity and "pull_request" in triggers and SAME_REPOSITORY not in job.get("if", ""):
        yield f"{name}: an identity for the code of a fork"
    if environment and not READING.search(environment):
        own = job.get("concurrency", {})
        if own.get("group") != f"stack-{environment}":
            yield f"{name}: changes a stack and is not in the group stack-{environment}"
        if own.get("cancel-in-progress") is not False:
            yield f"{name}: changes a stack and may be cut off half-way"
        if job.get("env", {}).get("ENGINE") != "pulumi":
            yield f"{name}: changes a stack, on an engine whose state ends with the job where nobody is logged in"
        if "timeout-minutes" in job:
            yield f"{name}: changes a stack and is cut off after {job['timeout-minutes']} minutes"
    elif "concurrency" not in job and concurrency is None:
        yield f"{name}: no concurrency"
