"""The table of faults as a page, docs/faults.md."""

from itertools import groupby
from typing import Final, get_args

from verify.faults import FAULTS, Fault, Layer

_TITLES: Final[dict[Layer, str]] = {
    "configuration": "Configuration",
    "name": "Name",
    "network": "Network",
    "tls": "TLS",
    "authentication": "Authentication",
    "server": "Server",
    "expectation": "What only a check finds",
    "application": "Application",
}

_INTRODUCTION: Final = """\
# Faults

Everything that `python -m verify` and the cache client know to go wrong, with its cure. The codes are stable: alarms
may match on them.

*Try again* says whether the fault may pass by itself: `--wait` waits for those alone, and the client retries those
alone. *Exit* is what `python -m verify check` ends with where the fault keeps the cache from being reached or fails
a check; a warning ends with 0.

This page is generated: `make docs`.
"""


def markdown() -> str:
    """Return the page, one section for each layer, in the table's order."""
    layers = get_args(Layer)
    ordered = sorted(FAULTS, key=lambda fault: layers.index(fault.layer))
    sections = [
        "\n".join([f"## {_TITLES[layer]}", "", *_rows(list(faults))])
        for layer, faults in groupby(ordered, key=lambda fault: fault.layer)
    ]
    return "\n".join([_INTRODUCTION, "\n\n".join(sections)]) + "\n"


def _rows(faults: list[Fault]) -> list[str]:
    head = ["| code | cause | remedy | try again | exit |", "| --- | --- | --- | --- | --- |"]
    return head + [
        f"| `{fault.code}` | {_cell(fault.cause)}. | {_cell(fault.remedy)}. "
        f"| {'yes' if fault.retryable else 'no'} | {int(fault.exit_code)} |"
        for fault in faults
    ]


def _cell(text: str) -> str:
    return text[0].upper() + text[1:].replace("|", "\\|").replace("<", "\\<")
