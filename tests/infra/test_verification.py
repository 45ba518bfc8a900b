"""What an `up` makes of the report: goes on, warns or fails, and what it has exported by then."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from benchmarks.serving import running
from infra import proof, settings, verification
from infra.backend import Declaration
from infra.rotation import Passwords
from infra.settings import Settings
from tests.standins.application import Application
from verify import checks
from verify.checks.passwords import NO_OTHERS, OtherPasswords
from verify.environment import CacheEnvironment
from verify.exit_code import ExitCode
from verify.expectation import Expectation
from verify.memory_cache import MemoryCache
from verify.report import Report, Result

CONNECTION = CacheEnvironment(host="127.0.0.1", port=1, password="hunter2")

PASSWORDS = Passwords(current="hunter2", previous="hunter1", retired="hunter0", state="started")

PASSED = Report(results=(Result(name="connect", title="the server is reached", verdict="pass"),), server="valkey 9")
FAILED = Report(
    results=(
        Result(name="expiry", title="a key expires", verdict="fail", cause="it stayed", remedy="look at the clock"),
    ),
    server="valkey 9",
)
UNREACHABLE = Report(
    results=(
        Result(name="connect", title="the server is reached", verdict="fail", cause="no answer", remedy="open it"),
    ),
    ended=ExitCode.UNREACHABLE,
    unreachable=True,
)


class Exports(dict[str, Any]):
    """What the program exported and said."""

    warnings: list[str]
    said: list[str]


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Exports:
    """Take the place of the engine."""
    found = Exports()
    found.warnings, found.said = [], []
    monkeypatch.setattr(pulumi, "export", found.__setitem__)
    monkeypatch.setattr(pulumi.log, "warn", found.warnings.append)
    monkeypatch.setattr(pulumi.log, "info", found.said.append)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    monkeypatch.setattr(pulumi.runtime, "get_root_directory", lambda: str(tmp_path))
    return found


def prove(
    report: Report, monkeypatch: pytest.MonkeyPatch, *, check: Callable[..., Report] | None = None, **values: str
) -> None:
    """Run the proof over a report that is already there."""
    monkeypatch.setattr(checks, "run", check or (lambda *_, **__: report))

    async def run() -> None:
        connection, passwords = pulumi.Output.from_input(CONNECTION), pulumi.Output.from_input(PASSWORDS)
        declaration = Declaration(
            connection=connection, expectation=Expectation(), repair="to mend it: pray", passwords=passwords
        )
        await verification.prove(declaration, wanted(**values), stack="local")

    asyncio.run(run())


def wanted(**values: str) -> Settings:
    """Make settings."""
    return settings.load({"cache:backend": "local", **{f"cache:{k}": v for k, v in values.items()}}, stack="local")


def test_a_passed_report_is_exported_and_kept(
    exports: Exports, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Facts as an output, measurements in a file."""
    prove(PASSED, monkeypatch)
    assert exports.pop("verifiedFrom") == "here"
    assert exports.pop("repair") == "to mend it: pray"
    assert exports == {"verification": {"verdict": "passed", "server": "valkey 9", "checks": {"connect": "pass"}}}
    assert json.loads((tmp_path / ".local/reports/local.json").read_text())["verdict"] == "passed"


def test_the_passwords_of_a_rotation_are_tried_as_well(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one before and the retired one, beside the connection's own; and none of them is exported."""
    tried: list[Any] = []

    def run(environment: Any, _: Any, *, others: Any) -> Report:
        tried.append((environment.password, others))
        return PASSED

    prove(PASSED, monkeypatch, check=run)
    assert tried == [("hunter2", OtherPasswords(previous="hunter1", retired="hunter0"))]
    assert "hunter" not in str(exports)


def test_where_the_vendor_makes_the_password_there_is_no_other(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else to try."""
    tried: list[Any] = []

    def run(*_: Any, others: Any) -> Report:
        tried.append(others)
        return PASSED

    monkeypatch.setattr(sys.modules[__name__], "PASSWORDS", None)
    prove(PASSED, monkeypatch, check=run)
    assert tried == [NO_OTHERS]
    assert exports["verification"]["verdict"] == "passed"


def test_a_stack_that_is_rolled_back_is_proved_in_memory(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client with the emptied variables works and says where; the Redis, which stays, is asked nothing."""

    def never(*_: Any, **__: Any) -> Report:
        raise AssertionError("the Redis was asked")

    prove(FAILED, monkeypatch, check=never, attached="false")
    assert exports["verification"] == {"verdict": "memory"}
    assert [line for line in exports.said if line.startswith("no Redis is delivered; a client with these variables")]


def test_a_client_that_does_not_work_in_memory_fails_the_update(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rollback that leads into an outage is none."""
    monkeypatch.setattr(MemoryCache, "get", lambda *_: None)
    with pytest.raises(pulumi.RunError, match="a client of stack local does not run in memory"):
        prove(PASSED, monkeypatch, attached="false")
    assert "verification" not in exports


def test_a_failed_report_is_exported_before_the_update_fails(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the check, the cause, the remedy, and what puts the cache right; and no password."""
    with pytest.raises(pulumi.RunError) as failed:
        prove(FAILED, monkeypatch)
    assert exports["verification"]["verdict"] == "failed"
    assert str(failed.value).splitlines() == [
        "the cache of stack local did not pass its verification:",
        "  a key expires: it stayed",
        "      look at the clock",
        "  What was created is kept; to mend it: pray",
    ]


def test_a_cache_that_cannot_be_reached_fails_unless_the_stack_says_otherwise(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is never called failed: nothing is proved either way."""
    with pytest.raises(pulumi.RunError, match="no answer"):
        prove(UNREACHABLE, monkeypatch)
    assert exports["verification"]["verdict"] == "unproven"


def test_unreachable_warn_goes_on(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict stays honest."""
    prove(UNREACHABLE, monkeypatch, unreachable="warn")
    assert exports["verification"]["verdict"] == "unproven"
    assert "nothing is proved" in exports.warnings[0]


def test_unreachable_warn_excuses_no_broken_cache(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken is not unreachable."""
    with pytest.raises(pulumi.RunError, match="a key expires"):
        prove(FAILED, monkeypatch, unreachable="warn")
    assert exports["verification"]["verdict"] == "failed"


def test_a_report_that_cannot_be_kept_is_a_warning(
    exports: Exports, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A checkout that cannot be written does not stop an update."""
    (tmp_path / ".local").write_text("a file")
    prove(PASSED, monkeypatch)
    assert "was not kept" in exports.warnings[0]


@pytest.fixture
def application() -> Iterator[Application]:
    """Run an application."""
    with running(Application()) as server:
        yield server


def test_the_application_is_asked_as_well(
    exports: Exports, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    """The guide's own verification."""
    prove(PASSED, monkeypatch, applicationUrl=application.url)
    assert exports["application"]["verdict"] == "passed"


def test_an_application_on_memory_fails_the_update(
    exports: Exports, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    """A proved cache that nobody uses is no success."""
    application.backend = "memory"
    monkeypatch.setattr(proof, "APPLICATION_SECONDS", 0)
    with pytest.raises(pulumi.RunError, match="does not say that it is healthy on redis"):
        prove(PASSED, monkeypatch, applicationUrl=application.url)
    assert exports["verification"]["verdict"] == "passed"
    assert exports["application"]["verdict"] == "failed"


def test_an_application_on_memory_is_right_where_the_stack_has_no_cache(
    exports: Exports, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    """The backend memory, which is a rollback; an application that is still on redis fails it."""
    monkeypatch.setattr(sys.modules[__name__], "CONNECTION", CacheEnvironment(host="", port=6379))
    monkeypatch.setattr(proof, "APPLICATION_SECONDS", 0)
    with pytest.raises(pulumi.RunError, match="does not say that it is healthy on memory"):
        prove(PASSED, monkeypatch, applicationUrl=application.url)
    application.backend = "memory"
    prove(PASSED, monkeypatch, applicationUrl=application.url)
    assert exports["verification"] == {"verdict": "memory"}
    assert exports["application"]["verdict"] == "passed"


@pytest.mark.parametrize("url", ["your-app.encr.app", "ftp://x", "https://"])
def test_an_application_url_that_is_none_is_refused(url: str) -> None:
    """Before anything is created."""
    with pytest.raises(settings.InvalidSettings, match="cache:applicationUrl"):
        wanted(applicationUrl=url)
