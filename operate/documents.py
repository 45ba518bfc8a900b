"""The generated documents, each made from the code: `make docs` writes them, and a stale one fails CI."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from compliance import reference as controls
from infra import costs_document, reference
from infra.markdown import table
from infra.settings import schema
from operate.permissions import document as permissions
from operate.verb import Groups, Verb
from runner.attempt import FAILED, say
from runner.project import Project
from verify import faults_document

CONFIGURATION: Final = Path("docs") / "configuration.md"
OUTPUTS: Final = Path("docs") / "outputs.md"
COMMANDS: Final = Path("docs") / "commands.md"
FAULTS: Final = Path("docs") / "faults.md"
COSTS: Final = Path("docs") / "costs.md"
COMPLIANCE: Final = Path("docs") / "compliance.md"
SCHEMA: Final = Path("docs") / "pulumi-stack.schema.json"

HEAD: Final = """\
# Commands

There is one command line, `.venv/bin/python -m operate VERB`. Each verb but `ci` is a target of make as well, which
installs first what the verb needs. `--help` after a verb prints its options. `python -m verify` is a command of its
own, since the verifier is used alone too.

This page is generated: `make docs`.
"""


def made(project: Project, commands: str) -> Mapping[Path, str]:
    """Return every generated document by its path in the project. Raises `ProjectError`."""
    return {
        CONFIGURATION: reference.configuration_page(),
        OUTPUTS: reference.outputs_page(),
        COMMANDS: commands,
        FAULTS: faults_document.markdown(),
        COSTS: costs_document.markdown(),
        COMPLIANCE: controls.page(),
        SCHEMA: schema.page(),
        permissions.PAGE: permissions.page(),
        **permissions.policies(project),
    }


def write(project: Project, documents: Mapping[Path, str]) -> int:
    """Write the documents; return the exit code."""
    for path, text in documents.items():
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
        (project.root / path).write_text(text, encoding="utf-8")
    return 0


def check(project: Project, documents: Mapping[Path, str]) -> int:
    """Name the documents that are stale; return the exit code, 1 where there are any."""
    stale = [
        path
        for path, text in documents.items()
        if not (project.root / path).is_file() or (project.root / path).read_text(encoding="utf-8") != text
    ]
    for path in stale:
        say(f"error: {path} is stale: make docs")
    return FAILED if stale else 0


def commands(groups: Groups, exit_codes: Mapping[int, str]) -> str:
    """Return the page of the verbs, their options and the exit codes."""
    listed = [
        part
        for title, verbs in groups.items()
        for part in (f"## {title.capitalize()}\n", table(["verb", "what it does", "options"], _rows(verbs)), "")
    ]
    codes = table(["code", "meaning"], [[str(code), meaning] for code, meaning in exit_codes.items()])
    return "\n".join([HEAD, *listed, "## Exit codes\n", codes, ""])


def _rows(verbs: Sequence[Verb], above: str = "") -> Iterator[list[str]]:
    for verb in verbs:
        options = ", ".join(f"`{each.flag}`" for each in verb.all_options)
        yield [f"`{above}{verb.name}`", verb.help, options]
        yield from _rows(verb.verbs, f"{above}{verb.name} ")
