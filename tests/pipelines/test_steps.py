"""The shell steps of the workflows, taken out of the files and run: those that can run here, in a clone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.servers import until
from benchmarks.serving import running
from operate import cli
from runner import engines
from runner.project import Project
from tests.pipelines.workflows import ROOT, Step, steps
from tests.stacks.project import ProjectCopy, copy
from tests.standins.application import Application
from tests.standins.github import GitHubStandIn, serving

FILE = "Pulumi.local.yaml"
STEPS = {(step.file, step.job, step.name): step for step in steps()}

UP = ("deploy", "", "Bring the stack up")
CHECK = ("deploy", "", "Prove the cache")
CREATE = ("deploy", "dev", "Make the stack, where its state is new")
APPLICATION = ("deploy", "", "Prove the application")
PREVIEW = ("preview", "preview", "Preview")
COMMENT = ("preview", "preview", "Comment")
DRIFT = ("drift", "drift", "Refresh and preview")
ISSUE = ("drift", "drift", "Open, renew or close the issue")
ROTATE = ("rotate", "rotate", "Take the step")
ROTATED = ("rotate", "rotate", "Prove the cache")
CHANGE = ("rollback", "change", "Change the stack")
PROPOSE = ("rollback", "propose", "Open the pull request")

RUN_HERE = {CREATE, UP, CHECK, APPLICATION, PREVIEW, COMMENT, DRIFT, ISSUE, ROTATE, ROTATED, CHANGE, PROPOSE}

TESTED_ELSEWHERE = {
    ("prepare", "", "Install the packages"): "tests/runner/test_environment.py",
    ("prepare", "", "Install the Pulumi CLI"): "tests/operate/pipeline/test_commands.py",
    ("rollback", "propose", "Install the packages"): "tests/runner/test_environment.py",
    (
        "ci",
        "engine",
        "Install the packages of the stack whose plugin needs no account",
    ): "tests/runner/test_environment.py",
    ("ci", "engine", "Install the Pulumi CLI"): "tests/operate/pipeline/test_commands.py",
    ("verify", "", "Install the verifier"): "tests/pipelines/test_verify_action.py",
    ("verify", "", "Prove the cache"): "tests/pipelines/test_verify_action.py",
    ("ci", "compliance", "Hold the stack against every known rule"): "tests/compliance",
}

NOT_HERE = {
    ("ci", "lint", "Check style and types"): "it is what .ci/run does",
    ("ci", "test", "Run the quick tests"): "it is this run",
    ("ci", "coverage", "Hold each package against its floor"): "it is this run, with every line counted",
    ("ci", "coverage", "Install a redis-server that can do TLS"): "it changes the machine",
    ("ci", "engine", "Run every test, and none of these tiers skipped"): "it is what .ci/run does",
    ("ci", "test", "Install a redis-server that can do TLS"): "it changes the machine",
    ("ci", "engine", "Install a redis-server that can do TLS"): "it changes the machine",
    ("ci", "engine", "Install the plugins of these packages"): "it fetches from Pulumi's own server",
}


def test_every_step_is_accounted_for() -> None:
    """A new one is run here, or somebody says why not."""
    assert STEPS.keys() == RUN_HERE | TESTED_ELSEWHERE.keys() | NOT_HERE.keys()
    assert all((ROOT / place).exists() for place in TESTED_ELSEWHERE.values())


# The action verify runs in other people's repositories, where nothing of ours but itself is at hand.
@pytest.mark.parametrize(
    "step", [step for step in STEPS.values() if step.file != "verify"], ids=lambda step: f"{step.file}-{step.name}"
)
def test_what_a_step_calls_exists(step: Step) -> None:
    """Targets of make, commands of ours, and scripts."""
    for line in step.run.splitlines():
        words = line.split()
        if "make" in words:
            # The inputs of the workflows name the targets; each is one of a list.
            targets = {"$STEP": ["rotate", "rotate-finish", "rotate-undo"], "$DIRECTION": ["rollback", "attach"]}
            named = words[words.index("make") + 1].strip('"')
            for target in targets.get(named, [named]):
                done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
                assert done.returncode == 0, done.stderr
        elif words[:2] == [".venv/bin/python", "-m"]:
            assert words[2:4] == ["operate", "ci"]
            assert words[4] in {verb.name for verb in cli.CI}
        else:
            assert words[0] in {"sudo", "pulumi"}
        if words[0].startswith(".ci/"):
            assert os.access(ROOT / words[0], os.X_OK)


@dataclass
class Job:
    """A job on a clone of the project, for the stack local. `shell` runs one of its steps, as a runner does."""

    project: ProjectCopy
    github: GitHubStandIn
    summary: Path
    environment: dict[str, str] = field(default_factory=dict)

    def shell(self, name: tuple[str, str, str], *, code: int = 0, **variables: str) -> str:
        """Run a step's own lines; assert how it ended; give what it printed."""
        done = subprocess.run(
            # https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax: shell: bash
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name].run],
            cwd=self.project.root,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    @property
    def proofs(self) -> Path:
        """Where the steps keep what becomes artefacts."""
        return self.project.root / ".local" / "pipeline" / "local"


def job_with(engine: str, root: Path) -> Iterator[Job]:
    """Return a job on a clone whose packages are there, with GitHub's API in place."""
    path = os.environ["PATH"]
    if engine == "pulumi":
        command = engines.present(Project(ROOT), lambda _: None)
        if command is None:
            pytest.skip("no pulumi on PATH or in .local/pulumi (make pulumi)")
        path = f"{command.path.parent}{os.pathsep}{path}"
    copy(root / "project")
    shutil.copy(ROOT / "Makefile", root / "project")
    project = ProjectCopy(root=root / "project", engine=engine, path="")
    files = {FILE: (project.root / FILE).read_bytes()}
    with serving(GitHubStandIn(files={"main": files})) as github:
        environment = {
            **os.environ,
            **github.environment(),
            "PATH": path,
            "STACK": "local",
            "ENGINE": engine,
            "GITHUB_STEP_SUMMARY": str(root / "summary.md"),
            # The packages are those of the tests.
            "MAKEFLAGS": " -- ENVIRONMENT=:",
        }
        job = Job(project=project, github=github, summary=root / "summary.md", environment=environment)
        try:
            yield job
        finally:
            project.run("down", code=None)
            assert project.servers() == []


@pytest.fixture(
    params=[
        pytest.param("inprocess", marks=pytest.mark.stack),
        pytest.param("pulumi", marks=pytest.mark.engine),
    ]
)
def job(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Job]:
    """A job under each engine."""
    yield from job_with(request.param, tmp_path)


@pytest.fixture
def pulumi_job(tmp_path: Path) -> Iterator[Job]:
    """A job under the real engine, which alone writes the events of a preview."""
    yield from job_with("pulumi", tmp_path)


def junit(file: Path) -> ET.Element:
    """Read a report."""
    return ET.fromstring(file.read_text())  # noqa: S314 - our own


@pytest.mark.long
def test_a_deployment_is_proved_and_its_proofs_are_kept(job: Job) -> None:
    """up, check, app: JUnit, JSON and a page, without a secret."""
    job.shell(UP)
    assert "passed" in job.shell(CHECK)
    with running(Application()) as application:
        job.shell(APPLICATION, APPLICATION_URL=application.url)
        for name in ("cache", "application"):
            suite = junit(job.proofs / f"{name}.xml")
            assert int(suite.attrib["tests"]) > int(suite.attrib["skipped"])
            assert suite.attrib["failures"] == "0"
            assert json.loads((job.proofs / f"{name}.json").read_text())["verdict"] == "passed"
        password = job.project.variables()["REDIS_PASSWORD"]
        kept = [job.summary, *job.proofs.iterdir(), job.project.root / ".local/reports/local.json"]
        assert not [file for file in kept if password in file.read_text()]


@pytest.mark.long
def test_a_rollback_is_proved_as_one_and_taken_back(job: Job) -> None:
    """From then on the application is expected on its memory, by the same steps."""
    job.shell(UP)
    assert "is rolled back" in job.shell(CHANGE, DIRECTION="rollback")
    assert "there is no cache to prove" in job.shell(CHECK)
    with running(Application("memory")) as application:
        assert "healthy on memory" in job.shell(APPLICATION, APPLICATION_URL=application.url)
    job.shell(CHANGE, DIRECTION="attach")
    assert "passed" in job.shell(CHECK)


def test_a_cache_that_fails_its_proof_fails_the_step_and_keeps_the_report(job: Job) -> None:
    """The artefact is what somebody reads the next morning."""
    job.project.configure(access="full")
    job.shell(UP)
    job.project.client().config_set("maxmemory-policy", "noeviction")
    assert "FAIL" in job.shell(CHECK, code=1)
    assert junit(job.proofs / "cache.xml").attrib["failures"] == "1"


@pytest.mark.long
def test_a_rotation_is_two_dispatches(job: Job) -> None:
    """Both passwords, then one; each proved."""
    job.shell(UP)
    before = job.project.variables()["REDIS_PASSWORD"]
    job.shell(ROTATE, STEP="rotate")
    job.shell(ROTATED)
    after = job.project.variables()["REDIS_PASSWORD"]
    assert before != after
    job.shell(ROTATE, STEP="rotate-finish")
    job.shell(ROTATED)
    assert job.project.variables()["REDIS_PASSWORD"] == after


@pytest.mark.stack
def test_a_rollback_is_proposed_from_a_checkout_of_its_own(tmp_path: Path) -> None:
    """The pull request has the one line, and a second dispatch renews it; the way back has nothing to propose."""
    for job in job_with("inprocess", tmp_path):
        before = (job.project.root / FILE).read_text()
        job.shell(PROPOSE, DIRECTION="rollback")
        job.shell(PROPOSE, DIRECTION="rollback")
        (pull,) = job.github.pulls
        assert pull["title"] == "The cache of local is rolled back"
        proposed = job.github.files["cache/rollback-local"][FILE].decode()
        assert "cache:attached: false" in proposed
        assert [line for line in proposed.splitlines() if "attached" not in line] == before.splitlines()
        assert "nothing to merge" in job.shell(PROPOSE, DIRECTION="attach")


def own(folder: Path) -> dict[str, str]:
    """Return the environment of a user whose state is in a folder."""
    return {
        "STACK": "dev",
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "of a state that ends with the job",
    }


@pytest.mark.engine
def test_the_rehearsal_makes_its_stack_once(pulumi_job: Job, tmp_path: Path) -> None:
    """In a state that is new with each job; where the stack is there, nothing happens."""
    job = replace(pulumi_job, environment=pulumi_job.environment | own(tmp_path))
    assert "Created stack 'dev'" in job.shell(CREATE)
    assert "Created" not in job.shell(CREATE)


@pytest.mark.engine
def test_a_pull_request_has_one_comment_with_its_plan_and_cost(pulumi_job: Job) -> None:
    """New, then as it is, then a change; and a preview that fails is told in the same comment."""
    job = pulumi_job
    job.shell(PREVIEW)
    job.shell(COMMENT, PULL_REQUEST="7")
    assert "+ create local:Server cache" in job.github.comments[0]["body"]
    assert "0.00 USD a month, for a stack that is new" in job.github.comments[0]["body"]
    job.shell(UP)
    job.project.configure(memoryMb=512)
    job.shell(PREVIEW)
    job.shell(COMMENT, PULL_REQUEST="7")
    (comment,) = job.github.comments
    assert job.project.variables()["REDIS_PASSWORD"] not in comment["body"] + job.summary.read_text()
    assert "maxmemory: 268435456 -> 536870912" in comment["body"]
    assert "0.00 USD a month, as now" in comment["body"]
    assert comment["body"].partition("\n")[2] in job.summary.read_text()
    job.project.configure(tierr="dev")
    job.shell(PREVIEW, code=1)
    job.shell(COMMENT, PULL_REQUEST="7")
    assert "cache:tierr is no setting" in comment["body"]
    assert len(job.github.comments) == 1


@pytest.mark.engine
def test_drift_opens_an_issue_and_its_end_closes_it(pulumi_job: Job) -> None:
    """A server that was stopped by hand; a second morning; and the next deployment."""
    job = pulumi_job
    job.shell(UP)
    assert "no drift" in job.shell(DRIFT)
    job.shell(ISSUE)
    assert job.github.issues == []
    pid = job.project.server_pid()
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    until(lambda: not job.project.servers())
    for _ in range(2):
        assert "local:Server cache is not as declared" in job.shell(DRIFT, code=1)
        job.shell(ISSUE)
    (issue,) = job.github.issues
    assert issue["title"] == "The cache of stack local has drifted"
    assert "found: running: true -> false" in issue["body"]
    job.shell(UP)
    job.shell(DRIFT)
    job.shell(ISSUE)
    assert issue["state"] == "closed"
