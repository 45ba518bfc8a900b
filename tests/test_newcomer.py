"""A newcomer's path: the commands of the README, in a fresh clone, with what they promise to print."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stacks.project import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.long]

# What the README does not ask for, and what would therefore not be there.
ABSENT = re.compile(r"(redis|valkey)-.*|pulumi.*|docker.*|uv|uvx")
# It takes minutes, and this is one of its tests.
RUN_BY_CI = "make test"
FOREIGN = ("REDIS_", "PULUMI_", "MAKE", "MFLAGS", "STACK", "ENGINE", "CONFIRM")


def steps() -> Iterator[tuple[str, list[str]]]:
    """Return each command of the README's consoles, and the lines that it prints there."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    for block in blocks:
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = step.rstrip("\n").split("\n")
            if command != RUN_BY_CI:
                yield command, lines


def promised(lines: list[str]) -> str:
    """Make the lines a pattern: "…" stands for anything, and each run has its own numbers and its own port."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == "…" else re.escape(line).replace("…", r"[^\n]*") + r"\n" for line in lines
    )
    return r"\A" + re.sub(r"\d+", r"\\d+", pattern) + r"\Z"


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a new user on a machine that has what the README asks for."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for tool in Path(folder).iterdir() if Path(folder).is_dir() else ():
            link = tools / tool.name
            if not ABSENT.fullmatch(tool.name) and not link.exists() and not link.is_symlink():
                link.symlink_to(tool)
    # No connection of the tests' own, nothing that says where a CLI is, and no `make` that calls ours.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "PATH": str(tools), "VIRTUAL_ENV": ""}


def test_the_commands_of_the_readme_do_what_it_says(machine: dict[str, str], tmp_path: Path) -> None:
    """In order, in one shell, from a clone of what is committed; and they leave the tree clean."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    found = list(steps())
    assert found[0][0] == "make up"
    assert {"make verify", "make rotate", "make rotate-finish", "make rollback", "make attach", "make down"} <= {
        command for command, _ in found
    }
    log = tmp_path / "printed"
    with subprocess.Popen(
        ["bash"],
        cwd=clone,
        env=machine,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as shell:
        assert shell.stdin is not None
        assert shell.stdout is not None
        try:
            for number, (command, lines) in enumerate(found):
                end = f"--- {number} ended with"
                # The group keeps the command's output in a file: `eval` has to change the shell itself.
                shell.stdin.write(f"{{ {command}\n}} > {log} 2>&1 < /dev/null; echo '{end}' $?\n")
                shell.stdin.flush()
                answer = shell.stdout.readline()
                printed = log.read_text()
                assert answer == f"{end} 0\n", f"$ {command}\n{printed}"
                assert re.search(promised(lines), printed), f"$ {command}\n{printed}"
        finally:
            subprocess.run(["make", "down"], cwd=clone, env=machine, check=False, capture_output=True)
            shell.stdin.close()
    left = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert left == ""
    shutil.rmtree(clone)
