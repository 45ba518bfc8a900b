"""What the tests of the compliance matrix share."""

from pathlib import Path

import pytest

from compliance import checkov
from runner import environment
from tests.recorded_stacks import ROOT


@pytest.fixture(scope="session")
def checkov_environment() -> Path:
    """Make the environment of the scanner, as `make compliance` does."""
    environment.install(ROOT, None, "compliance", checkov.ENVIRONMENT)
    return ROOT / checkov.ENVIRONMENT
