"""What is delivered, and the command that is run once another connection has arrived."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra import after_delivery, delivery, settings
from infra.after_delivery import AfterDelivery, AfterDeliveryProvider, CommandFailed
from infra.backend import Declaration
from infra.connection import GUIDES_VARIABLES
from infra.rotation import VARIABLE
from tests import leaks
from tests.stacks.inprocess import ROOT, StackInProcess, written
from verify.environment import CacheEnvironment
from verify.expectation import Expectation

PASSWORD = "hunter2hunter2hunter2hunter2hunt"
PROVIDER = AfterDeliveryProvider()
RESOURCE = "pulumi-python:dynamic/delivery:AfterDelivery"


def delivered(*, attached: bool, **connection: Any) -> Mapping[str, str]:
    """Return what is delivered of a connection, by a backend with one variable of its own."""

    async def run() -> Mapping[str, str]:
        made = CacheEnvironment(**{"host": "cache", "port": 6379, "password": PASSWORD, "tls_ca": "PEM", **connection})
        declaration = Declaration(
            connection=pulumi.Output.from_input(made),
            expectation=Expectation(),
            repair="",
            own_variables=("REDIS_TLS_CA",),
        )
        wanted = settings.load({"cache:backend": "local", "cache:attached": str(attached).lower()}, stack="local")
        values = delivery.variables(declaration, wanted)
        assert await values.is_secret()
        known = await values.future()
        assert known is not None
        return known

    return asyncio.run(run())


class TestVariables:
    """What the application is to read."""

    def test_the_guides_six_and_the_backends_own_are_delivered(self) -> None:
        """Each with its value, and the whole as a secret."""
        values = delivered(attached=True)
        assert tuple(values) == (*GUIDES_VARIABLES, "REDIS_TLS_CA")
        assert (values["REDIS_HOST"], values["REDIS_PASSWORD"], values["REDIS_TLS_CA"]) == ("cache", PASSWORD, "PEM")

    def test_a_stack_that_is_rolled_back_delivers_the_same_names_emptied(self) -> None:
        """An application that reads an empty host works in its memory; a name that were gone would break a deploy."""
        assert delivered(attached=False) == dict.fromkeys((*GUIDES_VARIABLES, "REDIS_TLS_CA"), "")

    def test_a_backend_without_a_host_delivers_the_same(self) -> None:
        """The backend memory."""
        assert delivered(attached=True, host="") == delivered(attached=False)


def news(command: str, values: str = "one") -> dict[str, Any]:
    """Return what the program declares."""
    return {"command": command, "values": {"REDIS_PASSWORD": values}}


class TestCommand:
    """The command of cache:afterDelivery."""

    def test_it_runs_in_the_projects_folder(self, tmp_path: Path) -> None:
        """By a shell, as in a Makefile; the state gets what it was run for."""
        outputs = PROVIDER.create(news(f"pwd > {tmp_path}/where && echo $((1 + 1)) >> {tmp_path}/where"))
        assert (tmp_path / "where").read_text().splitlines() == [str(ROOT), "2"]
        assert outputs.outs == {"values": {"REDIS_PASSWORD": "one"}}

    def test_it_runs_once_for_each_change(self, tmp_path: Path) -> None:
        """The same connection again is no change, and neither is the command written differently."""
        command = f"echo run >> {tmp_path}/runs"
        outputs = PROVIDER.create(news(command)).outs
        assert outputs is not None
        assert not PROVIDER.diff("id", outputs, news(command)).changes
        assert not PROVIDER.diff("id", outputs, news("echo another")).changes
        assert PROVIDER.diff("id", outputs, news(command, "two")).changes
        outputs = PROVIDER.update("id", outputs, news(command, "two")).outs
        assert outputs == {"values": {"REDIS_PASSWORD": "two"}}
        assert not PROVIDER.diff("id", outputs, news(command, "two")).changes
        assert (tmp_path / "runs").read_text() == "run\nrun\n"

    def test_a_failure_is_one_line_with_its_last_words(self) -> None:
        """Of both streams, and what happens next."""
        noise = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done"
        with pytest.raises(CommandFailed) as failed:
            PROVIDER.create(news(f"{noise}; echo no cluster >&2; exit 3"))
        said = str(failed.value)
        assert "\n" not in said
        assert said.startswith("cache:afterDelivery for i in")
        assert "ended with 3: line 4 / line 5 / " in said
        assert said.endswith(
            "line 12 / no cluster; the connection is delivered, and the next `make up` runs the command again"
        )

    def test_what_it_prints_of_the_connection_is_not_shown(self) -> None:
        """A command that traces itself may print the password, and an error must not."""
        with pytest.raises(CommandFailed) as failed:
            PROVIDER.create(news("echo using correct-horse-battery; exit 1", "correct-horse-battery"))
        assert "ended with 1: using ****" in str(failed.value)

    def test_an_encoded_password_and_a_certificate_are_not_shown_either(self) -> None:
        """The one as `base64` prints it, the other over several lines of which the first are cut off."""
        certificate = "\n".join(f"line-{number}-of-the-certificate" for number in range(20))
        print_both = f"printf user:correct-horse-battery | {sys.executable} -m base64 -e; echo '{certificate}'; exit 1"
        with pytest.raises(CommandFailed) as failed:
            PROVIDER.create(
                {
                    "command": print_both,
                    "values": {"REDIS_PASSWORD": "correct-horse-battery", "REDIS_TLS_CA": certificate},
                }
            )
        last = str(failed.value).removeprefix(f"cache:afterDelivery {print_both} ended with 1: ")
        assert leaks.in_text(last, {"password": "correct-horse-battery"}) == []
        assert "line-" not in last

    def test_output_that_is_no_text_is_no_traceback(self) -> None:
        """Whatever the command prints."""
        with pytest.raises(CommandFailed, match="ended with 1: \N{REPLACEMENT CHARACTER}"):
            PROVIDER.create(news(r"printf '\377\n'; exit 1"))

    def test_one_that_does_not_end_is_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And named with its time."""
        monkeypatch.setattr(after_delivery, "COMMAND_SECONDS", 0.2)
        started = time.monotonic()
        with pytest.raises(CommandFailed) as failed:
            PROVIDER.create(news("sleep 300 & wait"))
        assert str(failed.value) == "cache:afterDelivery sleep 300 & wait did not end within 0.2 s"
        assert time.monotonic() - started < 200

    def test_the_step_of_a_rotation_is_not_handed_on(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A command that brings up another stack would rotate that one as well; everything else is."""
        monkeypatch.setenv(VARIABLE, "start")
        monkeypatch.setenv("DEPLOY_TARGET", "production")
        PROVIDER.create(news(f'echo "$DEPLOY_TARGET ${{{VARIABLE}-none}}" > {tmp_path}/seen'))
        assert (tmp_path / "seen").read_text() == "production none\n"

    def test_it_is_asked_nothing(self) -> None:
        """A command that asks a question finds nobody, and does not wait for an answer."""
        with pytest.raises(CommandFailed, match="ended with 1"):
            PROVIDER.create(news("read answer"))

    def test_the_resource_is_known_to_states_by_this_name(self) -> None:
        """Type token and class path are state identity: a rename needs an alias."""
        assert AfterDelivery._resource_type_name == "dynamic/delivery:AfterDelivery"
        assert (AfterDeliveryProvider.__module__, AfterDeliveryProvider.__qualname__) == (
            "infra.after_delivery",
            "AfterDeliveryProvider",
        )


@pytest.mark.stack
def test_a_stack_that_delivers_nowhere_says_so(tmp_path: Path) -> None:
    """What it delivered before is withdrawn, and that may not have been meant."""
    stack = StackInProcess(
        folder=tmp_path, name="prod", finders=[], configuration={"backend": "memory", "dotenvFile": ".env"}
    )
    assert "cache:sinks is []" not in stack.up()
    assert (tmp_path / ".env").exists()
    stack.configure(sinks=[], dotenvFile=None)
    for printed in (stack.preview(), stack.up()):
        assert "what was delivered before is withdrawn" in printed
        assert "make rollback STACK=prod" in printed
    assert not (tmp_path / ".env").exists()


@pytest.mark.stack
def test_a_file_that_git_would_take_is_warned_of(tmp_path: Path) -> None:
    """In a work tree, in a folder that is not there yet, until it is ignored."""
    stack = StackInProcess(
        folder=tmp_path, name="prod", finders=[], configuration={"backend": "memory", "dotenvFile": "application/.env"}
    )
    warning = "application/.env is not ignored by git, and one `git add --all` would commit the password"
    assert warning not in stack.preview()
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    assert warning in stack.preview()
    assert warning in stack.up()
    (tmp_path / ".gitignore").write_text(".env\n")
    assert warning not in stack.up()


@pytest.mark.stack
def test_the_command_of_a_stack_runs_once_for_each_delivery_and_is_told_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first one, for another password, and for none; neither its environment nor its arguments have any."""
    seen = {"runs": "echo run", "environment": "env", "arguments": "tr '\\0' ' ' < /proc/$$/cmdline"}
    command = "; ".join(f"{what} >> {tmp_path}/{name}" for name, what in seen.items())
    stack = StackInProcess(
        folder=tmp_path / "stack",
        name="local",
        finders=[],
        configuration={
            "backend": "local",
            "folder": str(tmp_path / "server"),
            "dotenvFile": str(tmp_path / "application.env"),
            "afterDelivery": command,
        },
    )
    passwords: set[str] = set()

    def runs() -> int:
        """Count the runs; and look for every password that there was in what the last one was told."""
        told = (tmp_path / "environment").read_text() + (tmp_path / "arguments").read_text()
        assert "PATH=" in told
        assert f"/bin/sh -c {command}" in told
        passwords.add(stack.outputs["connection"]["REDIS_PASSWORD"])
        assert not [password for password in passwords - {""} if password in told]
        assert not [password for password in passwords - {""} if password in written(stack.resource(RESOURCE))]
        return len((tmp_path / "runs").read_text().splitlines())

    try:
        stack.preview()
        assert not (tmp_path / "runs").exists()
        stack.up()
        assert runs() == 1
        stack.up()
        assert runs() == 1
        with monkeypatch.context() as environment:
            environment.setenv(VARIABLE, "start")
            stack.up()
        assert runs() == 2
        with monkeypatch.context() as environment:
            environment.setenv(VARIABLE, "finish")
            stack.up()
        assert runs() == 2, "the connection is the same with one password as with two"
        stack.configure(attached=False)
        stack.up()
        assert runs() == 3
        assert len(passwords) == 3
    finally:
        stack.destroy()
