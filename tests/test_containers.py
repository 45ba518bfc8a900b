"""The container file and the devcontainer: built on a Debian image of this machine, and used as the text says."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONTAINERFILE = ROOT / "Containerfile"
DEVCONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
(DEFAULT_BASE,) = re.findall(r"^ARG BASE=(\S+)$", CONTAINERFILE.read_text(), re.MULTILINE)
# Debian, where .ci/docker made it; the official one is Alpine.
LOCAL_IMAGE = "redis:7-alpine"
TAG = "cache-tools-of-the-tests"

COMMANDS = """
test "$(id --user --name)" = developer
git status --porcelain
make help
python3 -I runner/environment.py --help
python3 -m venv /tmp/environment
redis-server --version
"""


def docker(*arguments: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run Docker's command."""
    return subprocess.run(["docker", *arguments], input=stdin, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def base() -> str:
    """An image of Debian: one that is here, else one that can be pulled."""
    if shutil.which("docker") is None or docker("info").returncode:
        pytest.skip("no Docker Engine answers (.ci/docker COMMAND runs a command with one)")
    if docker("run", "--rm", "--pull=never", LOCAL_IMAGE, "sh", "-c", "command -v apt-get").returncode == 0:
        return LOCAL_IMAGE
    if docker("pull", "--quiet", DEFAULT_BASE).returncode:
        pytest.skip(f"the Docker Engine has no image of Debian: docker pull {DEFAULT_BASE}")
    return DEFAULT_BASE


@pytest.fixture(scope="module")
def image(base: str) -> Iterator[str]:
    """The image, built as the container file's own comment says."""
    built = docker(
        "build", "--force-rm", "--build-arg", f"BASE={base}", "--tag", TAG, "-", stdin=CONTAINERFILE.read_text()
    )
    assert built.returncode == 0, built.stdout + built.stderr
    yield TAG
    docker("image", "rm", TAG)


def test_the_devcontainer_is_that_container_file() -> None:
    """With the same base, which a variable of the machine replaces, and the user that it makes."""
    build = DEVCONTAINER["build"]
    assert (ROOT / ".devcontainer" / build["dockerfile"]).resolve() == CONTAINERFILE
    assert build["args"] == {"BASE": f"${{localEnv:CACHE_BASE_IMAGE:{DEFAULT_BASE}}}"}
    assert f"useradd --create-home --shell /bin/bash {DEVCONTAINER['remoteUser']}\n" in CONTAINERFILE.read_text()
    make, *targets = DEVCONTAINER["postCreateCommand"].split()
    assert make == "make"
    makefile = (ROOT / "Makefile").read_text()
    assert not [target for target in targets if f"\n{target}:" not in makefile]


@pytest.mark.docker
def test_a_clone_that_is_mounted_works_in_the_container(image: str, tmp_path: Path) -> None:
    """As a user who is not root: git, make, a Python that can make the environment, and a server."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    ran = docker("run", "--rm", "--volume", f"{clone}:/project:ro", image, "sh", "-euxc", COMMANDS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "make up " in ran.stdout
    assert "usage: environment.py" in ran.stdout


@pytest.mark.docker
def test_a_base_with_an_older_python_is_refused(base: str) -> None:
    """Before somebody waits for the packages of the project."""
    old = CONTAINERFILE.read_text().replace("(3, 11)", "(3, 99)")
    built = docker("build", "--force-rm", "--build-arg", f"BASE={base}", "-", stdin=old)
    assert built.returncode != 0
    assert "BASE has a Python older than 3.11" in built.stdout + built.stderr
