"""What a clean clone takes to its proved cache, and what `up` and `preview` cost when there is nothing to do."""

import functools
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.comparison import Comparison, alternate, compare, run, seconds
from benchmarks.figures import Row, Section, comparisons, duration
from benchmarks.project import Clone, newcomers_environment, taken_down

# The in-process engine is a stand-in, whose runs are little else than imports.
UP_AT_MOST: Final[Mapping[str, float]] = {"pulumi": 1.25}
VERIFICATION_AT_MOST: Final = 1.0

ENGINE_NAMES: Final = {"inprocess": "in-process", "pulumi": "Pulumi CLI"}


@dataclass(frozen=True, kw_only=True)
class NothingToDo:
    """`up` and `preview` of a stack that is as declared, against those of the bare program, both unverified.

    `verification` compares what a verified `up` takes beyond one that is not, with `verify check` alone.
    """

    up: Comparison
    preview: Comparison
    verification: Comparison


@dataclass(frozen=True, kw_only=True)
class EngineFigures:
    """What one engine takes; `arrivals` are the seconds from a clean clone to its proved cache.

    `python` is that of a clone, as long as its folder is there.
    """

    engine: str
    python: Path
    arrivals: tuple[float, ...]
    nothing_to_do: NothingToDo


def engines() -> Sequence[str]:
    """Name the engines that are here: ours, and Pulumi's where it is on PATH."""
    return ("inprocess", "pulumi") if shutil.which("pulumi") else ("inprocess",)


def measure(folder: Path, engine: str, *, arrivals: int, rounds: int) -> EngineFigures:
    """Measure one engine, with all clones in `folder`."""
    clones = [Clone(root=folder / f"clone-{number}", engine=engine) for number in range(arrivals)]
    with taken_down(*clones):
        took = tuple(seconds(functools.partial(_arrive, clone)) for clone in clones)
        compared = compare_with_nothing_to_do(clones[0], folder, rounds=rounds)
    return EngineFigures(engine=engine, python=clones[0].python, arrivals=took, nothing_to_do=compared)


def _arrive(clone: Clone) -> None:
    """Do what a newcomer does."""
    Clone.made(clone.root, clone.engine).make_up()


def compare_with_nothing_to_do(project: Clone, folder: Path, *, rounds: int) -> NothingToDo:
    """Compare copies of the project, with the bare program in one of them; they stay in `folder`."""
    ours, bare, verified = siblings = (
        project.sibling(folder / "ours"),
        project.sibling(folder / "bare", bare=True),
        project.sibling(folder / "verified"),
    )
    with taken_down(*siblings):
        for each in siblings:
            each.do("up", verified=each is verified)
        return NothingToDo(
            up=compare(lambda: ours.do("up"), lambda: bare.do("up"), rounds=rounds),
            preview=compare(lambda: ours.do("preview"), lambda: bare.do("preview"), rounds=rounds),
            verification=_verification(ours, verified, rounds=rounds),
        )


def _verification(ours: Clone, verified: Clone, *, rounds: int) -> Comparison:
    variables = newcomers_environment() | verified.variables()
    check = (verified.python, "-m", "verify", "check")
    with_it, without, alone = alternate(
        (
            lambda: verified.do("up", verified=True),
            lambda: ours.do("up"),
            lambda: run(check, folder=verified.root, environment=variables),
        ),
        rounds=rounds,
    )
    added = tuple(more - less for more, less in zip(with_it, without, strict=True))
    return Comparison(ours=added, bare=alone)


def arrival_section(measured: Sequence[EngineFigures]) -> Section:
    """Write the part on clean clones."""
    return Section(
        title="From a clean clone to a proved cache",
        introduction="`git clone` of the project and `make up` in it, with all packages in uv's cache already: the "
        "installation, the server, and every check.",
        header=("engine", "median", "fastest", "slowest", "clones"),
        lines=[
            (
                ENGINE_NAMES[figures.engine],
                duration(median(figures.arrivals)),
                duration(min(figures.arrivals)),
                duration(max(figures.arrivals)),
                str(len(figures.arrivals)),
            )
            for figures in measured
        ],
    )


def nothing_to_do_section(measured: Sequence[EngineFigures]) -> Section:
    """Write the part on `up` and `preview`."""
    rows = []
    for figures in measured:
        name = ENGINE_NAMES[figures.engine]
        rows += [
            Row(title=f"`up`, {name}", comparison=figures.nothing_to_do.up, most=UP_AT_MOST.get(figures.engine)),
            Row(title=f"`preview`, {name}", comparison=figures.nothing_to_do.preview),
        ]
    return Section(
        title="`up` and `preview` with nothing to do",
        introduction="The project's program against the smallest that declares the same server by hand "
        "(benchmarks/bare_program.py), both run by `python -m operate` on the same engine, CACHE_VERIFICATION=off.",
        header=comparisons("bare program"),
        lines=[row.cells() for row in rows],
        remarks="The bare program reads no settings, makes no password and delivers nothing. On the in-process engine "
        "a run is little else than imports, of which the bare program has fewer: the target is for the CLI alone.",
    )


def verification_section(measured: Sequence[EngineFigures]) -> Section:
    """Write the part on what the verification adds."""
    rows = [
        Row(
            title=ENGINE_NAMES[figures.engine],
            comparison=figures.nothing_to_do.verification,
            most=VERIFICATION_AT_MOST,
        )
        for figures in measured
    ]
    return Section(
        title="What the verification adds to an `up`",
        introduction="An `up` with it less one without, against `python -m verify check` alone on the same server.",
        header=comparisons("check alone"),
        lines=[row.cells() for row in rows],
    )
