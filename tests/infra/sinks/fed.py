"""Stacks of sinks alone, fed with made-up values, and what to search the traces of a secret by."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runner.inprocess.providers import ProviderFinder
from tests.stacks.aws_stack import AwsStack
from tests.stacks.inprocess import StackInProcess
from tests.standins import aws, gcp
from tests.standins.gcp_secret_manager import SecretManager

PROGRAM = Path(__file__).parent / "program"
# Not of this project's making: it may come from a vendor, and then it has whatever characters it has.
PASSWORD = 'p@ss/w"ord+%20 \\=&é'
VALUES = {
    "REDIS_HOST": "cache.example.com",
    "REDIS_PORT": "6379",
    "REDIS_PASSWORD": PASSWORD,
    "REDIS_USE_TLS": "true",
    "REDIS_MAX_RETRIES": "3",
    "REDIS_CONNECT_TIMEOUT": "5000",
}
DETACHED = dict.fromkeys(VALUES, "")


def aws_stack(
    folder: Path,
    account: aws.Account,
    *,
    name: str = "prod",
    values: Mapping[str, str] | None = None,
    key_arn: str | None = None,
    **settings: str,
) -> AwsStack:
    """Return a stack of sinks of AWS."""
    configuration = {"backend": "elasticache", "tier": "prod", **account.network(), **settings, **fed(values)}
    if key_arn is not None:
        configuration["delivered:kmsKeyArn"] = key_arn
    return AwsStack(folder, account, configuration, name=name, program=PROGRAM)


def gcp_stack(
    folder: Path, cloud: SecretManager, *, name: str = "prod", values: Mapping[str, str] | None = None, **settings: str
) -> StackInProcess:
    """Return a stack of Google's sink."""
    configuration = {
        "backend": "memorystore",
        "tier": "prod",
        "network": "projects/my-project/global/networks/main",
        "privateServiceAccess": "adopt",
        "gcp:project": cloud.project,
        "gcp:region": "us-central1",
        **settings,
        **fed(values),
    }
    return StackInProcess(
        folder=folder,
        name=name,
        finders=[cloud.find],
        honoured=gcp.HONOURED,
        program=PROGRAM,
        configuration=dict(configuration),
    )


def anywhere(
    folder: Path,
    finder: ProviderFinder,
    *,
    name: str = "prod",
    values: Mapping[str, str] | None = None,
    **settings: Any,
) -> StackInProcess:
    """Return a stack whose sink goes with every backend."""
    return StackInProcess(
        folder=folder,
        name=name,
        finders=[finder],
        honoured=("version", "aliases", "additionalSecretOutputs"),
        program=PROGRAM,
        configuration={"backend": "local", **settings, **fed(values)},
    )


def fed(values: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the configuration that has the program deliver these."""
    return {"delivered:values": json.dumps(VALUES if values is None else dict(values))}


def forms(secret: str) -> set[str]:
    """Return the texts by which a secret might be found: itself, in JSON, percent-encoded, and in base64."""
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote(secret),
        encoded,
        encoded.rstrip("="),
        base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    }
