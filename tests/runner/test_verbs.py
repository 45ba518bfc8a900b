import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runner import engines, verbs
from runner.engines import InProcess
from runner.project import Project, ProjectError


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


def test_the_in_process_engine_is_never_chosen_for_a_stack_that_needs_plugins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its resources are somebody else's to make; half of a stack is worse than none."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/elasticache.in").write_text("")
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  cache:backend: elasticache\n")
    monkeypatch.setattr(engines, "find", lambda *_: InProcess("ENGINE=inprocess"))
    with pytest.raises(
        ProjectError, match=r"stack prod has resources of elasticache, which need the Pulumi CLI.*make pulumi"
    ):
        verbs.choose(Project(tmp_path), "prod", "auto", print)
    with pytest.raises(ProjectError, match="which the in-process engine cannot serve: leave ENGINE away"):
        verbs.choose(Project(tmp_path), "prod", "inprocess", print)


def test_a_stack_of_the_cli_is_not_taken_for_one_that_is_not_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CLI that has left PATH: `down` would say that there is nothing, over a server that runs."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    state = Project(tmp_path).cli_state("local")
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": [{"urn": "x"}]}}}))
    monkeypatch.setattr(engines, "find", lambda *_: InProcess("no network"))
    with pytest.raises(ProjectError, match="was brought up by the Pulumi CLI"):
        verbs.choose(Project(tmp_path), "local", "auto", print)
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": None}}}))
    verbs.choose(Project(tmp_path), "local", "auto", print)


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


def test_a_stack_of_dynamic_resources_needs_no_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The in-process engine keeps its state in the project, and neither looks for the CLI nor installs it."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setattr(engines, "find", lambda *_: pytest.fail("the CLI was looked for"))
    chosen = verbs.choose(Project(tmp_path), "rediscloud", "auto", print)
    assert "nobody is logged in to Pulumi" in getattr(chosen, "because", "")


@pytest.mark.parametrize(
    "variables", [{"PULUMI_BACKEND_URL": "file:///state"}, {"PULUMI_ACCESS_TOKEN": "pul-0"}, {"PULUMI_HOME": "home"}]
)
def test_one_that_is_logged_in_keeps_its_state_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """Whose backend it is, the environment says, or what `pulumi login` wrote."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(engines, "find", lambda *_: InProcess("the CLI was looked for"))
    chosen = verbs.choose(Project(tmp_path), "rediscloud", "auto", print)
    assert "the CLI was looked for" in getattr(chosen, "because", "")
