"""Make a virtual environment hold exactly what one lock file says.

The system's Python runs this file as a script before anything is installed. So it, and what it imports of ours, use
nothing but the standard library, and keep to a syntax that Python 3.8 can read, to be able to say that it is too old.

A set of packages is a lock file: `local` is requirements.txt, every other one is requirements/<set>.txt. A stack needs
the sets with the names of its backend and of its sinks, read from its file with what the set `base` installs first.
"""

from __future__ import annotations

import sys

try:
    import argparse
    import contextlib
    import fcntl
    import hashlib
    import importlib.util
    import os
    import re
    import shutil
    import subprocess
    import tempfile
    import time
    import venv
    from pathlib import Path
    from typing import IO, Iterator, Sequence

    # As a script, isolated, this file has nothing of the project on its path.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from runner import names, output, package_sources, privacy
except KeyboardInterrupt:
    # Nothing was begun: no traceback, and nothing to say.
    sys.exit(130)

PROJECT = Path(__file__).resolve().parent.parent
MINIMUM_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 14)
# The oldest uv that was tried with these lock files.
MINIMUM_UV = (0, 5)
STAMP = "installed"
# The set of the local backend; every other one adds to it.
LOCAL = "local"
# What is there before the others are chosen.
BASE = "base"
FAILURE_LINES = 12


class InstallationError(Exception):
    """The environment cannot be made; the message is for people and ends with the cure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Bring one environment, or the lock files, up to date and return the exit code."""
    parser = argparse.ArgumentParser(description="Make a virtual environment match a lock file.")
    parser.add_argument("--set", default=LOCAL, help=f"the set of packages (default: {LOCAL})")
    parser.add_argument("--stack", help="take the sets of this stack's backend and sinks instead")
    parser.add_argument("--venv", default=".venv", help="the environment's folder (default: .venv)")
    parser.add_argument("--lock", action="store_true", help="renew the lock files instead")
    options = parser.parse_args(arguments)
    try:
        require_python(sys.version_info[:2])
        if options.lock:
            renew_locks(PROJECT)
        else:
            install(PROJECT, options.stack, options.set, options.venv)
    except (InstallationError, package_sources.SettingsUnreadable, OSError) as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        say("interrupted: the next run starts the installation over")
        return 130
    return 0


def require_python(version: Sequence[int]) -> None:
    """Refuse a Python below MINIMUM_PYTHON, naming a newer one on PATH where there is one."""
    if tuple(version) >= MINIMUM_PYTHON:
        return
    newer = (f"python3.{minor}" for minor in range(NEWEST_PYTHON[1], MINIMUM_PYTHON[1] - 1, -1))
    found = next((name for name in newer if shutil.which(name)), None)
    cure = f"add PYTHON={found} to the command" if found else "install a newer one, and name it with PYTHON=…"
    raise InstallationError(f"Python {dotted(MINIMUM_PYTHON)} or later is needed and this is {dotted(version)}: {cure}")


def install(project: Path, stack: str | None, requirement_set: str, name: str) -> None:
    """Bring the environment `name` up to date: what a stack needs, or a set. Raises InstallationError."""
    # The folder is removed before it is made again, so a slip of the hand must not name somebody's home.
    if not re.fullmatch(r"\.venv[\w.-]*", name):
        raise InstallationError(f"--venv {name}: the name must begin with .venv, as in .venv-test")
    if not stack:
        synchronise(project, [requirement_set], project / name)
        return
    problem = names.problem(stack)
    if problem:
        known = ", ".join(names.stacks(project))
        raise InstallationError(f"the stack's name {stack[: names.LONGEST]!a} {problem}; there is: {known}")
    base = project / ".local" / BASE
    synchronise(project, [BASE], base)
    sys.path.append(str(packages_of(base)))
    synchronise(project, sets_of_stack(project, stack) or [LOCAL], project / name)


def synchronise(project: Path, sets: Sequence[str], environment: Path) -> None:
    """Make an environment hold what the sets' locks say; a few milliseconds when it already does.

    Raises InstallationError for an unknown set, a path that cannot be, and an installation that fails.
    """
    # Sets of the same packages are links to one lock.
    lock_files = sorted({lock_of(project, name).resolve() for name in sets})
    if os.pathsep in str(project):
        raise InstallationError(
            f"{project}: Python makes no virtual environment in a folder with {os.pathsep!r} in its path: "
            "move the project to another one"
        )
    if is_current(environment, lock_files):
        return
    with exclusive(project):
        if not is_current(environment, lock_files):
            rebuild(project, environment, lock_files)


def sets_of_stack(project: Path, stack: str) -> list[str]:
    """Return the sets that a stack needs beside `local`: those with the names of its backend and of its sinks.

    Whether its file is right is for the program to say.
    """
    # With a package of the base set, which the first step has just installed.
    from runner import stack_file

    try:
        declared = stack_file.read(project / "Pulumi.yaml").get("name")
        settings = stack_file.settings(project / f"Pulumi.{stack}.yaml", project=str(declared))
    except stack_file.StackFileError:
        return []
    sinks = settings.get("cache:sinks", [])
    # A list may be written as one text: [dotenv, aws-ssm] in quotes.
    named = [settings.get("cache:backend"), *(re.findall(r"[\w-]+", sinks) if isinstance(sinks, str) else sinks)]
    there = {source.stem for source in (project / "requirements").glob("*.in")}
    return [name for name in named if isinstance(name, str) and name in there and name != LOCAL]


def lock_of(project: Path, requirement_set: str) -> Path:
    """Return the set's lock file."""
    locks = {source.stem: output_of(source) for source in (project / "requirements").glob("*.in")}
    if requirement_set not in locks:
        raise InstallationError(f"--set {requirement_set}: unknown; there are {', '.join(sorted(locks))}")
    return locks[requirement_set]


def output_of(source: Path) -> Path:
    """Return the lock file of a source; the root's requirements.txt is the one that the Pulumi CLI knows."""
    return source.parent.parent / "requirements.txt" if source.stem == LOCAL else source.with_suffix(".txt")


def is_current(environment: Path, lock_files: Sequence[Path]) -> bool:
    """Tell whether the environment is the one that these locks, this Python and this folder ask for."""
    try:
        written = (environment / STAMP).read_bytes()
    except OSError:
        return False
    return (
        written == stamp(environment, lock_files)
        and not missing(environment, lock_files)
        and os.access(environment / "bin" / "python", os.X_OK)
    )


def stamp(environment: Path, lock_files: Sequence[Path]) -> bytes:
    """Describe a finished environment.

    With its folder, since the scripts in it hold the absolute path; with the distributions that are in it, so
    that one installed or removed by hand is noticed.
    """
    locks = [hashlib.sha256(lock_file.read_bytes()).hexdigest() for lock_file in lock_files]
    lines = [*locks, str(sys.implementation.cache_tag), str(environment), *distributions(environment), ""]
    return os.fsencode("\n".join(lines))


def distributions(environment: Path) -> list[str]:
    """Return what is installed in an environment, as `name-version`."""
    return sorted(entry.stem for entry in packages_of(environment).glob("*.dist-info"))


def packages_of(environment: Path) -> Path:
    """Return the folder of an environment's packages."""
    return environment / "lib" / f"python{dotted(sys.version_info[:2])}" / "site-packages"


def missing(environment: Path, lock_files: Sequence[Path]) -> list[str]:
    """Return what a lock file asks for on every machine and an environment does not hold."""
    text = "\n".join(lock_file.read_text(encoding="utf-8") for lock_file in lock_files)
    # One with a marker behind it is not for every machine.
    asked = re.findall(r"^([\w.-]+)==([\w.!+-]+)(?: \\)?$", text, re.MULTILINE)
    held = {canonical(distribution) for distribution in distributions(environment)}
    return [f"{name}=={version}" for name, version in asked if canonical(f"{name}-{version}") not in held]


def canonical(name: str) -> str:
    """Return a name as packages are compared (https://packaging.python.org/specifications/name-normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@contextlib.contextmanager
def exclusive(project: Path) -> Iterator[None]:
    """Hold the project's installation lock, waiting for whoever has it."""
    with lock_of_installation(project) as file:
        # An installer inherits the lock: should this process be killed, the next run waits for the orphan
        # instead of installing into the same folder.
        os.set_inheritable(file.fileno(), True)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run that makes the environment, or works with it as it is …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def in_use(project: Path) -> Iterator[None]:
    """Keep the environment as it is while a run works with it: another stack's would be made in its place."""
    with lock_of_installation(project) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def lock_of_installation(project: Path) -> IO[str]:
    """Open the file whose lock decides who changes an environment. Raises InstallationError."""
    folder = project / ".local"
    try:
        privacy.keep_others_out(folder)
        return (folder / "environment.lock").open("a")
    except OSError as error:
        raise InstallationError(
            f"{error.filename} cannot be written ({error.strerror}): clone the project into a folder of your own, or "
            "make it yours again after a `sudo make`"
        ) from None


def rebuild(project: Path, environment: Path, lock_files: Sequence[Path]) -> None:
    """Make the environment from nothing: whatever is there may be half made, moved or of another Python."""
    started = time.monotonic()
    locks = [str(lock_file) for lock_file in lock_files]
    told = " and ".join(str(lock_file.relative_to(project.resolve())) for lock_file in lock_files)
    say(f"installing {told} into {environment.relative_to(project)} …")
    uv, settings = find_uv(project)
    remove(environment)
    create(environment)
    python = str(environment / "bin" / "python")
    run_uv([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, *locks], settings, project)
    finish(environment, lock_files)
    say(f"installed in {time.monotonic() - started:.0f} s")


def remove(path: Path) -> None:
    """Remove a folder, or a link to one and not what it points to."""
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        # First, so that a removal cut short is not taken for a finished environment.
        with contextlib.suppress(FileNotFoundError):
            (path / STAMP).unlink()
        shutil.rmtree(path)


def create(environment: Path) -> None:
    """Make a virtual environment with nothing in it."""
    # In this process, not `python -m venv`: this Python may live in the folder that was just removed.
    venv.EnvBuilder(symlinks=True).create(environment)


def finish(environment: Path, lock_files: Sequence[Path]) -> None:
    """Mark the environment as complete, at one stroke. Raises InstallationError for one that is not."""
    absent = missing(environment, lock_files)
    if absent:
        raise InstallationError(
            f"the installer ended without an error, and {environment} has no {', '.join(absent)}: look for a setting "
            "of pip or uv that moves or leaves out packages (pip config list, env | grep -e PIP_ -e UV_)"
        )
    partial = environment / f"{STAMP}.partial"
    partial.write_bytes(stamp(environment, lock_files))
    partial.rename(environment / STAMP)


def find_uv(project: Path) -> tuple[str, dict[str, str]]:
    """Return a uv, the user's own or one that we bring, and the environment variables that it needs."""
    found = shutil.which("uv")
    if found and version_of(found) >= MINIMUM_UV:
        # Somebody who has uv has told it where packages come from.
        return found, {}
    return bring_uv(project)


def run_uv(command: list[str], settings: dict[str, str], project: Path) -> None:
    """Run uv in the project, with those of its settings that say where packages come from."""
    # Its indexes may hold a password: the file is the user's alone, and gone afterwards.
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(package_sources.configuration_of_uv(project))
        file.flush()
        run(command, {"UV_CONFIG_FILE": file.name, **package_sources.cache_of_uv(project), **settings}, folder=project)


def version_of(uv: str) -> tuple[int, ...]:
    """Return the major and minor version of a uv; nothing for one that does not run."""
    answer = subprocess.run([uv, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    version = re.match(rb"uv (\d+)\.(\d+)", answer.stdout)
    return (int(version.group(1)), int(version.group(2))) if version else ()


def bring_uv(project: Path) -> tuple[str, dict[str, str]]:
    """Return the project's own uv in its locked version, fetched by pip when need be, and its settings."""
    environment = project / ".local" / "uv"
    lock_file = lock_of(project, "uv")
    uv = str(environment / "bin" / "uv")
    # Isolated: no PYTHON* variable and no file of the user's own decides what this Python finds.
    python = [str(environment / "bin" / "python"), "-I", "-m"]
    pip = [*python, "pip", "--disable-pip-version-check"]
    is_there = is_current(environment, [lock_file]) and os.access(uv, os.X_OK)
    if not is_there:
        if importlib.util.find_spec("ensurepip") is None:
            raise InstallationError(
                f"{sys.executable} cannot make a complete virtual environment (it has no ensurepip): run "
                f"`apt-get install python{dotted(sys.version_info[:2])}-venv` (Debian, Ubuntu), then the same "
                "command again"
            )
        remove(environment)
        create(environment)
        run([*python, "ensurepip", "--default-pip"])
    sources = package_sources.sources_of_pip(run([*pip, "config", "list"], package_sources.listing_of_pip(python[0])))
    if not is_there:
        options = [
            "--quiet",
            "--retries=2",
            "--require-hashes",
            "--only-binary=:all:",
            "--requirement",
            str(lock_file),
        ]
        own = {f"PIP_{key.replace('-', '_').upper()}": value for key, value in sources.items()}
        # Of the configuration files nothing is left but what was taken from them.
        run([*pip, "install", *options], {"PIP_CONFIG_FILE": os.devnull, **own})
        finish(environment, [lock_file])
    return uv, package_sources.settings_for_uv(sources)


def renew_locks(project: Path) -> None:
    """Write every lock file anew, each package at the newest version that requirements/*.in allow."""
    compilation = ["pip", "compile", "--quiet", "--upgrade", "--universal", "--generate-hashes"]
    compilation += ["--python-version", dotted(MINIMUM_PYTHON), "--custom-compile-command", "make lock"]
    compilation += ["--no-emit-index-url", "--no-emit-find-links"]
    with exclusive(project):
        # Always the pinned uv: the text of a lock must not depend on who wrote it.
        uv, settings = bring_uv(project)
        sources = [source for source in (project / "requirements").glob("*.in") if not source.is_symlink()]
        # The product's first: the packages of the tests are chosen to go with it.
        for source in sorted(sources, key=lambda source: (source.stem != "local", source.stem)):
            # Relative paths, since the lock names its source.
            output = str(output_of(source).relative_to(project))
            paths = ["--output-file", output, str(source.relative_to(project))]
            run_uv([uv, *compilation, *paths], settings, project)
            say(f"locked {output}")


def run(command: list[str], settings: dict[str, str] | None = None, folder: Path = PROJECT) -> str:
    """Run an installer in a folder and return what it printed; its last lines and the cure when it fails."""
    finished = subprocess.run(
        command,
        cwd=folder,
        env={**package_sources.inherited(os.environ), **(settings or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        close_fds=False,
        check=False,
    )
    printed = finished.stdout.decode(errors="replace")
    if finished.returncode:
        last = "\n".join(f"  {line}" for line in printed.strip().splitlines()[-FAILURE_LINES:])
        raise InstallationError(
            f"Python packages could not be installed:\n{last}\n"
            "check that this machine reaches its package index (PIP_INDEX_URL or UV_DEFAULT_INDEX names "
            "a mirror), then run the same command again"
        )
    return printed


def dotted(version: Sequence[int]) -> str:
    """Write a version with dots."""
    return ".".join(str(part) for part in version)


def say(message: str) -> None:
    """Print for people: on standard error, since `make env` is evaluated by a shell."""
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    output.run_and_exit(main)
