"""The hooks of .pre-commit-config.yaml: they fetch nothing, and they refuse what .ci/run would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
FILE = ".pre-commit-config.yaml"
HOOKS = {hook["id"]: hook for repo in yaml.safe_load((ROOT / FILE).read_text())["repos"] for hook in repo["hooks"]}

# What each hook refuses, what it says of it, and what it takes.
CASES = {
    "ruff": ("file.py", '"""A file."""\nimport os\n', "F401", '"""A file."""\n'),
    "ruff-format": ("file.py", '"""A file."""\nNUMBER =  1\n', "1 file would be reformatted", '"""A file."""\n'),
    "zizmor": (
        ".github/workflows/file.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: echo ${{ github.event.issue.title }}\n",
        "template-injection",
        (ROOT / ".github/workflows/ci.yml").read_text(),
    ),
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with our hooks and the tools of the tests."""
    folder = tmp_path / "repository"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    for name in (FILE, "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv-test").symlink_to(sys.prefix)
    return folder


def hook(repository: Path, name: str, path: str, text: str) -> subprocess.CompletedProcess[str]:
    """Stage a file and run one hook, as a commit would."""
    file = repository / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    subprocess.run(["git", "add", path], cwd=repository, check=True)
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", name],
        cwd=repository,
        env={**os.environ, "PRE_COMMIT_HOME": str(repository.parent / "pre-commit")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_no_hook_is_fetched() -> None:
    """A hook of somebody else's repository is code that nobody here has read."""
    assert {repo["repo"] for repo in yaml.safe_load((ROOT / FILE).read_text())["repos"]} == {"local"}
    assert {hook["language"] for hook in HOOKS.values()} == {"system"}


def test_the_hooks_are_what_make_lint_runs() -> None:
    """Each of its commands, and the linter of the workflows, which is a test."""
    (recipe,) = (ROOT / "Makefile").read_text().split("\nlint: ")[1:]
    commands = [line.strip().replace("$(TOOLS)", ".venv-test/bin") for line in recipe.split("\n\n")[0].splitlines()[1:]]
    entries = [entry["entry"].removesuffix(" --force-exclude") for entry in HOOKS.values()]
    assert entries[: len(commands)] == commands
    assert set(HOOKS) == {*CASES, "mypy"}


@pytest.mark.parametrize("name", CASES)
def test_a_hook_refuses_what_is_wrong_and_takes_what_is_right(repository: Path, name: str) -> None:
    """By the settings of the project, from the tools of .venv-test."""
    path, wrong, message, right = CASES[name]
    refused = hook(repository, name, path, wrong)
    assert refused.returncode == 1, refused.stdout
    assert message in refused.stdout
    taken = hook(repository, name, path, right)
    assert taken.returncode == 0, taken.stdout
