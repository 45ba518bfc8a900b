"""A strict reader of Prometheus's text format 0.0.4, which refuses what a scraper would refuse."""

import re
from dataclasses import dataclass, field

Labels = frozenset[tuple[str, str]]

_NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
_VALUE = r'"(?:[^"\\\n]|\\["\\n])*"'
_PAIR = re.compile(rf"([a-zA-Z_][a-zA-Z0-9_]*)=({_VALUE})(?:,|$)")
_SAMPLE = re.compile(
    rf"({_NAME})(?:\{{((?:[a-zA-Z_][a-zA-Z0-9_]*={_VALUE},?)*)\}})? (-?[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?)"
)
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}


@dataclass
class Family:
    """A metric: its type, and its samples by their labels. A summary's _sum and _count have a label of that name."""

    kind: str
    samples: dict[Labels, float] = field(default_factory=dict)

    def value(self, **labels: str) -> float:
        """Return the value of the sample that has exactly these labels."""
        return self.samples[frozenset(labels.items())]


def parse(text: str) -> dict[str, Family]:
    """Return each metric by its name. Fails on what is malformed, twice there, or not together with its metric."""
    families: dict[str, Family] = {}
    helped = name = ""
    # Not splitlines, which also parts at characters that the format keeps.
    for line in text.removesuffix("\n").split("\n"):
        assert all(character.isprintable() for character in line), line
        if line.startswith("# HELP "):
            helped = line.split(" ", 3)[2]
            assert helped not in families, line
        elif line.startswith("# TYPE "):
            name, kind = line.split(" ")[2:]
            assert name == helped, line
            assert kind in {"gauge", "counter", "summary"}, line
            families[name] = Family(kind)
        else:
            _add(families[name], name, line)
    assert all(family.samples for family in families.values())
    return families


def _add(family: Family, name: str, line: str) -> None:
    match = _SAMPLE.fullmatch(line)
    assert match, line
    pairs = [(key, _unescaped(value[1:-1])) for key, value in _PAIR.findall(match[2] or "")]
    assert len(dict(pairs)) == len(pairs), line
    if match[1] != name:
        assert family.kind == "summary", line
        assert match[1].removeprefix(name) in {"_sum", "_count"}, line
        pairs.append((match[1].removeprefix(name), ""))
    assert frozenset(pairs) not in family.samples, line
    family.samples[frozenset(pairs)] = float(match[3])


def _unescaped(value: str) -> str:
    return re.sub(r'\\["\\n]', lambda match: _ESCAPES[match[0]], value)
