"""The page of all controls is the controls'."""

from compliance import reference
from tests.recorded_stacks import ROOT


def test_the_page_is_current() -> None:
    """`make docs` writes it anew."""
    assert (ROOT / "docs" / "compliance.md").read_text() == reference.page()
