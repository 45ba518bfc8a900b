"""The wheel redis-verify: what is in it, and that a machine with nothing of ours proves a cache with it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from benchmarks.servers import RedisServer, new_password
from runner import environment
from verify.exit_code import ExitCode

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without an index from what is installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    # -P: the folder's own modules are not the build's.
    command: list[str | Path] = [
        sys.executable,
        "-P",
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "--directory",
        folder,
    ]
    built = subprocess.run(command, cwd=ROOT / "verify", capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (made,) = folder.iterdir()
    return made


def metadata(wheel: Path) -> Message:
    """Read what an installer reads of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_it_has_the_version_of_the_project(wheel: Path) -> None:
    """Which stands in one place, the pyproject.toml of the root."""
    assert metadata(wheel)["Version"] == PROJECT["version"]
    assert wheel.name == f"redis_verify-{PROJECT['version']}-py3-none-any.whl"
    assert metadata(wheel)["Requires-Python"] == PROJECT["requires-python"]


def test_its_one_dependency_is_redis_py(wheel: Path) -> None:
    """In a version that is no newer than the one that the tests run with."""
    (requirement,) = metadata(wheel).get_all("Requires-Dist", [])
    lowest = re.fullmatch(r"redis>=(\d+)", requirement)
    assert lowest is not None
    (locked,) = re.findall(r"^redis==(\d+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert int(lowest[1]) <= int(locked)


def test_it_holds_every_module_of_the_package_and_the_licence(wheel: Path) -> None:
    """And no settings of the build, no compiled file, and nothing of the rest of the project."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "verify").rglob("*.py")}
    assert held == {*modules, "verify/LICENSE"}


@pytest.mark.long
def test_a_machine_with_nothing_of_ours_proves_a_cache_with_it(wheel: Path, tmp_path: Path) -> None:
    """Installed into an empty environment, which then holds it and redis-py; a wrong password is exit code 1."""
    made = tmp_path / "environment"
    venv.EnvBuilder(symlinks=True).create(made)
    uv, settings = environment.find_uv(ROOT)
    options = ["--quiet", "--python", str(made / "bin" / "python"), "--constraint", str(ROOT / "requirements.txt")]
    environment.run_uv([uv, "pip", "install", *options, str(wheel)], settings, ROOT)
    assert {path.name.partition("-")[0] for path in made.glob("lib/*/site-packages/*.dist-info")} <= {
        "redis",
        "redis_verify",
        # What redis-py needs on Python 3.11.0 to 3.11.2.
        "async_timeout",
    }

    with RedisServer(tmp_path / "server", password=new_password()) as server:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

        def check(**variables: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [made / "bin" / "redis-verify", "check"],
                cwd=tmp_path,
                env={**clean, **server.variables, **variables},
                capture_output=True,
                text=True,
                check=False,
            )

        proved = check()
        assert proved.returncode == ExitCode.PASSED, proved.stdout + proved.stderr
        assert "passed" in proved.stdout
        refused = check(REDIS_PASSWORD="hunter2-hunter2")
        assert refused.returncode == ExitCode.FAILED
        assert "hunter2" not in refused.stdout + refused.stderr
    shutil.rmtree(made)
