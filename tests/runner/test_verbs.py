import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from semver import VersionInfo

from runner import engines, verbs
from runner.backend_facts import BackendFacts
from runner.engines import Choice, InProcess, NotReachable, PulumiCommand
from runner.project import Project, ProjectError
from runner.pulumi_cli import CliStack


class FakeStack:
    """A stack that only remembers what was asked of it."""

    def __init__(
        self, outputs: dict[str, Any] | None = None, resources: tuple[str, ...] = ("aws Group cache",)
    ) -> None:
        self.known = outputs or {}
        self.named = list(resources)
        self.destroyed = False

    def up(self) -> int:
        return 0

    def preview(self) -> int:
        return 0

    def destroy(self) -> int:
        self.destroyed = True
        return 0

    def outputs(self, *, show_secrets: bool = True) -> dict[str, Any]:
        return self.known if show_secrets else dict.fromkeys(self.known, "[secret]")

    def resources(self) -> list[str]:
        return self.named


def test_down_of_local_does_not_ask() -> None:
    """It is made again in two seconds."""
    stack = FakeStack()
    assert verbs.take_down(stack, "local", "") == 0
    assert stack.destroyed


def test_down_elsewhere_lists_what_is_lost_and_asks_for_the_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The right name goes on."""
    stack = FakeStack()
    monkeypatch.setattr("builtins.input", lambda _: "prod")
    assert verbs.take_down(stack, "prod", "") == 0
    assert stack.destroyed
    assert "  - aws Group cache" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["", "yes", "staging"])
def test_any_other_answer_deletes_nothing(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Nor the name of another stack, which is what a tired hand types."""
    stack = FakeStack()
    monkeypatch.setattr("builtins.input", lambda _: answer)
    with pytest.raises(ProjectError, match=r"nothing was deleted.*make down STACK=prod CONFIRM=prod"):
        verbs.take_down(stack, "prod", "")
    assert not stack.destroyed


def test_a_pipeline_gives_the_name_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can be asked, the question is not put; where nothing was given, nothing is deleted."""

    def nobody(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    given, silent = FakeStack(), FakeStack()
    assert verbs.take_down(given, "prod", "prod") == 0
    assert given.destroyed
    with pytest.raises(ProjectError):
        verbs.take_down(silent, "prod", "")
    assert not silent.destroyed


def test_down_of_an_empty_stack_has_nothing_to_ask() -> None:
    """A second one, say."""
    stack = FakeStack(resources=())
    assert verbs.take_down(stack, "prod", "") == 0
    assert not stack.destroyed


def test_the_environment_is_quoted_for_a_shell(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is in a password, `eval` gives it back and runs nothing."""
    password = "a'b\"c $(touch /nowhere) `d`;&|\\ é"
    stack = FakeStack({"connection": {"REDIS_PASSWORD": password, "REDIS_HOST": "h", "REDIS_USERNAME": ""}})
    verbs.print_environment(stack, "local")
    printed = capsys.readouterr().out
    shell = f'{printed}printf %s "$REDIS_HOST|$REDIS_USERNAME|$REDIS_PASSWORD"'
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout == f"h||{password}"
    assert all(shlex.split(line)[0] == "export" for line in printed.splitlines())


def test_outputs_are_printed_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """Secrets are for `make env` alone."""
    verbs.print_outputs(FakeStack({"redisUrl": "redis://:hunter2@h"}))
    assert json.loads(capsys.readouterr().out) == {"redisUrl": "[secret]"}


def test_a_stack_that_is_not_up_says_what_brings_it_up() -> None:
    """For `env` and `verify` alike."""
    with pytest.raises(ProjectError, match="stack dev is not up: make up STACK=dev"):
        verbs.print_environment(FakeStack(), "dev")


CLI = PulumiCommand(path=Path("/nowhere/pulumi"), version=VersionInfo(3, 272, 0))
OURS = BackendFacts(is_on_this_machine=True, is_served_in_process=True)
CONTAINER = BackendFacts(is_on_this_machine=True, is_served_in_process=False, packages="docker")
PAID = BackendFacts(is_on_this_machine=False, is_served_in_process=False, packages="elasticache")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project on a person's machine where nobody is logged in to Pulumi."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CI")
    return Project(tmp_path)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pulumi CLI that is found."""
    monkeypatch.setattr(engines, "find", lambda *_: CLI)


def chosen(project: Project, stack: str, facts: BackendFacts, *, choice: Choice = "auto", leaving: bool = False) -> Any:
    """Choose the engine of a stack."""
    return verbs.choose(project, stack, choice, facts, only_leaving=leaving)


def brought_up_by_the_cli(project: Project, stack: str) -> None:
    """Leave a state of the CLI's in the project."""
    state = project.cli_state(stack)
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [{"urn": "x"}]}}}))


def test_the_in_process_engine_is_never_chosen_for_a_stack_that_needs_plugins(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its resources are somebody else's to make; half of a stack is worse than none."""
    monkeypatch.setattr(engines, "find", lambda *_: InProcess("no network"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///state")
    with pytest.raises(
        NotReachable, match=r"stack prod has resources of elasticache, which need the Pulumi CLI.*make pulumi"
    ):
        chosen(project, "prod", PAID)
    with pytest.raises(ProjectError, match="that the in-process engine does not serve: leave ENGINE away"):
        chosen(project, "prod", PAID, choice="inprocess")


def test_a_stack_of_the_cli_is_not_taken_for_one_that_is_not_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CLI that has left PATH: `down` would say that there is nothing, over a server that runs."""
    brought_up_by_the_cli(project, "local")
    monkeypatch.setattr(engines, "find", lambda *_: InProcess("no network"))
    with pytest.raises(ProjectError, match="was brought up by the Pulumi CLI"):
        chosen(project, "local", OURS)
    project.cli_state("local").write_text(json.dumps({"checkpoint": {"latest": {"resources": None}}}))
    chosen(project, "local", OURS)


@pytest.mark.usefixtures("cli")
def test_a_container_on_this_machine_needs_no_login(project: Project) -> None:
    """Its state is in the project, made without being asked."""
    stack = chosen(project, "dev", CONTAINER)
    assert isinstance(stack, CliStack)
    assert stack.is_kept_in_project


@pytest.mark.usefixtures("cli")
@pytest.mark.parametrize(
    "variables", [{"PULUMI_BACKEND_URL": "file:///state"}, {"PULUMI_ACCESS_TOKEN": "pul-0"}, {"PULUMI_HOME": "login"}]
)
def test_one_that_is_logged_in_keeps_its_state_there(
    project: Project, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """Whose backend it is, the environment says, or what `pulumi login` wrote."""
    (project.root / "login").mkdir()
    (project.root / "login" / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    monkeypatch.chdir(project.root)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert not chosen(project, "dev", CONTAINER).is_kept_in_project
    assert not chosen(project, "prod", PAID).is_kept_in_project
    assert chosen(project, "local", OURS).is_kept_in_project


@pytest.mark.usefixtures("cli")
def test_a_stack_stays_with_the_state_that_brought_it_up(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login of another day must not bring a second container up beside the first."""
    brought_up_by_the_cli(project, "dev")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "file:///state")
    assert chosen(project, "dev", CONTAINER).is_kept_in_project


@pytest.mark.usefixtures("cli")
def test_what_costs_money_is_refused_without_a_login(project: Project) -> None:
    """No login that ran out may start a billed stack from an empty state."""
    with pytest.raises(NotReachable, match=r"(?s)nobody is logged in.*pulumi login, then pulumi stack init prod"):
        chosen(project, "prod", PAID)


@pytest.mark.usefixtures("cli")
def test_a_pipeline_keeps_no_containers_state_in_a_job(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end with the job, and the container would not."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(NotReachable, match="pulumi stack init dev"):
        chosen(project, "dev", CONTAINER)
    assert chosen(project, "local", OURS).is_kept_in_project


def test_a_stack_of_an_earlier_release_can_only_be_taken_down_in_process(project: Project) -> None:
    """Redis Cloud's, which that engine served once."""
    project.inprocess_state("rediscloud").parent.mkdir(parents=True)
    project.inprocess_state("rediscloud").write_text("{}")
    with pytest.raises(ProjectError, match="can only take it down: make down STACK=rediscloud, then pulumi login"):
        chosen(project, "rediscloud", PAID)
    assert "brought this stack up" in chosen(project, "rediscloud", PAID, leaving=True).because


def test_verify_proves_nothing_where_there_is_no_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The backend memory: no failure, and no green check either."""
    stack = FakeStack({"connection": {"REDIS_HOST": ""}})
    assert verbs.verify(Project(tmp_path), stack, "local") == 0
    assert "the application uses its own memory" in capsys.readouterr().out


def test_verify_of_a_private_cache_says_what_proves_it(tmp_path: Path) -> None:
    """From here it cannot be reached."""
    stack = FakeStack({"connection": {"REDIS_HOST": "h"}, "verifiedFrom": "aws-lambda"})
    with pytest.raises(ProjectError, match=r"proved from inside its network \(aws-lambda\).*make up STACK=prod"):
        verbs.verify(Project(tmp_path), stack, "prod")
