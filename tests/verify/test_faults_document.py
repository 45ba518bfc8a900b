from pathlib import Path

import pytest

from verify.command_line import main
from verify.faults import FAULTS
from verify.faults_document import markdown

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"


def test_the_page_is_current() -> None:
    """It is generated from the table that the code runs on."""
    assert PAGE.read_text() == markdown(), "run: python -m verify faults --markdown > docs/faults.md"


def test_every_fault_is_on_the_page() -> None:
    """Each has one row, with its remedy."""
    rows = [line for line in markdown().splitlines() if line.startswith("| `")]
    assert sorted(row.split("`")[1] for row in rows) == sorted(fault.code for fault in FAULTS)


def test_the_command_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    """The same for a terminal."""
    assert main(["faults"]) == 0
    listed = capsys.readouterr().out
    assert all(f"{fault.code}\n  cause   {fault.cause}" in listed for fault in FAULTS)
    assert main(["faults", "--markdown"]) == 0
    assert capsys.readouterr().out == markdown()


def test_cause_and_remedy_are_sentences_without_their_end() -> None:
    """Whoever prints them puts the full stop."""
    for fault in FAULTS:
        assert fault.cause
        assert fault.remedy
        assert not (fault.cause + fault.remedy).endswith(".")
        assert fault.code == fault.code.lower()
