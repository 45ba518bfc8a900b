"""Installing the Pulumi CLI, against a stand-in for the SDK's installer that misbehaves on request."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.servers import until
from runner import pulumi_install
from runner.pulumi_install import GaveUp, Patience, install
from tests.processes import living

VERSION = "3.272.0"
PATIENT = Patience(answer=60, total=60)

# The child imports this instead of the SDK. `INSTALLER` says how it behaves.
SDK = """
import os, subprocess, sys, time, urllib.request
from pathlib import Path


class PulumiCommand:
    def __init__(self, version):
        self.version = version

    @classmethod
    def install(cls, root, version):
        Path(os.environ["CALLS"]).open("a").write("called\\n")
        bin = Path(root) / "bin"
        bin.mkdir(parents=True)
        behaviour = os.environ["INSTALLER"]
        if behaviour == "crashes":
            print("out of memory", flush=True)
            os._exit(9)
        urllib.request.urlopen(os.environ["ADDRESS"])
        if behaviour == "hangs after the answer":
            script = 'trap "" TERM; echo $$ > "$0"; while :; do sleep 0.1; done'
            subprocess.check_output(["sh", "-c", script, os.environ["GRANDCHILD"]])
        if behaviour == "script fails":
            subprocess.check_output(["sh", "-c", "echo one; echo \\"\\033[31merror: no curl\\033[0m\\"; exit 1"])
        (bin / "pulumi").write_text("#!/bin/sh\\necho v" + str(version))
        (bin / "pulumi").chmod(0o755)
        return cls("3.999.0" if behaviour == "other version" else version)
"""


class Installer:
    """The stand-in, and what it did."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder / "project" / ".local" / "pulumi"
        self._calls = folder / "calls"
        self._grandchild = folder / "grandchild"
        self._monkeypatch = monkeypatch
        package = folder / "sdk" / "pulumi" / "automation"
        package.mkdir(parents=True)
        (package.parent / "__init__.py").touch()
        (package / "__init__.py").write_text(SDK)
        monkeypatch.setenv("PYTHONPATH", str(folder / "sdk"))
        monkeypatch.setenv("CALLS", str(self._calls))
        monkeypatch.setenv("GRANDCHILD", str(self._grandchild))
        self.behave("succeeds")

    def behave(self, how: str, address: str = "data:,script") -> None:
        """Set what the next call does, and where its script is fetched from."""
        self._monkeypatch.setenv("INSTALLER", how)
        self._monkeypatch.setenv("ADDRESS", address)

    @property
    def calls(self) -> int:
        """Return how often it was called."""
        return len(self._calls.read_text().splitlines()) if self._calls.exists() else 0

    def process(self) -> int:
        """Return the process id of the script that hangs, once it runs."""
        until(self.hangs)
        return int(self._grandchild.read_text())

    def hangs(self) -> bool:
        """Tell whether the script that hangs has begun to."""
        return self._grandchild.exists() and bool(self._grandchild.read_text().strip())

    def leftovers(self) -> list[str]:
        """Return what a failed installation left in the folder, apart from its lock and its memory."""
        return sorted(path.name for path in self.root.iterdir() if path.name not in ("lock", "gave-up"))


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Put the stand-in in the SDK's place."""
    return Installer(tmp_path, monkeypatch)


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Return the address of a server that accepts connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def has_ended(number: int) -> bool:
    """Tell whether a process has ended."""
    return number not in [process.number for process in living()]


def gave_up(installer: Installer, patience: Patience = PATIENT) -> GaveUp:
    """Try to install in vain."""
    result = install(installer.root, VERSION, patience=patience)
    assert isinstance(result, GaveUp)
    return result


def test_an_installed_cli_is_where_its_version_says(installer: Installer) -> None:
    """The executable runs, and nothing else is left of the installation."""
    announced: list[str] = []
    executable = install(installer.root, VERSION, announce=announced.append)
    assert executable == installer.root / VERSION / "bin" / "pulumi"
    assert subprocess.run([executable], stdout=subprocess.PIPE, check=True).stdout == b"v3.272.0\n"
    assert installer.leftovers() == [VERSION]
    assert announced == ["installing the official Pulumi CLI 3.272.0 into .local/pulumi …"]


def test_a_cli_that_is_there_is_not_installed_again(installer: Installer) -> None:
    """The second call neither says anything nor starts the installer."""
    install(installer.root, VERSION)
    announced: list[str] = []
    install(installer.root, VERSION, announce=announced.append)
    assert (installer.calls, announced) == (1, [])


def test_a_folder_without_a_cli_in_it_is_replaced(installer: Installer) -> None:
    """What an older tool or a careless hand left does not block the installation."""
    (installer.root / VERSION / "bin").mkdir(parents=True)
    assert isinstance(install(installer.root, VERSION), Path)


def test_no_answer_ends_the_installation(installer: Installer, silent_server: str) -> None:
    """Behind a firewall that drops packets, the wait is short, and the host is named that has to be let through."""
    installer.behave("succeeds", silent_server)
    assert gave_up(installer, Patience(answer=0.5)).reason == "127.0.0.1: no answer within 0.5 s"
    assert installer.leftovers() == []


def test_an_installation_that_never_ends_is_ended_with_its_children(installer: Installer) -> None:
    """The script that the installer started dies with it, although it ignores a polite request."""
    installer.behave("hangs after the answer")
    result, seconds = None, 0.75
    # A busy machine takes its time until the script runs.
    while not installer.hangs():
        seconds *= 2
        result = install(installer.root, VERSION, force=True, patience=Patience(total=seconds))
    assert isinstance(result, GaveUp)
    assert result.reason == f"not finished within {seconds:g} s"
    until(lambda: has_ended(installer.process()))
    assert installer.leftovers() == []


@pytest.mark.parametrize(
    ("behaviour", "address", "reason"),
    [
        ("succeeds", "http://127.0.0.1:1/", "[Errno 111] Connection refused"),
        ("script fails", "data:,", "error: no curl"),
        ("crashes", "data:,", "the installer ended early: out of memory"),
        ("other version", "data:,", "version 3.999.0 was installed instead of 3.272.0"),
    ],
)
def test_a_failure_is_told_in_words_and_leaves_nothing(
    installer: Installer, behaviour: str, address: str, reason: str
) -> None:
    """The reason is one line without a traceback, and no half-installed CLI is found later."""
    installer.behave(behaviour, address)
    if "Errno" in reason:
        # Its number is another one on macOS.
        reason = gave_up(installer).reason
        assert reason.startswith("127.0.0.1: ")
        assert "refused" in reason
    else:
        assert gave_up(installer).reason == reason
    assert installer.leftovers() == []


def test_a_failure_is_remembered(installer: Installer) -> None:
    """The next call answers at once with the first one's reason and time."""
    installer.behave("crashes")
    first = gave_up(installer)
    installer.behave("succeeds")
    assert gave_up(installer) == first
    assert installer.calls == 1


def test_force_tries_again_and_a_success_forgets_the_failure(installer: Installer) -> None:
    """A user who asks for the CLI gets another try, whatever is remembered."""
    installer.behave("crashes")
    gave_up(installer)
    installer.behave("succeeds")
    assert isinstance(install(installer.root, VERSION, force=True), Path)
    assert installer.leftovers() == [VERSION]
    assert not (installer.root / "gave-up").exists()


def memory(*, version: str = VERSION, age: timedelta = timedelta(0)) -> str:
    """Return a remembered failure."""
    at = (datetime.now(UTC) - age).isoformat()
    return json.dumps({"version": version, "at": at, "reason": "because"})


@pytest.mark.parametrize(
    "text",
    [
        memory(age=pulumi_install.REMEMBERED_FOR + timedelta(seconds=1)),
        memory(version="3.271.0"),
        "",
        "[]",
        '{"version": "3.272.0", "at": "yesterday", "reason": "because"}',
        '{"version": "3.272.0", "at": "2026-01-01", "reason": "because"}',
    ],
    ids=["old", "other version", "empty", "list", "no date", "no time zone"],
)
def test_a_memory_that_says_nothing_about_now_is_ignored(installer: Installer, text: str) -> None:
    """A day later, for another version, or with an unreadable memory, the installation is tried."""
    installer.root.mkdir(parents=True)
    (installer.root / "gave-up").write_text(text)
    assert isinstance(install(installer.root, VERSION), Path)


def test_a_memory_of_today_is_believed(installer: Installer) -> None:
    """Shortly before a day has passed, nothing is tried."""
    installer.root.mkdir(parents=True)
    (installer.root / "gave-up").write_text(memory(age=pulumi_install.REMEMBERED_FOR - timedelta(minutes=1)))
    assert gave_up(installer).reason == "because"
    assert installer.calls == 0


def test_the_leftover_of_a_killed_run_is_removed(installer: Installer) -> None:
    """A folder that a killed run could not remove goes with the next call."""
    (installer.root / "installing-abc" / VERSION).mkdir(parents=True)
    install(installer.root, VERSION)
    assert installer.leftovers() == [VERSION]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_installer_ends_with_the_process_that_asked_for_it(installer: Installer, number: signal.Signals) -> None:
    """Ctrl-C, and even a kill, leave no download running, and neither is remembered as a failure."""
    installer.behave("hangs after the answer")
    call = "import sys, pathlib, runner.pulumi_install as p; p.install(pathlib.Path(sys.argv[1]), sys.argv[2])"
    parent = subprocess.Popen(
        [sys.executable, "-c", call, installer.root, VERSION],
        cwd=Path(pulumi_install.__file__).parents[1],
        env=dict(os.environ),
        stderr=subprocess.DEVNULL,
    )
    script = installer.process()
    parent.send_signal(number)
    parent.wait()
    until(lambda: has_ended(script))
    assert not (installer.root / "gave-up").exists()
