"""Whole Memorystore stacks that deliver to Google's Secret Manager, where they go when nothing is said."""

from pathlib import Path

import pytest

from benchmarks.certificates import Authority
from infra import verification
from infra.connection import GUIDES_VARIABLES
from tests.infra.sinks import fed
from tests.stacks.gcp_stack import stack
from tests.stacks.inprocess import StackInProcess, written
from tests.standins import gcp
from tests.standins.gcp_secret_manager import SecretManager
from verify.environment import CacheEnvironment
from verify.open_cache import open_cache

pytestmark = pytest.mark.stack

VARIABLES = (*GUIDES_VARIABLES, "REDIS_TLS_CA")


@pytest.fixture
def manager() -> SecretManager:
    """The project's secrets, in an organization that confines its data to one region."""
    return SecretManager(locations=("us-central1",))


@pytest.fixture
def prod(manager: SecretManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackInProcess:
    """A stack of tier prod that is up and delivered, with no server behind it."""
    monkeypatch.setenv(verification.SWITCH, "off")
    cloud = gcp.Cloud(authorities=(Authority().pem, Authority().pem))
    reader = "application@my-project.iam.gserviceaccount.com"
    made = stack(tmp_path, cloud, sinks=None, secretReaderServiceAccount=reader)
    made.finders = [*made.finders, manager.find]
    made.up()
    return made


def delivered(manager: SecretManager) -> dict[str, str]:
    """Read each variable as Cloud Run does: the latest version of its secret."""
    return {variable: manager.latest(f"hospitality-redis-prod-{variable}") for variable in VARIABLES}


def test_the_secrets_are_exactly_the_contracts_variables(prod: StackInProcess, manager: SecretManager) -> None:
    """And the authority's certificates, in each of their lines; an application has all it needs with them."""
    assert delivered(manager) == prod.outputs["connection"]
    assert set(prod.outputs["secretIds"]) == set(VARIABLES)
    environment = CacheEnvironment.from_mapping(delivered(manager))
    assert (environment.host, environment.use_tls) == (prod.outputs["connection"]["REDIS_HOST"], True)
    assert environment.tls_ca is not None
    assert environment.tls_ca.count("BEGIN CERTIFICATE") == 2


def test_a_second_up_writes_no_new_version(prod: StackInProcess, manager: SecretManager) -> None:
    """Nobody's secret changes that did not have to."""
    manager.requests.clear()
    prod.up()
    assert manager.requests == []


def test_a_rollback_leaves_a_client_in_memory_and_an_attach_brings_it_back(
    prod: StackInProcess, manager: SecretManager
) -> None:
    """Every secret still has a version to start with."""
    old = delivered(manager)
    prod.configure(attached="false")
    prod.up()
    with open_cache(CacheEnvironment.from_mapping(delivered(manager))) as client:
        assert client.health().backend == "memory"
    prod.configure(attached="true")
    prod.up()
    assert delivered(manager) == old


def test_no_plain_part_of_the_state_has_the_auth_string(prod: StackInProcess) -> None:
    """Nor in a form that it could be read from."""
    everything = "".join(written(resource) for resource in prod.resources)
    password = prod.outputs["connection"]["REDIS_PASSWORD"]
    assert [form for form in fed.forms(password) if form in everything] == []
