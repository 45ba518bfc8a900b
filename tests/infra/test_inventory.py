"""What backends, sinks and verifiers say of their resources is found by the tables, and read without any SDK."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra import inventory
from infra.aws import log_group
from infra.backend import get
from infra.backends import BACKENDS, settings_of
from infra.settings.delivery import SINKS
from infra.sinks import (
    Sink,
    aws_secrets_manager,
    aws_ssm,
    dotenv,
    encore,
    encore_infra_config,
    gcp_secret_manager,
    github_environment,
    kubernetes_secret,
    module_of,
)
from infra.verifiers import VERIFIERS, VerifierModule, aws_lambda, here

ROOT = Path(__file__).resolve().parents[2]

# Typed: mypy holds each module against its Protocol.
SINK_MODULES: Mapping[str, Sink] = {
    "dotenv": dotenv,
    "encore": encore,
    "encore-infra-config": encore_infra_config,
    "aws-secrets-manager": aws_secrets_manager,
    "aws-ssm": aws_ssm,
    "gcp-secret-manager": gcp_secret_manager,
    "kubernetes-secret": kubernetes_secret,
    "github-environment": github_environment,
}
VERIFIER_MODULES: Mapping[str, VerifierModule] = {"here": here, "aws-lambda": aws_lambda}


def test_no_clouds_sdk_is_loaded_to_read_it() -> None:
    """The pipeline's and the compliance's environments have the packages of one backend."""
    script = "import sys; from infra import inventory; assert inventory.governance().controls; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    assert not {"pulumi_aws", "pulumi_gcp", "pulumi_docker", "pulumi_github", "pulumi_kubernetes", "docker"} & set(
        done.stdout.split()
    )


@pytest.mark.parametrize("name", BACKENDS)
def test_a_backend_says_its_own_name_and_is_declared_from_its_folder(name: str) -> None:
    """The table's key, the object and the folder are one backend."""
    backend = get(name)
    assert backend.name == name
    assert backend.settings is settings_of(name)
    assert backend.resources == f"infra.backends.{name}.resources"


def test_every_sink_and_verifier_is_held_against_its_protocol() -> None:
    """A new one is added above, and mypy compares it."""
    assert SINK_MODULES.keys() == SINKS.keys()
    assert all(module_of(name) is module for name, module in SINK_MODULES.items())
    assert {name: vars(module)["__name__"] for name, module in VERIFIER_MODULES.items()} == VERIFIERS


def test_what_two_ask_for_the_same_type_is_there_once() -> None:
    """The cache and its verifier both declare log groups."""
    (type_, asked), *others = log_group.PERMISSIONS.items()
    assert not others
    assert inventory.governance().permissions[type_] == list(asked)
