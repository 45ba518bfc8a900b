"""The report in the formats that other programs read."""

from collections.abc import Callable, Mapping
from typing import Final, get_args
from xml.etree import ElementTree as ET

from verify.exposition import family, labels
from verify.report import Report, Verdict

_SECONDS: Final = 1000


def junit(report: Report) -> str:
    """Return the report as JUnit XML, which CI services show beside the tests; a warning counts as passed."""
    verdicts = [result.verdict for result in report.results]
    suite = ET.Element(
        "testsuite",
        name=f"verify {report.address}".rstrip(),
        tests=str(len(verdicts)),
        failures=str(verdicts.count("fail")),
        skipped=str(verdicts.count("skip")),
        time=f"{report.milliseconds / _SECONDS:.3f}",
    )
    for result in report.results:
        case = ET.SubElement(
            suite,
            "testcase",
            classname="verify",
            name=result.title,
            time=f"{result.milliseconds / _SECONDS:.3f}",
        )
        words = "\n".join(text for text in (result.detail, result.cause, result.remedy) if text)
        match result.verdict:
            case "fail":
                ET.SubElement(case, "failure", type=result.code, message=result.cause).text = words
            case "skip":
                ET.SubElement(case, "skipped", message=result.detail)
            case _ if words:
                ET.SubElement(case, "system-out").text = words
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True)


def prometheus(report: Report) -> str:
    """Return the report as gauges in Prometheus's text format, for a node exporter's textfile collector.

    Gauges only: a counter of a process that ends would start again at each run (goss issue 867).
    """
    lines = _gauge("passed", "Whether the whole verification passed.", {"": float(report.passed)})
    lines += _gauge(
        "check",
        "The verdict of each check: 1 for the one that it has.",
        {
            labels({"check": result.name, "verdict": verdict}): float(result.verdict == verdict)
            for result in report.results
            for verdict in get_args(Verdict)
        },
    )
    lines += _gauge("duration_seconds", "How long the verification took.", {"": report.milliseconds / _SECONDS})
    for result in report.results:
        for name, value in result.measured.items():
            lines += _gauge(name, f"Measured by the check {result.name}.", {"": value})
    return "\n".join(lines)


FORMATS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": Report.to_text,
    "json": Report.to_json,
    "junit": junit,
    "prometheus": prometheus,
}


def _gauge(name: str, help_text: str, samples: Mapping[str, float]) -> list[str]:
    return family(f"cache_verify_{name}", help_text, samples)
