"""What the tests of the compliance matrix share."""

from pathlib import Path

import pytest

from operate.compliance import checkov
from runner import environment
from tests.operate.compliance.stacks import ROOT, Declared, project, recorded


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """What the stack prod declares, in a network of the test's."""
    return recorded(project(tmp_path_factory.mktemp("prod"), "prod", like="prod"), "prod")


@pytest.fixture(scope="session")
def checkov_environment() -> Path:
    """Make the environment of the scanner, as `make compliance` does."""
    environment.synchronise(ROOT, "compliance", checkov.ENVIRONMENT)
    return ROOT / checkov.ENVIRONMENT
