import re
from xml.etree import ElementTree as ET

import pytest

from tests.verify.exposition import parse
from verify.exposition import family, labels
from verify.formats import FORMATS, junit, prometheus
from verify.report import Report, Result

REPORT = Report(
    results=(
        Result(name="connect", title="the server is reached", verdict="pass", detail="1 ms", milliseconds=1),
        Result(
            name="delete",
            title="a deleted key is gone",
            verdict="fail",
            detail='<"&>',
            cause="still there",
            remedy="look",
            code="key-not-deleted",
        ),
        Result(name="memory", title="memory", verdict="warn", detail="95%", cause="full", remedy="more", code="m"),
        Result(name="version", title="version", verdict="skip", detail="nothing was asked"),
        Result(
            name="latency",
            title="latency",
            verdict="pass",
            volatile=True,
            measured={"latency_p50_seconds": 0.00012, "memory_used_bytes": 123456789.0},
        ),
    ),
    server="valkey 9.1.2",
    address="localhost:6379",
    milliseconds=250,
)


def test_every_format_of_the_command_line_is_there() -> None:
    """These are the choices of --format."""
    assert list(FORMATS) == ["text", "json", "junit", "prometheus"]
    assert all(form(REPORT) for form in FORMATS.values())


def test_junit_counts_failures_and_skips() -> None:
    """A CI service shows a failure with cause and remedy; what has to be escaped is."""
    suite = ET.fromstring(junit(REPORT))  # noqa: S314 — our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert (failure.get("type"), failure.get("message")) == ("key-not-deleted", "still there")
    assert failure.text == '<"&>\nstill there\nlook'
    assert [case.get("name") for case in suite.findall("testcase")] == [result.title for result in REPORT.results]


def test_prometheus_has_gauges_alone() -> None:
    """One line for each verdict that a check can have, 1 for the one it has; and what was measured."""
    lines = prometheus(REPORT).splitlines()
    assert "cache_verify_passed 0.0" in lines
    assert 'cache_verify_check{check="delete",verdict="fail"} 1.0' in lines
    assert 'cache_verify_check{check="delete",verdict="pass"} 0.0' in lines
    assert "cache_verify_latency_p50_seconds 0.00012" in lines
    assert "cache_verify_memory_used_bytes 123456789.0" in lines
    assert {line.split()[-1] for line in lines if line.startswith("# TYPE")} == {"gauge"}


def test_prometheus_can_be_parsed() -> None:
    """Each line is a comment or a sample, and each name has its help and type before it, once."""
    name = r"[a-z0-9_]+"
    sample = re.compile(rf'({name})(\{{{name}="[a-z0-9-]+"(,{name}="[a-z0-9-]+")*\}})? [0-9.e+-]+')
    typed: list[str] = []
    for line in prometheus(REPORT).splitlines():
        if line.startswith("# TYPE "):
            typed.append(line.split()[2])
        elif not line.startswith("# HELP "):
            match = sample.fullmatch(line)
            assert match, line
            assert match[1] == typed[-1]
    assert len(typed) == len(set(typed))


def test_prometheus_is_read_by_the_strict_reader_too() -> None:
    """The report and the metrics have one writer."""
    found = parse(prometheus(REPORT))
    assert found["cache_verify_check"].value(check="delete", verdict="fail") == 1


def test_labels_are_escaped() -> None:
    """Prometheus's three escapes, and nothing else."""
    assert labels({"a": '\\"\n{}', "b": "é"}) == '{a="\\\\\\"\\n{}",b="é"}'
    assert labels({}) == ""
    assert family("name", "Help.", {}) == []


@pytest.mark.parametrize(
    "text",
    [
        "# HELP a b\n# TYPE a gauge\na nan",
        "# HELP a b\n# TYPE a gauge\na 1\na 1",
        '# HELP a b\n# TYPE a gauge\na{b="c"d"} 1',
        '# HELP a b\n# TYPE a gauge\na{b="\\x"} 1',
        '# HELP a b\n# TYPE a gauge\na{b="1",b="2"} 1',
        "# HELP a b\n# TYPE a gauge\nb 1",
        "# HELP a b\n# TYPE a gauge\na_sum 1",
        "# HELP a b\n# TYPE a counted\na 1",
        "# HELP a b\n# TYPE a gauge\na 1\n# HELP a b\n# TYPE a gauge\na 2",
        "# TYPE a gauge\na 1",
        '# HELP a b\n# TYPE a gauge\na{b="\x1b"} 1',
    ],
)
def test_the_reader_refuses_what_is_malformed(text: str) -> None:
    """Else the tests that use it could not fail."""
    with pytest.raises(AssertionError):
        parse(text)
