"""The environment that everything else runs in: made, kept current and repaired."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from benchmarks.servers import until
from runner import environment
from runner.environment import InstallationError

SCRIPT = Path(environment.__file__)
# What runs before anything is installed.
FILES = [
    SCRIPT.with_name(name)
    for name in (
        "__init__.py",
        "environment.py",
        "interrupt.py",
        "names.py",
        "output.py",
        "package_sources.py",
        "privacy.py",
    )
]
LOCKS = [environment.output_of(source) for source in (environment.PROJECT / "requirements").glob("*.in")]

# Answers for uv: it logs each call, waits for as long as a file is there, and installs a distribution that bears the
# name of the lock's only word.
UV = """#!/bin/sh
[ "$1" = --version ] && { echo "uv ${FAKE_VERSION:-0.99.0} (fake)"; exit; }
echo started >> "$FAKE_LOG"
while [ -e "$FAKE_HELD" ]; do sleep 0.02; done
[ -z "$FAKE_FAILS" ] || { echo "first line"; echo "no route to the index" >&2; exit 2; }
for last; do :; done
site=$(echo "${6%/bin/python}"/lib/python*/site-packages)
mkdir -p "$site/$(sed -n '1s/==/-/;1s/ .*//;1p' "$last").dist-info"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with one package in its lock and a uv of ours on PATH."""
    project = tmp_path / "project"
    for folder in ("runner", "requirements"):
        (project / folder).mkdir(parents=True)
    for file in FILES:
        shutil.copy(file, project / "runner")
    (project / "requirements" / "local.in").write_text("package\n")
    (project / "requirements.txt").write_text("package==1.0\n")
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(UV)
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", f"{uv.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_LOG", str(project / "uv.log"))
    monkeypatch.setenv("FAKE_HELD", "")
    return project


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """Return a file that holds the uv of a run up until it is removed."""
    held = tmp_path / "held"
    held.touch()
    return held


def start(project: Path, **variables: str) -> subprocess.Popen[str]:
    """Start the script on a project."""
    return subprocess.Popen(
        [sys.executable, "-I", project / "runner" / "environment.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **variables},
    )


def run(project: Path, **variables: str) -> tuple[int, str]:
    """Run the script on a project; return its exit code and what it printed."""
    process = start(project, **variables)
    output, _ = process.communicate()
    return process.returncode, output


def synchronisations(project: Path) -> int:
    """Count how often uv was asked to install."""
    log = project / "uv.log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def wait_for(project: Path) -> None:
    """Wait until uv was asked to install."""
    until(lambda: synchronisations(project) > 0)


def waits(process: subprocess.Popen[str]) -> bool:
    """Tell whether a run says first that it waits for another one."""
    assert process.stdout is not None
    return "waiting for another run that makes the environment, or works with it" in process.stdout.readline()


def installed(project: Path) -> list[str]:
    """Return the distributions in the project's environment."""
    return sorted(path.name for path in (project / ".venv").glob("lib/python*/site-packages/*.dist-info"))


def test_a_new_environment_holds_what_the_lock_says(project: Path) -> None:
    """An environment made from nothing has a Python that runs and the locked packages."""
    assert run(project)[0] == 0
    assert installed(project) == ["package-1.0.dist-info"]
    subprocess.run([project / ".venv" / "bin" / "python", "-c", ""], check=True)


def test_a_current_environment_is_left_alone_in_silence(project: Path) -> None:
    """A second run installs nothing and prints nothing."""
    run(project)
    assert run(project) == (0, "")
    assert synchronisations(project) == 1


def change_lock(project: Path) -> None:
    """Lock another version."""
    (project / "requirements.txt").write_text("package==2.0\n")


def break_python(project: Path) -> None:
    """Take away the Python that the environment was made with."""
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python")


def install_by_hand(project: Path) -> None:
    """Install something that the lock does not name."""
    (site,) = (project / ".venv").glob("lib/python*/site-packages")
    (site / "stranger-1.0.dist-info").mkdir()


def lose_the_stamp(project: Path) -> None:
    """Leave the environment as a run that was killed in the middle does."""
    (project / ".venv" / environment.STAMP).unlink()
    install_by_hand(project)


@pytest.mark.parametrize("happening", [change_lock, break_python, install_by_hand, lose_the_stamp])
def test_an_environment_that_is_not_current_is_made_again(project: Path, happening: object) -> None:
    """A new lock, a vanished Python, a strange package and a killed run are all repaired by the next run."""
    run(project)
    assert callable(happening)
    happening(project)
    assert run(project)[0] == 0
    assert installed(project) == [(project / "requirements.txt").read_text().strip().replace("==", "-") + ".dist-info"]
    assert os.access(project / ".venv" / "bin" / "python", os.X_OK)


def test_a_moved_project_gets_its_environment_again(project: Path) -> None:
    """The scripts of an environment hold its absolute path, so they would run the old place's Python."""
    run(project)
    moved = project.rename(project.parent / "moved")
    assert "installing requirements.txt into .venv" in run(moved, FAKE_LOG=str(moved / "uv.log"))[1]


def test_a_linked_environment_loses_the_link_and_not_the_target(project: Path) -> None:
    """A .venv that points into another folder is replaced, and that folder stays as it was."""
    target = project.parent / "elsewhere"
    target.mkdir()
    (target / "precious").touch()
    (project / ".venv").symlink_to(target)
    assert run(project)[0] == 0
    assert (target / "precious").exists()
    assert not (project / ".venv").is_symlink()


def test_two_runs_at_once_install_once(project: Path, held: Path) -> None:
    """The second of two runs waits for the first and finds its work done."""
    first = start(project, FAKE_HELD=str(held))
    wait_for(project)
    second = start(project)
    assert waits(second)
    held.unlink()
    first.communicate()
    second.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert synchronisations(project) == 1


def test_a_killed_run_is_repaired_once_its_installer_has_ended(project: Path, held: Path) -> None:
    """An installer that outlives its run keeps the lock, so that two never write into one environment."""
    killed = start(project, FAKE_HELD=str(held))
    wait_for(project)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    second = start(project)
    assert waits(second)
    held.unlink()
    killed.communicate()
    second.communicate()
    assert second.returncode == 0
    assert installed(project) == ["package-1.0.dist-info"]


def test_a_failed_installation_ends_with_its_last_lines_and_the_cure(project: Path) -> None:
    """The installer's own words are shown, with what to do, no traceback, and the next run tries again."""
    code, output = run(project, FAKE_FAILS="yes")
    assert code == 1
    assert "no route to the index" in output
    assert "then run the same command again" in output
    assert "Traceback" not in output
    assert run(project)[0] == 0


def test_an_unknown_set_is_refused_by_naming_the_known_ones(project: Path) -> None:
    """A set without a lock file cannot be installed."""
    with pytest.raises(InstallationError, match=r"--set locl: unknown; there are local"):
        environment.install(project, None, "locl", ".venv")


@pytest.mark.parametrize("name", ["venv", "..", "/", ".venv/../runner", "", ".local"])
def test_a_folder_that_is_no_environment_is_never_removed(project: Path, name: str) -> None:
    """Only a folder of the project whose name begins with .venv is made anew."""
    with pytest.raises(InstallationError, match=r"must begin with \.venv"):
        environment.install(project, None, "local", name)
    assert (project / "runner").exists()


@pytest.mark.parametrize("version", [(3, 8), (3, 10)])
def test_a_python_that_is_too_old_is_refused_naming_a_newer_one(
    version: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user learns what is needed and what to add to the command."""
    newer = tmp_path / "python3.12"
    newer.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallationError, match=r"3\.11 or later is needed .* PYTHON=python3\.12"):
        environment.require_python(version)


def test_the_oldest_python_allowed_is_accepted() -> None:
    """The bound itself is inside."""
    environment.require_python(environment.MINIMUM_PYTHON)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_old_python_can_read_the_script(file: Path) -> None:
    """A Python that is too old gets as far as saying so."""
    ast.parse(file.read_text(), feature_version=(3, 8))


@pytest.mark.parametrize(("version", "own"), [("0.5.0", True), ("0.4.30", False), ("nonsense", False)])
def test_a_uv_on_path_is_used_when_new_enough(
    project: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, own: bool
) -> None:
    """The user's uv is taken with the user's settings; an older one is left alone and ours is brought."""
    monkeypatch.setenv("FAKE_VERSION", version)
    monkeypatch.setattr(environment, "bring_uv", lambda _project: ("brought", {}))
    found, _ = environment.find_uv(project)
    assert (found != "brought") == own


def test_a_python_without_ensurepip_is_told_the_package_that_cures_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian splits ensurepip off; the message names the package to install."""
    (project / "requirements" / "uv.in").write_text("uv\n")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(InstallationError, match=r"apt-get install python3\.\d+-venv"):
        environment.bring_uv(project)


def test_an_environment_in_use_is_not_replaced_under_a_run(project: Path) -> None:
    """Another stack's, asked for in another terminal, waits and says so."""
    run(project)
    change_lock(project)
    with environment.in_use(project):
        waiting = start(project)
        assert waits(waiting)
        assert waiting.poll() is None
        assert synchronisations(project) == 1
    waiting.communicate()
    assert waiting.returncode == 0
    assert synchronisations(project) == 2


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("config:\n  cache:backend: docker\n", ["docker"]),
        ('config:\n  "cache:backend": "docker"\n', ["docker"]),
        ('config: {"cache:backend": docker}\n', ["docker"]),
        ("config:\n  cache:backend: >-\n    docker\n", ["docker"]),
        ("config:\n  backend: docker # here\n", ["docker"]),
        ("config:\n  cache:backend: nonsense\n", []),
        ("config:\n  cache:backend: {secure: v1:x}\n", []),
        ("config:\n  cache:backend: local\n  cache:sinks: [aws-ssm]\n", ["aws-ssm"]),
        ("config:\n  cache:backend: local\n  cache:sinks: '[dotenv, \"aws-ssm\"]'\n", ["aws-ssm"]),
        ("config:\n  cache:backend: docker\n  cache:sinks: [aws-ssm]\n", ["docker", "aws-ssm"]),
        ("config:\n  cache:backend: rediscloud\n  cache:afterDelivery: ./restart-aws-ssm-agent.sh\n", []),
        ("config:\n  cache:backend: local # not aws-ssm\n", []),
        # What is wrong is for the program to say.
        ("config:\n  cache:backend: local\n  cache:backend: docker\n", []),
        ("config:\n\tcache:backend: docker\n", []),
        ("", []),
        ("\n" * 50_000 + " " * 50_000, []),
    ],
)
def test_the_sets_are_those_of_the_stacks_backend_and_sinks(tmp_path: Path, text: str, found: list[str]) -> None:
    """However YAML lets the key be written."""
    (tmp_path / "requirements").mkdir()
    for name in ("local", "docker", "elasticache", "aws-ssm"):
        (tmp_path / f"requirements/{name}.in").write_text("")
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(text)
    assert environment.sets_of_stack(tmp_path, "dev") == found
    assert environment.sets_of_stack(tmp_path, "nosuch") == []


@pytest.mark.parametrize("file", sorted(environment.PROJECT.glob("requirements/*.in")), ids=lambda file: file.name)
def test_a_set_that_is_another_ones_shares_its_lock(file: Path) -> None:
    """The packages of a cloud's sinks are those of its backend."""
    assert environment.output_of(file).is_symlink() == file.is_symlink()
    if file.is_symlink():
        assert file.resolve().stem == environment.output_of(file).resolve().stem


def test_a_stack_is_installed_in_two_steps_of_which_a_second_run_repeats_none(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First what reads its file, then what its backend and its sinks need, each in its environment."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("base", "docker", "aws-ssm"):
        (project / "requirements" / f"{name}.in").touch()
        (project / "requirements" / f"{name}.txt").write_text(f"of-{name}==1.0\n")
    (project / "Pulumi.yaml").write_text("name: cache\n")
    (project / "Pulumi.dev.yaml").write_text("config: {cache:backend: docker}\n")
    for _ in range(2):
        environment.install(project, "dev", "local", ".venv")
        assert synchronisations(project) == 2
    assert installed(project) == ["of-docker-1.0.dist-info"]
    assert environment.distributions(project / ".local" / "base") == ["of-base-1.0"]
    (project / "Pulumi.dev.yaml").write_text("config: {cache:backend: local}\n")
    environment.install(project, "dev", "local", ".venv")
    assert installed(project) == ["package-1.0.dist-info"]


def test_a_stamp_is_not_written_for_what_is_not_there(project: Path) -> None:
    """Whatever made the installer put its packages elsewhere: the run fails, and so does the next one."""
    (project / "requirements.txt").write_text("package==1.0\nother-name==2.0 ; python_version < '3'\n")
    assert run(project)[0] == 0
    (project / "requirements.txt").write_text("package==1.0 \\\n    --hash=sha256:0\nOther_name==2.0\n")
    for _ in range(2):
        code, printed = run(project)
        assert code == 1
        assert "has no Other_name==2.0: look for a setting of pip or uv" in printed


def test_a_stamp_that_stands_for_nothing_is_found_out(project: Path) -> None:
    """As an earlier version wrote it, for a clone whose packages PIP_TARGET had moved."""
    run(project)
    shutil.rmtree(next((project / ".venv").glob("lib/python*/site-packages/package-1.0.dist-info")))
    stamp = environment.stamp(project / ".venv", [project / "requirements.txt"])
    (project / ".venv" / environment.STAMP).write_bytes(stamp)
    assert run(project)[0] == 0
    assert installed(project) == ["package-1.0.dist-info"]


def test_a_project_whose_path_has_a_colon_is_refused_with_the_cure(project: Path) -> None:
    """Python's own venv refuses it too, with a traceback."""
    moved = project.rename(project.parent / "a:b")
    code, printed = run(moved)
    assert code == 1
    assert "with ':' in its path: move the project to another one" in printed
    assert "Traceback" not in printed


def entries(lock: Path) -> Iterator[tuple[Requirement, list[str]]]:
    """Yield each requirement of a lock file with its hashes."""
    text = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", lock.read_text(), flags=re.MULTILINE))
    for line in text.splitlines():
        requirement, *hashes = line.split(" --hash=")
        yield Requirement(requirement.strip()), hashes


def locked(lock: Path) -> dict[str, str]:
    """Return the versions that a lock asks for on this machine."""
    return {
        canonicalize_name(requirement.name): str(requirement.specifier).removeprefix("==")
        for requirement, _ in entries(lock)
        if requirement.marker is None or requirement.marker.evaluate()
    }


def present(path: list[str]) -> dict[str, str]:
    """Return the versions that are installed in these folders."""
    found = importlib.metadata.distributions(path=path)
    return {canonicalize_name(distribution.name): distribution.version for distribution in found}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_lock_pins_each_package_exactly_and_by_hash(lock: Path) -> None:
    """A lock leaves nothing to the day on which it is installed."""
    pinned = list(entries(lock))
    assert pinned
    for requirement, hashes in pinned:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value.strip()) for value in hashes), requirement


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_names_where_packages_come_from(lock: Path) -> None:
    """The machine's own settings decide on the index."""
    text = lock.read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_the_tests_run_on_the_versions_of_the_product() -> None:
    """What the tests prove holds for what users install."""
    product = locked(environment.PROJECT / "requirements.txt")
    tests = locked(environment.PROJECT / "requirements" / "development.txt")
    assert product.items() <= tests.items()


@pytest.mark.skipif(
    Path(sys.prefix) != environment.PROJECT / ".venv-test", reason="not run by .venv-test (use make test)"
)
def test_the_environment_of_the_tests_is_the_locked_one() -> None:
    """The real installer leaves nothing out and nothing over."""
    assert present(sys.path) == locked(environment.PROJECT / "requirements" / "development.txt")


@pytest.mark.long
def test_an_installation_from_nothing_equals_the_lock(tmp_path: Path) -> None:
    """Python brings pip, pip uv, and uv an environment with exactly the product's packages."""
    project = tmp_path / "project"
    for name in ("runner", "requirements"):
        shutil.copytree(environment.PROJECT / name, project / name)
    shutil.copy(environment.PROJECT / "requirements.txt", project)
    without_uv = [folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "uv").exists()]
    code, output = run(project, PATH=os.pathsep.join(without_uv))
    assert code == 0, output
    (site,) = (project / ".venv").glob("lib/python*/site-packages")
    assert present([str(site)]) == locked(project / "requirements.txt")
