"""What the Memorystore backend declares: its contract with the state, with users' complaints, and with Google's API.

Whole stacks and what the API says of them are in tests/stacks/test_memorystore_stack.py.
"""

import inspect
import re
from pathlib import Path
from typing import Any

import pulumi_gcp
import pytest
from pulumi.runtime.proto import resource_pb2

from benchmarks.certificates import Authority
from infra import preconditions, verification
from infra.backend import Declaration
from infra.backends.memorystore import naming, replacement_guard, tier_defaults, versions
from infra.backends.memorystore import resources as memorystore
from infra.gcp import patterns
from infra.naming import NAME_PREFIX
from runner.inprocess import operations, wire
from runner.inprocess.engine import Engine
from tests.stacks.gcp_stack import INSTANCE, MAIN, stack
from tests.stacks.inprocess import ROOT, StackInProcess, written
from tests.standins import gcp, gcp_discovery, gcp_refusals
from tests.standins.gcp_refusals import CONNECT, CREATE, DISCONNECT, PATCH, RESERVE, UPGRADE
from tests.standins.gcp_resource import Refused

# Users' reports, and the test of our answer to each. "google" is terraform-provider-google, "module" is
# terraform-google-memorystore.
PAINS = {
    "google 8306, 9174: an upgrade replaced the cache": "test_what_google_can_change_is_changed_in_place",
    "google 11425, module 83: read_replicas_mode replaced the cache": "test_nothing_is_said_of_zones_and_read_replicas",
    "google 11559: alternative_location_id replaced a cache of tier BASIC, at every apply": (
        "test_nothing_is_said_of_zones_and_read_replicas"
    ),
    "google 14734, module 97, mozilla/terraform-modules 323: replica_count is an error": (
        "test_nothing_is_said_of_zones_and_read_replicas"
    ),
    "google 1548: a change that Google can make replaced the cache": "test_what_google_can_change_is_changed_in_place",
    "module 220: a change of tier or TLS replaced the cache": "test_what_google_cannot_change_ends_in_the_preview",
    "sourcegraph 58173: persistence that was not said in full changed for ever": "test_a_second_preview_is_empty",
    "magic-modules 15024: what protects from a deletion was not said": "test_protection_is_said_in_every_tier",
    "google 3294, 16697: another connection's ranges were replaced": ("test_an_access_that_others_use_is_not_touched"),
    "google 19908, pulumi-gcp 3354: the connection could not be deleted": (
        "test_a_stack_of_its_own_way_to_google_makes_it_and_takes_it_away"
    ),
    "module 30, 107, 163: a shared network of another project": "test_a_shared_network_of_another_project_is_adopted",
    "envoy/ratelimit 409: the certificate is of an address": (
        "test_the_cache_is_proved_under_its_private_authority_on_an_address"
    ),
}


@pytest.fixture
def prod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackInProcess:
    """A stack of tier prod that is up, with a private service access of its own."""
    monkeypatch.setenv(verification.SWITCH, "off")
    monkeypatch.setenv(preconditions.CONFIRMATION, "prod")
    made = stack(tmp_path, gcp.Cloud(), privateServiceAccess="declare")
    made.up()
    return made


def test_every_pain_has_a_test() -> None:
    """The table above names tests that there are."""
    files = (Path(__file__), ROOT / "tests" / "stacks" / "test_memorystore_stack.py")
    tests = {name for file in files for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)}
    assert set(PAINS.values()) <= tests


# The contract with the state: another type or name would replace what exists.


@pytest.mark.stack
def test_types_and_names_are_pinned(prod: StackInProcess) -> None:
    """A rename has to take an alias."""
    name = "hospitality-redis-prod"
    assert {(each.type, each.name) for each in prod.resources if each.custom and "sinks" not in each.type} == {
        ("pulumi-python:dynamic/permanence:Permanence", "permanence"),
        ("gcp:compute/globalAddress:GlobalAddress", name),
        ("gcp:servicenetworking/connection:Connection", name),
        (INSTANCE, name),
    }


@pytest.mark.stack
def test_the_auth_string_is_a_secret_wherever_it_goes(prod: StackInProcess) -> None:
    """In the instance's outputs and in the connection, and in clear nowhere."""
    password = prod.outputs["connection"]["REDIS_PASSWORD"]
    assert len(password) == 36
    assert wire.is_secret(prod.resource(INSTANCE).outputs["authString"])
    assert all(password not in written(resource) for resource in prod.resources)
    assert password not in prod.preview()


@pytest.mark.stack
def test_the_connection_is_a_secret_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also under an engine that does not know which of an instance's outputs are: Pulumi's own mocks are one."""
    kept: list[bool] = []

    class Forgetful(Engine):
        def RegisterResource(  # noqa: N802 - the protocol's name
            self, request: resource_pb2.RegisterResourceRequest
        ) -> resource_pb2.RegisterResourceResponse:
            del request.additionalSecretOutputs[:]
            return super().RegisterResource(request)

    async def prove(declaration: Declaration, *_: object, **__: object) -> None:
        kept.append(await declaration.connection.is_secret())

    monkeypatch.setattr(operations, "Engine", Forgetful)
    monkeypatch.setattr(verification, "prove", prove)
    stack(tmp_path, gcp.Cloud(), tier="dev").up()
    assert kept == [True]


@pytest.mark.stack
def test_every_input_is_one_of_the_providers(prod: StackInProcess) -> None:
    """An input that the SDK does not know would be dropped in silence by a stand-in."""
    known = set(inspect.signature(pulumi_gcp.redis.Instance._internal_init).parameters)
    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower() for key in prod.inputs(INSTANCE)}
    assert names <= known


@pytest.mark.stack
def test_everything_that_can_take_labels_has_ours(prod: StackInProcess) -> None:
    """Who made it, for which stack and tier; a range of addresses takes labels too, and needs none."""
    assert prod.inputs(INSTANCE)["labels"] == {
        "project": "cache",
        "stack": "prod",
        "tier": "prod",
        "managed-by": "pulumi",
    }


# Pains: each test says whose.


@pytest.mark.stack
def test_nothing_is_said_of_zones_and_read_replicas(prod: StackInProcess) -> None:
    """What Google chooses well, and what replaces a cache or is an error where it is said."""
    said = prod.inputs(INSTANCE).keys()
    assert not said & {"locationId", "alternativeLocationId", "readReplicasMode", "replicaCount", "secondaryIpRange"}


@pytest.mark.stack
@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
def test_protection_is_said_in_every_tier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tier: str) -> None:
    """Unset, the SDK's documentation says that it is on, and the provider lets a deletion through."""
    monkeypatch.setenv(verification.SWITCH, "off")
    monkeypatch.setenv(preconditions.CONFIRMATION, tier)
    made = stack(tmp_path, gcp.Cloud(), tier=tier)
    made.up()
    assert made.inputs(INSTANCE)["deletionProtection"] is (tier == "prod")
    assert made.resource(INSTANCE).protect is (tier == "prod")


def test_persistence_that_is_not_said_in_full_would_change_for_ever() -> None:
    """The stand-in has the drift that sourcegraph's pull request 58173 reports; what we declare is without it."""
    cloud = gcp.Cloud()
    cloud.share_access(MAIN)
    provider = gcp.Instance(cloud)
    news = {**whole(), "name": "new", "project": "my-project", "region": "us-central1", "deletionProtection": False}
    news["maintenancePolicy"] = {"weeklyMaintenanceWindows": [{"day": "SUNDAY", "startTime": {"hours": 3}}]}
    for asked, changes in (
        ({"persistenceMode": "RDB"}, True),
        ({"persistenceMode": "RDB", "rdbSnapshotPeriod": "SIX_HOURS"}, False),
        ({"persistenceMode": "DISABLED"}, False),
    ):
        cloud.instances.clear()
        id_, outputs = provider.create({**news, "persistenceConfig": asked})
        assert provider.diff(id_, {}, outputs, {**news, "persistenceConfig": asked}).changes is changes


@pytest.mark.stack
def test_everything_that_would_replace_the_cache_is_held(prod: StackInProcess) -> None:
    """Of the inputs that the provider replaces an instance for, each that we declare is refused in the plan."""
    declared = prod.inputs(INSTANCE).keys() & {*gcp.Instance.replaces, "customerManagedKey", "redisVersion"}
    # Its name is the stack's, and there is but one way to connect.
    assert replacement_guard.SETTINGS.keys() - {"customerManagedKey"} == declared - {"name", "connectMode"}


def test_every_refused_change_names_its_setting() -> None:
    """All of them at once; what was not there at the last run, of an older state, is let be."""
    provider = replacement_guard.PermanenceProvider()
    olds = {name: "7.2" if name == "redisVersion" else "old" for name in replacement_guard.SETTINGS}
    news = {name: "7.0" if name == "redisVersion" else "new" for name in replacement_guard.SETTINGS}
    names = {"stack": "prod", "namePrefix": NAME_PREFIX}
    reasons = [failure.reason for failure in provider.check(olds, news | names).failures]
    assert len(reasons) == len(replacement_guard.SETTINGS)
    assert all("make down STACK=prod && make up STACK=prod" in reason for reason in reasons)
    assert provider.check({}, news | names).failures == []
    assert provider.check(olds, olds | names).failures == []


@pytest.mark.parametrize(
    ("old", "new", "back"), [("7.2", "7.0", True), ("7.0", "6.x", True), ("6.x", "7.2", False), ("7.2", "7.2", False)]
)
def test_a_downgrade_is_told_from_an_upgrade(old: str, new: str, back: bool) -> None:
    """The one is a replacement, the other Google's own method."""
    assert versions.is_downgrade(old, new) is back


def test_the_versions_are_googles() -> None:
    """Those of the discovery document, which pulumi-gcp takes as text; the newest is the default."""
    described = gcp_discovery.schema("redis.v1", "Instance")["properties"]["redisVersion"]["description"]
    listed = re.findall(r"`(REDIS_\w+)`", described)
    assert listed == list(gcp_refusals.VERSIONS)
    assert {versions.google_name(version) for version in versions.VERSIONS} <= set(listed)
    assert versions.google_name(versions.NEWEST) == listed[-1]
    assert [versions.shown(version) for version in versions.VERSIONS] == ["6", "7.0", "7.2"]


def test_the_snapshot_periods_are_googles() -> None:
    """The care of each tier names one of the API's."""
    periods = gcp_discovery.schema("redis.v1", "PersistenceConfig")["properties"]["rdbSnapshotPeriod"]["enum"]
    assert set(tier_defaults.SNAPSHOT_PERIODS.values()) <= set(periods)


@pytest.mark.parametrize("name", ["a", "prod", "eu-1", "a--b", "x" * 22])
def test_a_stacks_name_that_google_takes_is_taken(name: str) -> None:
    """As the provider and the API have it."""
    made = naming.name_of(NAME_PREFIX, name)
    assert re.fullmatch(r"[a-z][a-z0-9-]{0,39}[a-z0-9]", made)
    assert len(made) <= 40


@pytest.mark.parametrize("name", ["", "Prod", "prod_eu", "prod-", "-prod", "x" * 23])
def test_a_stacks_name_that_google_refuses_is_refused(name: str) -> None:
    """Before anything is asked of it."""
    with pytest.raises(ValueError, match="is no name of a Memorystore instance"):
        naming.name_of(NAME_PREFIX, name)


def test_a_part_of_a_full_name() -> None:
    """A key's region and a network's project; none where there is none."""
    assert patterns.part("projects/p/locations/us-central1/keyRings/r/cryptoKeys/k", "locations") == "us-central1"
    assert patterns.part(MAIN, "projects") == "my-project"
    assert patterns.part("main", "projects") is None


def test_the_bundle_is_every_authority_as_one_text() -> None:
    """With a line's end after each, whatever Google ends its texts with; an empty one is none."""
    one, other = Authority().pem.strip(), Authority().pem
    assert memorystore.bundle([one, "", other]) == f"{one}\n{other}"
    assert memorystore.bundle([]) == ""


# What stands in for Google.


def whole() -> dict[str, Any]:
    """Return the message of an instance that Google takes."""
    return {
        "name": "projects/my-project/locations/us-central1/instances/new",
        "tier": "STANDARD_HA",
        "memorySizeGb": 5,
        "redisVersion": "REDIS_7_2",
        "redisConfigs": {"maxmemory-policy": "allkeys-lru"},
        "connectMode": "PRIVATE_SERVICE_ACCESS",
        "authorizedNetwork": MAIN,
        "authEnabled": True,
        "transitEncryptionMode": "SERVER_AUTHENTICATION",
        "persistenceConfig": {"persistenceMode": "RDB", "rdbSnapshotPeriod": "SIX_HOURS"},
        "maintenancePolicy": {"weeklyMaintenanceWindow": [{"day": "SUNDAY", "startTime": {"hours": 3}}]},
        "labels": {"managed-by": "pulumi"},
    }


PARENT = "projects/my-project/locations/us-central1"
# For each method: its parameters, and a body that Google takes.
TAKEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    CREATE: ({"parent": PARENT, "instanceId": "new"}, whole()),
    PATCH: ({"name": f"{PARENT}/instances/taken", "updateMask": "memorySizeGb"}, {"memorySizeGb": 6}),
    UPGRADE: ({"name": f"{PARENT}/instances/taken"}, {"redisVersion": "REDIS_7_2"}),
    CONNECT: (
        {"parent": "services/servicenetworking.googleapis.com"},
        {"network": "projects/1/global/networks/alone", "reservedPeeringRanges": ["everything"]},
    ),
    DISCONNECT: (
        {"name": "services/servicenetworking.googleapis.com/connections/servicenetworking-googleapis-com"},
        {"consumerNetwork": "projects/host-project/global/networks/shared"},
    ),
    RESERVE: (
        {"project": "my-project"},
        {"name": "new", "purpose": "VPC_PEERING", "addressType": "INTERNAL", "prefixLength": 24, "network": MAIN},
    ),
}


@pytest.fixture
def furnished() -> gcp.Cloud:
    """A project with one of everything, so that each refused request lacks nothing else."""
    cloud = gcp.Cloud()
    cloud.share_access(MAIN)
    cloud.share_access("projects/host-project/global/networks/shared")
    cloud.send(CREATE, {"parent": PARENT, "instanceId": "taken"}, {**whole(), "redisVersion": "REDIS_7_0"})
    return cloud


def broken(row: gcp_refusals.Refusal) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a request with what breaks it; a name that is a parameter goes there."""
    parameters, body = TAKEN[row.method]
    into = {key: value for key, value in row.breaks.items() if key in parameters}
    rest = {key: value for key, value in row.breaks.items() if key not in parameters}
    return {**parameters, **into}, {**body, **rest}


@pytest.mark.parametrize("row", gcp_refusals.REFUSALS, ids=lambda row: row.words[:60])
def test_the_stand_in_refuses_what_google_refuses(furnished: gcp.Cloud, row: gcp_refusals.Refusal) -> None:
    """Each row of the table, by a request that lacks nothing else."""
    with pytest.raises(Refused, match=re.escape(row.words)):
        furnished.send(row.method, *broken(row))


@pytest.mark.parametrize("method", TAKEN)
def test_without_what_breaks_it_google_takes_the_request(furnished: gcp.Cloud, method: str) -> None:
    """Else a row could be refused for another reason."""
    furnished.send(method, *TAKEN[method])
    assert furnished.requests[-1][0] == method


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"memorySizeGb": "5"}, "memorySizeGb is '5', which is no integer"),
        ({"memorySizeGb": 2**31}, "memorySizeGb is 2147483648, which is no integer"),
        ({"tier": "STANDARD"}, "tier is 'STANDARD', which is none of"),
        ({"host": "10.0.0.1"}, "host is for answers alone"),
        ({"replicas": 1}, "replicas is no field of Instance"),
        ({"authEnabled": 1}, "authEnabled is 1, which is no boolean"),
        ({"labels": {"tier": 1}}, "labels[tier] is 1, which is no string"),
        (
            {"persistenceConfig": {"persistenceMode": "AOF"}},
            "persistenceConfig: persistenceMode is 'AOF', which is none",
        ),
        (
            {"maintenancePolicy": {"weeklyMaintenanceWindow": [{"day": "SUNDAY"}]}},
            "weeklyMaintenanceWindow[0]: startTime is missing",
        ),
    ],
)
def test_every_request_is_held_against_googles_own_description(
    furnished: gcp.Cloud, change: dict[str, Any], said: str
) -> None:
    """Types, enumerations, required and read-only fields, at any depth."""
    with pytest.raises(AssertionError, match=re.escape(said)):
        furnished.send(CREATE, {"parent": PARENT, "instanceId": "new"}, {**whole(), **change})


def test_what_a_request_lacks_is_found(furnished: gcp.Cloud) -> None:
    """The memory, which is required, and a parameter of the path, which has a form."""
    body = {key: value for key, value in whole().items() if key != "memorySizeGb"}
    with pytest.raises(AssertionError, match="memorySizeGb is missing"):
        furnished.send(CREATE, {"parent": PARENT, "instanceId": "new"}, body)
    with pytest.raises(AssertionError, match="does not match"):
        furnished.send(CREATE, {"parent": "us-central1", "instanceId": "new"}, whole())
    with pytest.raises(AssertionError, match="zone is no parameter"):
        furnished.send(CREATE, {"parent": PARENT, "instanceId": "new", "zone": "a"}, whole())
