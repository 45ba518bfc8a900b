"""What an `up` makes of the report: goes on, warns or fails, and what it has exported by then."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra import settings, verification
from infra.backends import Declaration
from infra.connection import Connection
from infra.settings import Settings
from verify import checks
from verify.exit_code import ExitCode
from verify.expectation import Expectation
from verify.report import Report, Result

CONNECTION = Connection(host="127.0.0.1", port=1, password="hunter2")

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


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Exports:
    """Take the place of the engine."""
    found = Exports()
    found.warnings = []
    monkeypatch.setattr(pulumi, "export", found.__setitem__)
    monkeypatch.setattr(pulumi.log, "warn", found.warnings.append)
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: False)
    monkeypatch.setattr(pulumi.runtime, "get_root_directory", lambda: str(tmp_path))
    return found


def prove(report: Report, monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Run the proof over a report that is already there."""
    monkeypatch.setattr(checks, "run", lambda *_, **__: report)

    async def run() -> None:
        connection = pulumi.Output.from_input(CONNECTION)
        declaration = Declaration(connection=connection, expectation=Expectation(), repair="to mend it: pray")
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


class Application(ThreadingHTTPServer):
    """An application with the guide's two endpoints."""

    backend = "redis"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Endpoints(BaseHTTPRequestHandler):
    """The guide's bodies."""

    server: Application

    def do_GET(self) -> None:
        bodies = {
            "/cache/health": {"healthy": True, "backend": self.server.backend, "message": "Cache is healthy"},
            "/cache/status": {
                "type": self.server.backend,
                "available": True,
                "redisInfo": {"connected": self.server.backend == "redis", "keys": 1},
            },
        }
        body = json.dumps(bodies[self.path]).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def application() -> Iterator[Application]:
    """Run an application."""
    with Application(("127.0.0.1", 0), Endpoints) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


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
    monkeypatch.setattr(verification, "APPLICATION_SECONDS", 0)
    with pytest.raises(pulumi.RunError, match="does not say that it is healthy on redis"):
        prove(PASSED, monkeypatch, applicationUrl=application.url)
    assert exports["verification"]["verdict"] == "passed"
    assert exports["application"]["verdict"] == "failed"


def test_an_application_on_memory_is_right_where_the_stack_has_no_cache(
    exports: Exports, monkeypatch: pytest.MonkeyPatch, application: Application
) -> None:
    """The backend memory, which is a rollback; an application that is still on redis fails it."""
    monkeypatch.setattr(sys.modules[__name__], "CONNECTION", Connection(host="", port=6379))
    monkeypatch.setattr(verification, "APPLICATION_SECONDS", 0)
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
