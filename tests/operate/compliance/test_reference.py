"""The page of all demands is the demands'."""

from operate.compliance import reference
from tests.operate.compliance.stacks import ROOT


def test_the_page_is_current() -> None:
    """`make docs` writes it anew."""
    assert (ROOT / "docs" / "compliance.md").read_text() == reference.page()
