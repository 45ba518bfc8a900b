"""A preview without a CLI, an account or a network, for every stack and example."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stacks import project

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("local", "dev", "staging", "prod", "rediscloud")
EXAMPLES = {"gcp": "memorystore", "paid": "rediscloud"}

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, with the examples' stack files in it, where the CLI cannot be installed."""
    root = tmp_path_factory.mktemp("clone") / "project"
    project.copy(root)
    for stack, name in EXAMPLES.items():
        shutil.copy(ROOT / "examples" / name / f"Pulumi.{name}.yaml", root / f"Pulumi.{stack}.yaml")
    return root


def previewed(clone: Path, stack: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Preview a stack as a person does on a machine where nobody is logged in to Pulumi."""
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        [sys.executable, "-m", "operate", "preview", "--stack", stack, *options],
        cwd=clone,
        env={**kept, "PATH": "/usr/bin:/bin", "HOME": str(clone), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
@pytest.mark.parametrize("stack", [*STACKS, *EXAMPLES])
def test_every_stack_is_shown_offline(clone: Path, stack: str) -> None:
    """What it declares, what it costs and what an `up` needs; and that nothing was asked of anybody."""
    done = previewed(clone, stack, "--engine", "offline")
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first == f"offline preview of stack {stack}: ENGINE=offline; nothing was asked, nothing is compared"
    assert len([line for line in lines if line.startswith(" +  ")]) >= 3
    assert any(line.startswith("monthlyCostUsd: ") for line in lines)
    assert "  - Python 3.11 or later" in lines
    assert not (clone / ".local" / "inprocess" / f"{stack}.json").exists()


@pytest.mark.long
def test_prod_names_what_it_made_up_and_what_matters(clone: Path) -> None:
    """A network and an account, without which the program declares nothing."""
    printed = previewed(clone, "prod", "--engine", "offline").stdout
    assert "\nmade up: cache:vpcId=vpc-0123456789abcdef0, cache:subnetIds=" in printed
    assert "cache:accountId=123456789012" in printed
    assert " +  aws:elasticache/replicationGroup:ReplicationGroup hospitality-redis-prod  (protected)\n" in printed
    assert "nodeType=cache.m6g.large" in printed
    assert "monthlyCostUsd: 224.04" in printed
    assert "  - credentials of AWS" in printed


def test_what_cannot_be_asked_of_pulumi_is_shown_offline_and_says_why(clone: Path) -> None:
    """Nobody has to log in to see what a stack is."""
    first = previewed(clone, "prod").stdout.splitlines()[0]
    assert first.startswith("offline preview of stack prod: nobody is logged in to Pulumi; ")


@pytest.mark.parametrize(("options", "variables"), [(["--engine", "pulumi"], {}), ([], {"CI": "true"})])
def test_who_asks_for_pulumi_is_never_answered_offline(
    clone: Path, options: list[str], variables: dict[str, str]
) -> None:
    """A pipeline's plan would compare with nothing, and pass."""
    done = previewed(clone, "prod", *options, **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody is logged in to Pulumi" in done.stderr
    assert "pulumi stack init prod" in done.stderr


def test_a_refused_configuration_is_refused_offline_too(clone: Path) -> None:
    """With the program's own words, and its exit code."""
    (clone / "Pulumi.wrong.yaml").write_text("config:\n  cache:backend: docker\n  cache:tier: huge\n")
    done = previewed(clone, "wrong", "--engine", "offline")
    assert done.returncode == 1
    assert "cache:tier" in done.stderr


def test_no_secret_is_shown(clone: Path) -> None:
    """An input that is one is left out."""
    assert "[secret]" not in previewed(clone, "dev", "--engine", "offline").stdout


def test_offline_is_for_preview_alone(clone: Path) -> None:
    """It declares nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "operate", "up", "--engine", "offline"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "offline is for preview alone" in done.stderr
