"""Prometheus's text format, version 0.0.4.

Source: https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md
"""

from collections.abc import Mapping
from typing import Final, Literal

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["gauge", "counter", "summary"]

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def family(name: str, help_text: str, samples: Mapping[str, float], *, kind: Kind = "gauge") -> list[str]:
    """Return the lines of one metric, and none where it has no sample.

    A sample's key is what follows the name: the labels, and a summary's _sum or _count before them.
    """
    if not samples:
        return []
    values = [f"{name}{rest} {value!r}" for rest, value in samples.items()]
    return [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}", *values]


def labels(values: Mapping[str, str]) -> str:
    """Return labels with their values escaped, and nothing for none."""
    pairs = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in values.items())
    return f"{{{pairs}}}" if pairs else ""
