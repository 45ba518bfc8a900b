"""The passwords of a rotation: the one before is still taken, one that was dropped is refused."""

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.listeners import listener, silent
from benchmarks.servers import RedisServer, new_password
from tests.clock import Clock
from verify import checks
from verify.checks import passwords
from verify.checks.check import Check
from verify.checks.passwords import OtherPasswords, PasswordAttempt
from verify.expectation import Expectation
from verify.function import handle
from verify.report import Report, Result

ServerMaker = Callable[..., RedisServer]

PREVIOUS = "previous-password"
RETIRED = "retired-password"
OTHER = "the other, hunter2"


@pytest.fixture
def server(start_server: ServerMaker) -> RedisServer:
    """A server with one password."""
    return start_server(password=new_password())


def give(server: RedisServer, password: str) -> None:
    """Let the user in with another password too, as a rotation does."""
    server.client().execute_command("ACL", "SETUSER", "default", f"#{hashlib.sha256(password.encode()).hexdigest()}")


def take(server: RedisServer, password: str) -> None:
    """Take it away again."""
    server.client().execute_command("ACL", "SETUSER", "default", f"!{hashlib.sha256(password.encode()).hexdigest()}")


def run(server: RedisServer, *, previous: str = "", retired: str = "", wait_seconds: float = 0) -> Report:
    """Check a server with the passwords of a rotation."""
    others = OtherPasswords(previous=previous, retired=retired)
    return checks.run(server.environment(), Expectation(), others=others, wait_seconds=wait_seconds)


def found(report: Report) -> dict[str, Result]:
    """Return the results of the two checks, by name."""
    return {result.name: result for result in report.results if result.name in (PREVIOUS, RETIRED)}


class TestChecks:
    """With a real server that has one password, or two."""

    def test_without_a_rotation_nothing_is_said_of_it(self, server: RedisServer) -> None:
        """No result, and so no difference in the outputs of a stack that never rotated."""
        report = checks.run(server.environment(), Expectation())
        assert report.passed
        assert found(report) == found(run(server)) == {}

    def test_a_previous_password_that_is_taken_passes(self, server: RedisServer) -> None:
        """An application that has not restarted yet gets in; and only that one is tried."""
        give(server, OTHER)
        report = run(server, previous=OTHER)
        assert report.passed
        assert {name: result.verdict for name, result in found(report).items()} == {PREVIOUS: "pass"}

    def test_a_previous_password_that_is_refused_fails(self, server: RedisServer) -> None:
        """The outage that a rotation must not make."""
        (failure,) = run(server, previous=OTHER).failures()
        assert (failure.name, failure.code) == (PREVIOUS, "previous-password-refused")
        assert "restart the applications" in failure.remedy

    def test_a_retired_password_that_is_refused_passes(self, server: RedisServer) -> None:
        """Which is what a rotation is for."""
        report = run(server, retired=OTHER)
        assert report.passed
        assert {name: result.verdict for name, result in found(report).items()} == {RETIRED: "pass"}

    def test_a_retired_password_that_is_still_taken_fails(self, server: RedisServer) -> None:
        """Whoever has it is not out."""
        give(server, OTHER)
        (failure,) = run(server, retired=OTHER).failures()
        assert (failure.name, failure.code) == (RETIRED, "retired-password-taken")
        assert "make up" in failure.remedy

    def test_a_server_that_takes_every_password_takes_the_retired_one(self, server: RedisServer) -> None:
        """Its protection was switched off: both are said."""
        server.client().execute_command("ACL", "SETUSER", "default", "nopass")
        names = {failure.name for failure in run(server, retired=OTHER).failures()}
        assert names == {"authentication-enforced", RETIRED}

    def test_both_are_tried(self, server: RedisServer) -> None:
        """A second rotation while the first's password is remembered."""
        give(server, OTHER)
        report = run(server, previous=OTHER, retired="long gone")
        assert report.passed
        assert [result.verdict for result in found(report).values()] == ["pass", "pass"]

    def test_they_are_facts_of_the_stack(self, server: RedisServer) -> None:
        """The verdicts are exported, and are the same in two runs."""
        first, second = (run(server, retired=OTHER).stable() for _ in range(2))
        assert first == second
        assert first["checks"][RETIRED] == "pass"

    def test_no_word_has_a_password(self, server: RedisServer) -> None:
        """Of a failure or of a success."""
        report = run(server, previous=OTHER, retired=server.password or "")
        assert len(report.failures()) == 2
        assert "hunter2" not in report.to_json() + report.to_text() + repr(report)
        assert (server.password or "") not in report.to_text()
        assert repr(OtherPasswords(previous=OTHER, retired=OTHER)) == "OtherPasswords()"
        assert "hunter2" not in repr(PasswordAttempt(server.environment(), OTHER))

    def test_a_cache_that_is_not_there_is_not_called_a_refusal(self, tmp_path: Path) -> None:
        """Both are skipped: nothing was tried."""
        report = run(RedisServer(tmp_path, password="never started"), previous=OTHER, retired=OTHER)
        assert {name: result.verdict for name, result in found(report).items()} == {PREVIOUS: "skip", RETIRED: "skip"}
        assert not report.passed

    @pytest.mark.parametrize("check", [passwords.previous_taken, passwords.retired_refused])
    def test_another_fault_is_said_as_what_it_is(
        self, server: RedisServer, check: Callable[[PasswordAttempt], Any]
    ) -> None:
        """A server that fell silent meanwhile has refused no password."""
        with listener(silent) as port:
            attempt = PasswordAttempt(server.environment(REDIS_PORT=str(port), REDIS_CONNECT_TIMEOUT="200"), OTHER)
            result = Check("x", "x", check).result(attempt, blind="")
        assert result.verdict == "fail"
        assert result.code not in ("previous-password-refused", "retired-password-taken", "check-broke")


class TestWaiting:
    """A service needs some time to make a change everywhere."""

    @pytest.mark.parametrize(
        ("change", "others"),
        [(give, {"previous": OTHER}), (take, {"retired": OTHER})],
        ids=["the previous one is taken", "the retired one is refused"],
    )
    def test_a_change_that_comes_late_is_waited_for(
        self, server: RedisServer, change: Callable[[RedisServer, str], None], others: dict[str, str]
    ) -> None:
        """And the verdict is that of the end."""
        if change is take:
            give(server, OTHER)
        late = threading.Timer(0.3, change, (server, OTHER))
        late.start()
        try:
            report = run(
                server, wait_seconds=60, previous=others.get("previous", ""), retired=others.get("retired", "")
            )
        finally:
            late.join()
        assert report.passed, report.to_text()

    def test_one_that_never_comes_fails_when_the_time_is_over(
        self, server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And not before."""
        clock = Clock()
        monkeypatch.setattr(checks, "time", clock)
        report = run(server, previous=OTHER, wait_seconds=2)
        assert 2 <= sum(clock.slept) < 2.2
        assert [failure.name for failure in report.failures()] == [PREVIOUS]

    def test_without_a_wait_it_is_tried_once(self, server: RedisServer) -> None:
        """As the server counts it."""
        admin = server.client()
        run(server, previous=OTHER)
        assert [entry["count"] for entry in admin.acl_log()] == [1]


class TestFunction:
    """The same by a call of the function of a cloud."""

    def test_the_passwords_come_with_the_call(self, server: RedisServer) -> None:
        """And go nowhere: the report has the verdicts alone."""
        give(server, OTHER)
        event = {
            "environment": server.variables,
            "expectation": Expectation().to_json(),
            "otherPasswords": {"previous": OTHER, "retired": "hunter3"},
        }
        answer = handle(event)
        report = Report.from_json(answer["report"])
        assert {name: result.verdict for name, result in found(report).items()} == {PREVIOUS: "pass", RETIRED: "pass"}
        assert "hunter" not in answer["report"]

    def test_a_failure_arrives_with_cause_and_remedy(self, server: RedisServer) -> None:
        """As a local run would have it."""
        event = {
            "environment": server.variables,
            "expectation": Expectation().to_json(),
            "otherPasswords": {"previous": OTHER, "retired": ""},
        }
        (failure,) = Report.from_json(handle(event)["report"]).failures()
        (here,) = run(server, previous=OTHER).failures()
        assert (failure.name, failure.code, failure.cause, failure.remedy) == (
            here.name,
            here.code,
            here.cause,
            here.remedy,
        )

    @pytest.mark.parametrize(
        "others", [{}, {"otherPasswords": {}}, {"otherPasswords": {"previous": "", "retired": ""}}]
    )
    def test_a_call_without_them_is_as_before(self, server: RedisServer, others: dict[str, Any]) -> None:
        """A verification outside a rotation."""
        answer = handle({"environment": server.variables, "expectation": Expectation().to_json(), **others})
        report = Report.from_json(answer["report"])
        assert report.passed
        assert found(report) == {}

    def test_the_wait_is_theirs_too(self, server: RedisServer) -> None:
        """`waitSeconds` of the call."""
        late = threading.Timer(0.3, give, (server, OTHER))
        late.start()
        event = {
            "environment": server.variables,
            "expectation": Expectation().to_json(),
            "otherPasswords": {"previous": OTHER, "retired": ""},
            "waitSeconds": 60,
        }
        try:
            assert Report.from_json(handle(event)["report"]).passed
        finally:
            late.join()
