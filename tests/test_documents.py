import html
import re

from infra import reference
from infra.settings import schema
from tests.stacks.project import ROOT
from verify import faults


def test_the_tables_in_the_readme_are_those_of_the_code() -> None:
    """Otherwise: make docs."""
    readme = (ROOT / "README.md").read_text()
    assert reference.written_into(readme) == readme


def test_every_setting_is_in_the_table() -> None:
    """A key that people cannot find is not there."""
    readme = (ROOT / "README.md").read_text()
    for key in schema.every_setting():
        assert f"\n| `{key}` |" in readme


def test_the_runbook_has_every_fault_and_every_command_and_no_other() -> None:
    """Whoever is called at night finds the code that was printed."""
    text = (ROOT / "docs/runbook.md").read_text()
    codes = re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)
    assert sorted(codes) == sorted(fault.code for fault in faults.FAULTS)
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    commands = re.findall(r"^\| `make ([a-z-]+)` \|", text, re.MULTILINE)
    assert sorted(commands) == sorted(set(phony.split()) - {"tools"})


def test_no_document_leads_nowhere() -> None:
    """Each link to a file of the repository, and each heading that one names, is there."""
    broken = [
        f"{document.relative_to(ROOT)} -> {target}"
        for document in [
            *ROOT.glob("*.md"),
            *ROOT.glob("docs/*.md"),
            *ROOT.glob("examples/*/*.md"),
            *ROOT.glob("verify/*.md"),
        ]
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert not broken


def test_the_picture_shows_what_the_readme_says_of_the_first_run() -> None:
    """It was made of a real run (CONTRIBUTING says how), and is made again when the words change."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", (ROOT / "docs/up.svg").read_text())
    shown = re.sub(r"\d+", "0", html.unescape("\n".join(texts)).replace("\N{NO-BREAK SPACE}", " "))
    (first, *_) = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    promised = [re.sub(r"\d+", "0", line) for line in first.splitlines() if line != "…" and not line.startswith("$")]
    assert [line for line in promised if line not in shown] == []
