"""The sink gcp-secret-manager against Google's API as its discovery document has it."""

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.infra.sinks import fed
from tests.infra.sinks.fed import PASSWORD, VALUES, gcp_stack
from tests.stacks.inprocess import StackInProcess, written
from tests.standins import gcp_secret_manager
from tests.standins.gcp_resource import Refused
from tests.standins.gcp_secret_manager import ADD, CREATE, SET_POLICY, SecretManager
from verify.environment import CacheEnvironment
from verify.open_cache import open_cache

pytestmark = pytest.mark.stack

NAME = "hospitality-redis-prod"
READER = "application@my-project.iam.gserviceaccount.com"
# The settings of a cache that is not Google's.
OF_ANOTHER_VENDOR: dict[str, Any] = {
    "backend": "rediscloud",
    "network": None,
    "privateServiceAccess": None,
    "acceptAnyAddress": "true",
}


@pytest.fixture
def cloud() -> SecretManager:
    """A project with no secret in it."""
    return SecretManager()


def stack(folder: Path, cloud: SecretManager, **settings: Any) -> StackInProcess:
    """Return a stack that delivers to Secret Manager."""
    return gcp_stack(folder, cloud, sinks="gcp-secret-manager", **settings)


def delivered(cloud: SecretManager) -> dict[str, str]:
    """Read each variable as Cloud Run does: the latest version of its secret."""
    return {variable: cloud.latest(f"{NAME}-{variable}") for variable in VALUES}


def test_each_variable_is_a_secret_of_its_own(cloud: SecretManager, tmp_path: Path) -> None:
    """Named after the stack and the variable, where the cache is, with the stack's labels."""
    made = stack(tmp_path, cloud)
    made.up()
    assert delivered(cloud) == VALUES
    assert set(cloud.secrets) == {f"projects/my-project/secrets/{NAME}-{variable}" for variable in VALUES}
    for secret in cloud.secrets.values():
        assert secret.body["replication"] == {"userManaged": {"replicas": [{"location": "us-central1"}]}}
        assert secret.body["labels"] == {"project": "cache", "stack": "prod", "tier": "prod", "managed-by": "pulumi"}
    assert made.outputs == {"secretIds": {variable: f"{NAME}-{variable}" for variable in VALUES}}
    assert "13 unchanged" in made.preview()
    assert "13 unchanged" in made.up()
    made.destroy()
    assert cloud.secrets == {}


def test_another_value_is_another_version_of_its_secret_alone(cloud: SecretManager, tmp_path: Path) -> None:
    """It is there before the old one is destroyed, so that at every moment the latest can be read."""
    made = stack(tmp_path, cloud)
    made.up()
    cloud.requests.clear()
    made.configure(**fed.fed({**VALUES, "REDIS_PASSWORD": "second"}))
    made.up()
    assert cloud.requests == ["addVersion", "versions.destroy"]
    assert delivered(cloud) == {**VALUES, "REDIS_PASSWORD": "second"}
    versions = cloud.secrets[f"projects/my-project/secrets/{NAME}-REDIS_PASSWORD"].versions
    assert [(version.state, version.data) for version in versions] == [("DESTROYED", b""), ("ENABLED", b"second")]
    assert "13 unchanged" in made.up()


def test_without_a_redis_the_client_runs_in_memory(cloud: SecretManager, tmp_path: Path) -> None:
    """A rollback: every secret still has a version to start with, which says nothing."""
    made = stack(tmp_path, cloud)
    made.up()
    made.configure(attached="false", **fed.fed(fed.DETACHED))
    made.up()
    assert not "".join(delivered(cloud).values()).strip()
    with open_cache(CacheEnvironment.from_mapping(delivered(cloud))) as client:
        assert client.health().backend == "memory"
    assert "13 unchanged" in made.up()
    made.configure(attached="true", **fed.fed())
    made.up()
    assert delivered(cloud) == VALUES


def test_a_service_account_may_read_and_nothing_more(cloud: SecretManager, tmp_path: Path) -> None:
    """One more member of each secret's policy; those that others have put there stay."""
    made = stack(tmp_path, cloud)
    made.up()
    name = f"projects/my-project/secrets/{NAME}-REDIS_HOST"
    others = {"role": "roles/secretmanager.viewer", "members": ["group:audit@example.com"]}
    cloud.secrets[name].bindings.append(others)
    cloud.accounts += ("group:audit@example.com",)
    made.configure(secretReaderServiceAccount=READER)
    made.up()
    own = {"role": "roles/secretmanager.secretAccessor", "members": [f"serviceAccount:{READER}"]}
    assert cloud.secrets[name].bindings == [others, own]
    assert all(own in secret.bindings for secret in cloud.secrets.values())
    assert "19 unchanged" in made.up()
    made.configure(secretReaderServiceAccount=None)
    made.up()
    assert cloud.secrets[name].bindings == [others]


def test_an_organization_may_confine_its_data_to_places(cloud: SecretManager, tmp_path: Path) -> None:
    """A secret stands in the cache's region and nowhere else."""
    cloud.locations = ("us-central1",)
    stack(tmp_path, cloud).up()
    assert delivered(cloud) == VALUES


def test_without_a_region_google_chooses(cloud: SecretManager, tmp_path: Path) -> None:
    """A cache of another vendor's may have no region of Google's, and no project but the provider's."""
    made = stack(tmp_path, cloud, name="Prod", **OF_ANOTHER_VENDOR, **{"gcp:region": None, "gcp:project": None})
    made.up()
    replications = [secret.body["replication"] for secret in cloud.secrets.values()]
    assert replications == [{"automatic": {}}] * len(VALUES)
    assert cloud.latest("hospitality-redis-Prod-REDIS_PORT") == "6379"


def test_the_state_has_the_values_as_secrets_alone(cloud: SecretManager, tmp_path: Path) -> None:
    """Neither plain nor in any other form that could be read, in no input, no output and no line that was printed."""
    made = stack(tmp_path, cloud)
    printed = made.preview() + made.up()
    made.configure(**fed.fed({**VALUES, "REDIS_PORT": "6380"}))
    printed += made.up()
    everything = printed + "".join(written(resource) for resource in made.resources)
    assert "[secret]" in everything
    assert [form for form in fed.forms(PASSWORD) if form in everything] == []


@pytest.mark.parametrize("row", gcp_secret_manager.REFUSALS, ids=lambda row: row.words)
def test_the_stand_in_refuses_what_google_refuses(cloud: SecretManager, row: gcp_secret_manager.Refusal) -> None:
    """Each row of the table, by a request that lacks nothing else; without what breaks it, Google takes it."""
    parent = "projects/my-project"
    replication = {"userManaged": {"replicas": [{"location": "us-central1"}]}}
    payload = {"payload": {"data": base64.b64encode(b"value").decode()}}
    binding = {"role": "roles/secretmanager.secretAccessor", "members": [f"serviceAccount:{READER}"]}
    taken: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        CREATE: ({"parent": parent, "secretId": "new"}, {"replication": replication}),
        ADD: ({"parent": f"{parent}/secrets/taken"}, payload),
        SET_POLICY: ({"resource": f"{parent}/secrets/taken"}, {"policy": {"bindings": [binding]}}),
    }
    cloud.send(CREATE, {"parent": parent, "secretId": "taken"}, {"replication": replication})
    cloud.locations = ("us-central1",)
    parameters, body = taken[row.method]
    with pytest.raises(Refused) as refused:
        cloud.send(row.method, {**parameters, **row.parameters}, {**body, **row.body})
    assert row.words in str(refused.value)
    cloud.send(row.method, parameters, body)
