"""Installations on machines where pip and uv are told to install elsewhere, and where packages come from."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner import environment, package_sources
from runner.package_sources import SettingsUnreadable

FILES = ("__init__.py", "environment.py", "interrupt.py", "names.py", "output.py", "package_sources.py", "privacy.py")

# What moves packages, or leaves them out, by pip's and uv's own names.
PIP = {
    "user": "1",
    "target": "{folder}/elsewhere",
    "prefix": "{folder}/elsewhere",
    "root": "{folder}/elsewhere",
    "python": "{folder}/nosuch",
    "dry-run": "1",
    "quiet": "3",
    "requirement": "{folder}/nosuch.txt",
    "version": "1",
}
UV = {
    "target": "{folder}/elsewhere",
    "prefix": "{folder}/elsewhere",
    "python": "{folder}/nosuch",
    "system": True,
    "link-mode": "symlink",
    "no-binary": [":all:"],
}


def wheel(folder: Path, name: str, script: str = "") -> str:
    """Build a wheel of version 1.0, with a script of the package's name in it, and return its line of a lock file."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}-1.0-py3-none-any.whl"
    record = f"{name}-1.0.dist-info/RECORD"
    content = {
        f"{name}-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-1.0.data/scripts/{name}": script or "#!/bin/sh\n",
    }
    with zipfile.ZipFile(file, "w") as archive:
        lines = []
        for path, text in content.items():
            entry = zipfile.ZipInfo(path)
            # With the mode of a program, which pip and uv keep.
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            lines.append(f"{path},sha256={digest},{len(text)}\n")
        archive.writestr(record, "".join([*lines, f"{record},,\n"]))
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a package in its lock, and a uv of its own to bring, both in a folder of wheels."""
    project = tmp_path / "project"
    for folder in ("runner", "requirements"):
        (project / folder).mkdir(parents=True)
    for name in FILES:
        shutil.copy(Path(environment.__file__).with_name(name), project / "runner")
    (project / "requirements" / "local.in").write_text("package\n")
    (project / "requirements.txt").write_text(wheel(tmp_path / "wheels", "package"))
    (project / "requirements" / "uv.in").write_text("uv\n")
    for name in list(os.environ):
        if name.startswith(("PIP_", "UV_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "nosuch"))
    return project


def bring(project: Path) -> tuple[str, dict[str, str]]:
    """Bring the project's own uv with the real pip, from the folder of wheels."""
    lock = wheel(project.parent / "wheels", "uv", "#!/bin/sh\necho 'uv 1.0'\n")
    (project / "requirements" / "uv.txt").write_text(lock)
    return environment.bring_uv(project)


@pytest.mark.long
@pytest.mark.parametrize("moved", [["user", "quiet"], ["target", "requirement"], ["prefix", "python", "dry-run"]])
def test_pip_installs_here_whatever_its_variables_say(
    project: Path, monkeypatch: pytest.MonkeyPatch, moved: list[str]
) -> None:
    """And from where its variables say, for there is no index."""
    for key in moved:
        monkeypatch.setenv(f"PIP_{key.replace('-', '_').upper()}", PIP[key].format(folder=project.parent))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(project.parent / "wheels"))
    found, settings = bring(project)
    assert environment.version_of(found) == (1, 0)
    assert settings == {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(project.parent / "wheels")}
    assert not (project.parent / "elsewhere").exists()


@pytest.mark.long
@pytest.mark.parametrize("place", ["user", "PIP_CONFIG_FILE"])
def test_pip_installs_here_whatever_its_files_say(project: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """The user's file, and the one that a variable names; what they say of sources is kept."""
    file = project.parent / "home" / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True)
    if place == "PIP_CONFIG_FILE":
        file = project.parent / "pip.conf"
        monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    moved = "".join(
        f"{key} = {PIP[key].format(folder=project.parent)}\n" for key in ("user", "target", "quiet", "dry-run")
    )
    sources = f"no-index = true\nfind-links =\n  {project.parent}/nosuch\n  {project.parent}/wheels\n"
    file.write_text(f"[global]\n{moved}[install]\nroot = {project.parent}/elsewhere\n{sources}")
    found, settings = bring(project)
    assert environment.version_of(found) == (1, 0)
    assert settings["UV_FIND_LINKS"] == f"{project.parent}/nosuch,{project.parent}/wheels"
    assert not (project.parent / "elsewhere").exists()


def test_what_decides_in_pip_decides_for_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable over the section of `install`, that over the global one; uv's own setting over all of them."""
    monkeypatch.setenv("SSL_CERT_FILE", "/own.pem")
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "ALL_PROXY", "UV_INSECURE_HOST", "UV_FIND_LINKS", "UV_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    listing = (
        ":env:.cert='/corporate.pem'\n"
        ":env:.index-url='https://variable.example/simple'\n"
        ":env:.user='0'\n"
        "download.extra-index-url='https://not-asked.example'\n"
        "global.index-url='https://mirror.example/simple'\n"
        "global.proxy='http://proxy.example:3128'\n"
        "global.target='/elsewhere'\n"
        "global.trusted-host='mirror.example'\n"
        "install.extra-index-url='\\nhttps://a.example\\nhttps://b.example'\n"
        "install.index-url='https://install.example/simple'\n"
        "WARNING: something = else\n"
    )
    assert package_sources.settings_for_uv(package_sources.sources_of_pip(listing)) == {
        "UV_DEFAULT_INDEX": "https://variable.example/simple",
        "UV_INDEX": "https://a.example https://b.example",
        "UV_INSECURE_HOST": "mirror.example",
        "ALL_PROXY": "http://proxy.example:3128",
    }


def test_uv_gets_its_sources_from_its_files_and_nothing_else(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file nearest to the project decides over the user's; lists are joined, as uv joins them."""
    user = project.parent / "home" / ".config" / "uv" / "uv.toml"
    user.parent.mkdir(parents=True)
    user.write_text(
        'offline = true\nfind-links = ["/user"]\nlink-mode = "symlink"\n'
        '[[index]]\nname = "mirror"\nurl = "https://mirror.example/simple"\ndefault = true\n'
        '[pip]\ntarget = "/elsewhere"\nno-index = true\nfind-links = ["/pip"]\n'
    )
    (project.parent / "pyproject.toml").write_text('[tool.uv]\noffline = false\npip = { prefix = "/elsewhere" }\n')
    assert tomllib.loads(package_sources.configuration_of_uv(project)) == {
        "offline": False,
        "no-index": True,
        "find-links": ["/pip", "/user"],
        "index": [{"name": "mirror", "url": "https://mirror.example/simple", "default": True}],
    }
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    assert package_sources.configuration_of_uv(project) == ""
    monkeypatch.delenv("UV_NO_CONFIG")
    monkeypatch.setenv("UV_CONFIG_FILE", str(project.parent / "own.toml"))
    (project.parent / "own.toml").write_text("offline = ")
    with pytest.raises(SettingsUnreadable, match=r"own\.toml is not TOML: Invalid value"):
        package_sources.configuration_of_uv(project)


@pytest.mark.long
@pytest.mark.parametrize("place", ["variables", "file"])
def test_the_real_uv_installs_here_whatever_it_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """With each setting that moves packages or leaves them out, from the folder that the settings name."""
    uv, _ = environment.find_uv(environment.PROJECT)
    monkeypatch.setattr(environment, "find_uv", lambda _project: (uv, {}))
    sources = {"no-index": True, "find-links": [str(project.parent / "wheels")]}
    moved = {key: value.format(folder=project.parent) if isinstance(value, str) else value for key, value in UV.items()}
    if place == "file":
        text = "".join(f"{key} = {package_sources.toml(value)}\n" for key, value in {**moved, **sources}.items())
        monkeypatch.setenv("UV_CONFIG_FILE", str(project.parent / "uv.toml"))
        (project.parent / "uv.toml").write_text(f"[pip]\n{text}")
    else:
        for key, value in {**moved, **sources}.items():
            words = ",".join(value) if isinstance(value, list) else str(value)
            monkeypatch.setenv(f"UV_{key.replace('-', '_').upper()}", words)
        monkeypatch.setenv("UV_SYSTEM_PYTHON", "1")
    environment.install(project, None, "local", ".venv")
    script = project / ".venv" / "bin" / "package"
    assert not script.is_symlink()
    subprocess.run([script], check=True)
    assert not (project.parent / "elsewhere").exists()


def test_no_variable_of_python_reaches_an_installer() -> None:
    """PYTHONPLATLIBDIR moves packages too, and PYTHONWARNINGS=error ends pip."""
    given = {"PYTHONHOME": "/", "PYTHONPLATLIBDIR": "lib64", "VIRTUAL_ENV": "/", "UV_PYTHON": "x", "UV_TARGET": "x"}
    kept = {
        "PATH": "/bin",
        "HTTPS_PROXY": "p",
        "UV_INDEX_MIRROR_PASSWORD": "s",
        "PIP_INDEX_URL": "i",
        "UV_CACHE_DIR": "c",
    }
    assert package_sources.inherited({**given, **kept}) == kept


def test_uv_keeps_its_cache_in_the_project_where_home_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in many a pipeline; what the user has set is left."""
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    own = {"UV_CACHE_DIR": str(tmp_path / ".local" / "uv-cache")}
    assert package_sources.cache_of_uv(tmp_path) == {}
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert package_sources.cache_of_uv(tmp_path) == own
    monkeypatch.setenv("UV_CACHE_DIR", "/elsewhere")
    assert package_sources.cache_of_uv(tmp_path) == {}


def test_a_user_without_a_home_has_the_cache_in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither HOME nor the list of users names one, as for an arbitrary user in a container."""
    for name in ("HOME", "XDG_CACHE_HOME", "UV_CACHE_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _uid: {}[_uid])
    assert package_sources.cache_of_uv(tmp_path) == {"UV_CACHE_DIR": str(tmp_path / ".local" / "uv-cache")}
    assert package_sources.configuration_of_uv(tmp_path) == ""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user that the machine does not know")
def test_a_user_whom_the_machine_does_not_know_installs_without_a_home(open_folder: Path) -> None:
    """With a uv that tells where it is to keep its cache, and no other variable than PATH."""
    uv = open_folder / "uv"
    uv.write_text("#!/bin/sh\necho 'uv 1.0' $UV_CACHE_DIR\n[ $1 = --version ] || exit 1\n")
    uv.chmod(0o755)
    for name in ("runner", "requirements"):
        (open_folder / "project" / name).mkdir(parents=True)
    for name in FILES:
        shutil.copy(Path(environment.__file__).with_name(name), open_folder / "project" / "runner")
    (open_folder / "project" / "requirements" / "local.in").touch()
    (open_folder / "project" / "requirements.txt").touch()
    shutil.chown(open_folder / "project", 54321, 54321)
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        pytest.skip("no Python that every user may run")
    done = subprocess.run(
        [python, "-I", "runner/environment.py"],
        cwd=open_folder / "project",
        env={"PATH": f"{open_folder}{os.pathsep}{os.environ['PATH']}"},
        user=54321,
        group=54321,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"uv 1.0 {open_folder}/project/.local/uv-cache" in done.stderr
    assert "Traceback" not in done.stderr
