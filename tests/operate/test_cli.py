import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from operate import cli
from operate.verb import Verb
from runner.attempt import reported
from tests.stacks.project import ROOT, copy
from verify.exit_code import ExitCode

VERBS = {verb.name: verb for verbs in cli.GROUPS.values() for verb in verbs}


def test_a_missing_package_is_said_with_its_cure(capsys: pytest.CaptureFixture[str]) -> None:
    """As in an environment that was made for another stack: no traceback."""

    def act() -> int:
        importlib.import_module("pulumi_of_nobody")
        return 0

    assert reported(act) == 1
    assert capsys.readouterr().err == ("error: No module named 'pulumi_of_nobody': make install, with the same STACK\n")


def test_an_empty_stack_is_said_to_be_empty() -> None:
    """As a variable of a pipeline that is not set gives it."""
    done = subprocess.run(
        [sys.executable, "-m", "operate", "outputs", "--stack="], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: STACK is empty; there is: dev, local, prod,")


def told(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        [sys.executable, "-m", "operate", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["upp"], "'upp'; the nearest is: python -m operate up"),
        (["rotate_finish", "--stack=dev"], "'rotate_finish'; the nearest is: python -m operate rotate-finish"),
        (["ci", "drfit"], "'drfit'; the nearest is: python -m operate ci drift"),
        (["zzz"], "'zzz'; the nearest is: python -m operate "),
        (["\udcff"], "'\\udcff'; the nearest is: python -m operate "),
    ],
)
def test_a_verb_that_does_not_exist_is_refused_with_the_nearest(arguments: list[str], nearest: str) -> None:
    """In one line, under the usage."""
    done = told(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: there is no verb {nearest}" in done.stderr.splitlines()[-1]


def test_a_verb_has_its_own_options_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Each of them with what it is for, in its help."""
    for verb in VERBS.values():
        for name, each in [(verb.name, verb), *((f"{verb.name} {below.name}", below) for below in verb.verbs)]:
            with pytest.raises(SystemExit) as ended:
                cli.main([*name.split(), "--help"])
            printed = capsys.readouterr().out
            assert ended.value.code == 0
            assert each.help.split()[0] in printed
            flags = set(re.findall(r"(?<!\S)--[a-z-]+", printed.partition("\noptions:\n")[2])) - {"--help"}
            assert flags == {option.flag for option in each.all_options if option.flag.startswith("-")}
            assert all(option.settings.get("help") for option in each.all_options)


def test_the_help_lists_every_verb_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    """What `python -m operate --help` does not name, nobody finds."""
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    listed = re.findall(r"^  ([a-z]\S*|\d+) +\S", capsys.readouterr().out, re.MULTILINE)
    assert listed == [*VERBS, *map(str, cli.EXIT_CODES)]
    assert {code.value for code in ExitCode} <= set(cli.EXIT_CODES)


def test_make_has_a_target_for_every_verb_with_the_same_words() -> None:
    """But for `ci`, which pipelines call."""
    targets = dict(re.findall(r"^([a-z-]+):.*## (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for verb in VERBS.values():
        if verb.name != "ci":
            assert targets[verb.name].startswith(verb.help)


@pytest.mark.parametrize("verb", [verb for verb in VERBS.values() if verb.name not in {"ci", "docs", "preview"}])
def test_offline_is_for_preview_alone(verb: Verb) -> None:
    """It declares nothing; a verb without an engine does not take the option at all."""
    done = told(verb.name, "--engine=offline")
    assert done.returncode == 2
    assert "offline is for preview alone" in done.stderr or "unrecognized arguments" in done.stderr


def test_the_engine_of_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's environment may name it once for all of its steps."""
    monkeypatch.setenv("ENGINE", "terraform")
    done = told("outputs")
    assert done.returncode == 2
    assert "'terraform' is none of auto, pulumi, inprocess" in done.stderr


@pytest.mark.stack
def test_every_generated_document_is_as_the_code_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise: make docs. And one that is changed by hand, or missing, is found."""
    assert cli.main(["docs", "--check"]) == 0
    copy(tmp_path)
    for name in ("README.md", "docs", "examples"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    (tmp_path / "docs/costs.md").write_text("by hand\n")
    (tmp_path / "docs/commands.md").unlink()
    monkeypatch.setattr(cli, "PROJECT", tmp_path)
    assert cli.main(["docs", "--check"]) == 1
    assert capsys.readouterr().err == (
        "error: docs/commands.md is stale: make docs\nerror: docs/costs.md is stale: make docs\n"
    )
    assert cli.main(["docs"]) == 0
    assert cli.main(["docs", "--check"]) == 0
