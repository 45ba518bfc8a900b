from infra import reference
from tests.stacks.project import ROOT


def test_the_tables_in_the_readme_are_those_of_the_code() -> None:
    """Otherwise: make docs."""
    readme = (ROOT / "README.md").read_text()
    assert reference.written_into(readme) == readme


def test_every_setting_is_in_the_table() -> None:
    """A key that people cannot find is not there."""
    readme = (ROOT / "README.md").read_text()
    for key in ("cache:backend", "cache:tier", "cache:memoryMb", "cache:port"):
        assert f"| `{key}` |" in readme
