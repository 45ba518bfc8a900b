"""What holds for the repository as a whole: who imports whom, what no file may name, what make offers."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# What a package may import of ours, besides itself; __main__ is the shim at the root. DESIGN: "Arrows".
ARROWS = {
    "__main__": {"infra"},
    "infra": {"verify", "runner"},
    "offline": {"runner", "infra"},
    "compliance": {"offline", "runner", "infra"},
    # The command line, operate/cli.py, has a verb for each of them.
    "operate": {"compliance", "offline", "runner", "infra", "verify"},
    "benchmarks": {"infra", "verify", "runner"},
    "runner": set(),
    "verify": set(),
}

# Of the runner the program knows no more than these, which import nothing of ours.
LEAVES_OF_RUNNER = {
    "runner.interrupt",
    "runner.names",
    "runner.output",
    "runner.privacy",
    "runner.private_file",
    "runner.project_error",
    "runner.stack_file",
}

# Each in two parts, so that this file does not name what it forbids.
FORBIDDEN = {
    "a package registry": ("pypi", ".org"),
    "a package registry's files": ("files.python", "hosted.org"),
    "a registry of containers' packages": ("deb.debian", ".org"),
    "the folder of a development machine": ("/wo", "rk/"),
    "the Pulumi CLI of a development machine": ("/opt/pu", "lumi"),
    "the packages of a development machine": ("/opt/wh", "eels"),
}


def tracked() -> list[Path]:
    """Return the files that a clone has, and those about to be added."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()
    return sorted(path for name in set(listing.split("\0")) if name and (path := ROOT / name).is_file())


def modules() -> dict[str, Path]:
    """Return the product's modules by their dotted names."""
    found = {}
    for path in tracked():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if path.suffix == ".py" and parts[0] in ARROWS:
            found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports(module: str, *, for_types: bool = True) -> Iterator[str]:
    """Yield what a module imports: at its head, in its functions, and with `for_types` what it is only typed with."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(path.read_text(), str(path))
    typed_with = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
    }
    for node in ast.walk(tree):
        if node in typed_with and not for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            # `from package import name` names a module or something in one.
            yield from (full if (full := f"{base}.{name.name}") in MODULES else base for name in node.names)


def top(module: str) -> str:
    """Return the package that a module is in."""
    return module.partition(".")[0]


@pytest.mark.parametrize("package", [name for name in ARROWS if any(top(module) == name for module in MODULES)])
def test_a_package_imports_only_what_the_design_allows(package: str) -> None:
    """The arrows of the design, read from the files: also from imports inside functions."""
    ours = {*ARROWS, "tests"}
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        if top(module) == package
        for name in imports(module)
        if top(name) in ours - ARROWS[package] - {package}
    ]
    assert not wrong


@pytest.mark.parametrize("module", sorted(LEAVES_OF_RUNNER))
def test_a_leaf_of_the_runner_imports_no_more_than_leaves(module: str) -> None:
    """So that the program loads nothing of how a stack is run."""
    assert {name for name in imports(module) if top(name) in ARROWS} <= LEAVES_OF_RUNNER


@pytest.mark.parametrize("package", ["infra", "benchmarks"])
def test_the_program_knows_nothing_of_how_it_is_run(package: str) -> None:
    """But for the leaves of the runner."""
    found = {name for module in MODULES if top(module) == package for name in imports(module)}
    assert {name for name in found if top(name) == "runner"} - {"runner"} <= LEAVES_OF_RUNNER


def test_the_diagram_of_the_house_is_what_the_files_say() -> None:
    """Each arrow of CONTRIBUTING.md is an import, and each import between packages an arrow."""
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    drawn = set(re.findall(r"^ +(\w+)(?:\[[^\]]*\])? --> (\w+)", diagram, re.MULTILINE))
    actual = {
        (top(module), top(name))
        for module in MODULES
        for name in imports(module)
        if top(name) in ARROWS and top(name) != top(module)
    }
    assert drawn == actual


def test_there_is_no_circle_among_the_modules() -> None:
    """Imports inside functions are counted too.

    Two kinds are not: what is imported for types alone (TYPE_CHECKING), and what the tables of backends, sinks and
    verifiers name in strings.
    """
    graph = {module: {name for name in imports(module, for_types=False) if name in MODULES} for module in MODULES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)


def foreign(module: str) -> set[str]:
    """Return the packages that a module imports from elsewhere than Python and us."""
    return {top(name) for name in imports(module)} - sys.stdlib_module_names - set(ARROWS)


def test_verify_can_be_shipped_alone() -> None:
    """It goes into a Lambda or a job with redis-py as its one dependency."""
    assert {name for module in MODULES if top(module) == "verify" for name in foreign(module)} <= {"redis"}


def test_what_runs_before_the_installation_needs_python_alone() -> None:
    """The script that makes the environment cannot use what it installs."""
    assert foreign("runner.environment") == set()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names_a_registry_or_a_machine(what: str) -> None:
    """Where packages come from is each machine's setting, and a path of one machine works on no other."""
    needle = re.compile(rb"(?<![\w.~-])" + re.escape("".join(FORBIDDEN[what]).encode()))
    found = [str(path.relative_to(ROOT)) for path in tracked() if needle.search(path.read_bytes())]
    assert not found


def test_no_docstring_begins_with_give_or_say() -> None:
    """They tell nothing of what a function does: it returns, raises, reports or sends."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in tracked()
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, documented) and (text := ast.get_docstring(node) or "").startswith(("Give ", "Say "))
    ]
    assert not found


def test_make_offers_what_it_can_do() -> None:
    """`make` alone lists every command, each with what it does."""
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    listing = subprocess.run(["make"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    offered = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", listing, re.MULTILINE))
    # The one target that others need and nobody asks for.
    assert offered.keys() == set(phony.split()) - {"tools"}


def test_make_hands_odd_values_over_unread(tmp_path: Path) -> None:
    """A stack's name never becomes a command of the shell."""
    trace = tmp_path / "trace"
    printer = tmp_path / "python"
    printer.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{trace}"\n')
    printer.chmod(0o755)
    odd = "a'b\"; touch pwned; `touch pwned` &"
    subprocess.run(
        ["make", "-f", ROOT / "Makefile", "preview", f"STACK={odd}", f"PYTHON={printer}", f"RUN={printer}"],
        cwd=tmp_path,
        check=True,
    )
    assert f"--stack={odd}" in trace.read_text().splitlines()
    assert not (tmp_path / "pwned").exists()
