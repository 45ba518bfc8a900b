"""The JSON Schema of the stacks' files takes what the program takes, and refuses what one file alone can show."""

import json
import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from infra.settings import schema
from tests.infra.test_rejected_configurations import REJECTED
from tests.stacks.project import ROOT

FILE = ROOT / "docs" / "pulumi-stack.schema.json"
STACKS = sorted(ROOT.glob("Pulumi.*.yaml"))

# What of a refusal is plain from a key, a type, a choice or a range; all else needs the program.
SEEN = (
    "is not set; it is one of",
    "is not one of",
    "is no setting",
    "is a setting of",
    "is not a policy of",
    # Of a backend; what a plan can do hangs on other keys as well.
    '" is not what',
    "it is not a whole number",
    "it is neither true nor false",
    "it is greater than",
    "it is less than",
    'cache:folder "" will not do',
)


def problems(config: dict[str, Any]) -> list[str]:
    """Return what the schema says of a configuration; keys without a namespace are the project's."""
    written = {"config": {key if ":" in key else f"cache:{key}": value for key, value in config.items()}}
    return [error.message for error in Draft7Validator(schema.schema()).iter_errors(written)]


def test_the_file_is_that_of_the_settings() -> None:
    """Otherwise: make docs."""
    assert FILE.read_text() == schema.page()
    Draft7Validator.check_schema(json.loads(FILE.read_text()))


@pytest.mark.parametrize("file", STACKS, ids=lambda file: file.name)
def test_every_stack_file_is_taken_and_names_the_schema(file: Any) -> None:
    """The editor finds it by the first line."""
    assert file.read_text().startswith("# yaml-language-server: $schema=docs/pulumi-stack.schema.json\n")
    assert list(Draft7Validator(schema.schema()).iter_errors(yaml.safe_load(file.read_text()))) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (values, said)
        for values, said, _ in REJECTED
        # Which sinks a stack has where none is named depends on its backend.
        if any(words in said for words in SEEN) and "this stack delivers" not in said
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_what_one_file_can_show_is_refused(values: dict[str, str], said: str) -> None:
    """The same configurations that the program refuses, before anything runs; numbers written as numbers."""
    by_hand = {key: int(value) if re.fullmatch("-?[0-9]+", value) else value for key, value in values.items()}
    assert problems(by_hand), said


@pytest.mark.parametrize(
    "values",
    [
        {"memoryMb": 256},
        {"memoryMb": "256"},
        {"budgetUsd": 12.5},
        {"budgetUsd": "12.5"},
        {"backend": "elasticache", "applyImmediately": True},
        {"backend": "elasticache", "applyImmediately": "true"},
        {"backend": "elasticache", "subnetIds": ["subnet-1", "subnet-2"]},
        {"backend": "elasticache", "subnetIds": "subnet-1,subnet-2"},
        {"folder": {"secure": "v1:abc"}},
        {"aws:region": "us-east-1", "aws:assumeRoles": [{"roleArn": "arn"}]},
    ],
    ids=str,
)
def test_both_ways_of_writing_a_value_are_taken(values: dict[str, Any]) -> None:
    """By hand into the file, and by `pulumi config set`, which writes texts; other programs' keys are left alone."""
    assert problems({"backend": "local", **values}) == []


@pytest.mark.parametrize(
    "written",
    [
        {"config": {"cache:backend": "local"}, "secretsprovider": "awskms://alias/pulumi-state", "encryptedkey": "AQ"},
        {"config": {"cache:backend": "local"}, "encryptionsalt": "v1:abc"},
        {"config": {"cache:backend": "local"}, "environment": ["team/cache"]},
    ],
    ids=str,
)
def test_what_pulumi_writes_itself_is_taken(written: dict[str, Any]) -> None:
    """Beside the configuration."""
    assert list(Draft7Validator(schema.schema()).iter_errors(written)) == []


def test_a_misspelt_section_is_refused() -> None:
    """Pulumi reads over it, and the stack has no configuration."""
    assert list(Draft7Validator(schema.schema()).iter_errors({"confg": {"cache:backend": "local"}}))
