"""The outputs that docs/outputs.md has are those that the program exports."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import backend, sinks
from infra.backends import BACKENDS
from infra.outputs import OF_EVERY_STACK, Output
from infra.settings.delivery import SINKS
from offline.recorder import recording
from runner.inprocess import wire
from tests.recorded_stacks import NETWORK, ROOT, project

pytestmark = pytest.mark.stack

# For each backend a stack of it that has as many outputs as it can, by the stack's file and further settings.
STACKS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "local": (
        "Pulumi.local.yaml",
        {
            "cache:sinks": "dotenv,encore,encore-infra-config,kubernetes-secret,github-environment",
            "github:owner": "owner",
            "cache:githubRepository": "repository",
            "cache:githubEnvironment": "prod",
            "cache:kubernetesNamespace": "team",
            "kubernetes:enableSecretMutable": "true",
            "cache:encoreApp": "app",
            "cache:encoreTypes": "prod",
            "cache:encoreInfraConfig": "infra.config.json",
            "cache:encoreCacheCluster": "cache",
        },
    ),
    "docker": ("Pulumi.dev.yaml", {}),
    "elasticache": ("Pulumi.prod.yaml", {"cache:sinks": "aws-secrets-manager,aws-ssm"}),
    "memorystore": ("examples/memorystore/Pulumi.memorystore.yaml", {}),
    "rediscloud": ("examples/rediscloud/Pulumi.rediscloud.yaml", {}),
    "memory": ("Pulumi.local.yaml", {"cache:backend": "memory"}),
}


def documented(name: str, chosen: tuple[str, ...]) -> dict[str, Output]:
    """Return the outputs that the page has for a stack."""
    known = [*OF_EVERY_STACK, *backend.get(name).outputs]
    known += [output for sink in chosen for output in sinks.module_of(sink).OUTPUTS]
    return {output.name: output for output in known}


def exported(folder: Path, name: str) -> Mapping[str, Any]:
    """Return the outputs of the backend's stack, as a preview knows them."""
    file, settings = STACKS[name]
    made = project(folder, "stack")
    config = yaml.safe_load((ROOT / file).read_text())["config"]
    config |= settings
    if name == "elasticache":
        config |= NETWORK
    (folder / "Pulumi.stack.yaml").write_text(yaml.safe_dump({"config": config}))
    return recording(made, "stack", made.configuration("stack")).outputs


@pytest.mark.parametrize("name", BACKENDS)
def test_the_page_has_the_outputs_of_a_stack(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each one, no other, and whether it is a secret; but for what only an `up` knows."""
    monkeypatch.chdir(tmp_path)
    found = exported(tmp_path, name)
    known = documented(name, tuple(found["sinks"]))
    # An `up` asks the application; the vendor's own password is not rotated.
    is_rotated = backend.get(name).settings.capabilities.passwords.at_a_time
    absent = {"application"} if is_rotated else {"application", "rotation"}
    assert found.keys() == known.keys() - absent
    assert {key for key, value in found.items() if wire.is_secret(value)} == {
        key for key, output in known.items() if output.secret
    }


def test_the_page_has_what_the_program_exports_by_name() -> None:
    """The outputs of every stack, of which a preview does not have all."""
    calls = [
        node.args[0].value
        for file in (ROOT / "infra").glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "pulumi.export"
        and isinstance(node.args[0], ast.Constant)
    ]
    assert set(calls) == {output.name for output in OF_EVERY_STACK}


def test_every_sink_is_among_the_stacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise nothing holds its outputs against the page."""
    monkeypatch.chdir(tmp_path)
    seen = set()
    for name in BACKENDS:
        (tmp_path / name).mkdir()
        seen |= set(exported(tmp_path / name, name)["sinks"])
    assert seen == SINKS.keys()
