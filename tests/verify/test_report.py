import json

from verify.exit_code import ExitCode
from verify.report import Report, Result

PASSED = Result(name="connect", title="the server is reached", verdict="pass", detail="plain text, 1.2 ms")
FAILED = Result(
    name="delete",
    title="a deleted key is gone",
    verdict="fail",
    cause="A deleted key was still there",
    remedy="See whether a proxy answers",
    code="key-not-deleted",
)
SKIPPED = Result(name="maxmemory", title="memory", verdict="skip", detail="nothing was asked")
MEASURED = Result(name="latency", title="latency", verdict="pass", milliseconds=10.5, volatile=True)


def test_the_text_is_aligned_and_ends_with_the_remedies() -> None:
    """A person sees one line for each check, then what to do about those that failed."""
    report = Report(
        results=(PASSED, FAILED, SKIPPED), server="valkey 9.1.2", address="localhost:6379", milliseconds=314
    )
    assert report.to_text().splitlines() == [
        "valkey 9.1.2 at localhost:6379",
        "  pass  the server is reached  plain text, 1.2 ms",
        "  FAIL  a deleted key is gone",
        "  skip  memory                 nothing was asked",
        "",
        "FAIL: a deleted key is gone (key-not-deleted)",
        "  cause   A deleted key was still there",
        "  remedy  See whether a proxy answers",
        "",
        "3 checks in 0.31 s: 1 passed, 1 failed, 1 skipped",
    ]


def test_one_failure_fails_the_report() -> None:
    """The exit code and the verdict agree."""
    report = Report(results=(PASSED, FAILED))
    assert (report.passed, report.exit_code, report.verdict) == (False, ExitCode.FAILED, "failed")
    assert report.failures() == [FAILED]


def test_no_check_is_no_proof() -> None:
    """A run without checks fails and says so, and so does one that skipped them all."""
    assert Report(results=()).exit_code is ExitCode.FAILED
    assert Report(results=(SKIPPED,)).exit_code is ExitCode.FAILED
    assert "No check ran" in Report(results=()).to_text()


def test_the_json_holds_everything() -> None:
    """Measurements and addresses are in the JSON."""
    document = json.loads(Report(results=(PASSED, MEASURED), server="redis 7.2", address="h:1").to_json())
    assert (document["verdict"], document["exitCode"], document["address"]) == ("passed", 0, "h:1")
    assert document["checks"][1]["milliseconds"] == 10.5


def test_the_stable_facts_hold_no_measurement() -> None:
    """Neither a time, nor an address, nor a check that changes by itself."""
    report = Report(results=(PASSED, MEASURED), server="redis 7.2", address="h:1", milliseconds=5)
    assert report.stable() == {"verdict": "passed", "server": "redis 7.2", "checks": {"connect": "pass"}}
