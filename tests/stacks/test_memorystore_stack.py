"""Whole Memorystore stacks on the in-process engine, against Google's API as its discovery documents have it.

What is asserted is what the API says afterwards, or what it was sent.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.certificates import Authority
from infra import preconditions, verification
from tests.stacks.gcp_stack import INSTANCE, MAIN, private_server, stack
from tests.stacks.inprocess import ROOT
from tests.standins import gcp
from tests.standins.gcp_refusals import CONNECT, CREATE, DISCONNECT, PATCH, RESERVE, UPGRADE
from tests.standins.gcp_secret_manager import SecretManager
from verify import checks
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.report import Report

pytestmark = pytest.mark.stack

PASSWORD = "2f1d7d5e-3f0d-4a57-9d9f-0f6f0a6f2c11"
PARENT = "projects/my-project/locations/us-central1"


@pytest.fixture
def cloud() -> gcp.Cloud:
    """A project with nothing in it."""
    return gcp.Cloud()


@pytest.fixture(autouse=True)
def _without_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server stands behind most of these stacks."""
    monkeypatch.setenv(verification.SWITCH, "off")
    monkeypatch.setenv(preconditions.CONFIRMATION, "prod")


def described(cloud: gcp.Cloud, stack_name: str = "prod") -> dict[str, Any]:
    """Return what the API says of an instance."""
    return cloud.instances[f"{PARENT}/instances/hospitality-redis-{stack_name}"]


def changes_nothing(printed: str) -> bool:
    """Tell whether a preview or an up left everything as it is."""
    return re.match(r"Resources: \d+ unchanged", printed.splitlines()[-1]) is not None


def sent(cloud: gcp.Cloud) -> list[str]:
    """Name the requests that changed something, in their order."""
    return [id_ for id_, _ in cloud.requests]


def test_prod_is_what_the_guide_and_the_auditors_ask_for(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """A copy in another zone, AUTH, TLS, snapshots, one hour a week for maintenance, inside the network alone."""
    stack(tmp_path, cloud).up()
    instance = described(cloud)
    assert (instance["tier"], instance["memorySizeGb"], instance["replicaCount"]) == ("STANDARD_HA", 5, 1)
    assert (instance["authEnabled"], instance["transitEncryptionMode"]) == (True, "SERVER_AUTHENTICATION")
    assert (instance["connectMode"], instance["authorizedNetwork"]) == ("PRIVATE_SERVICE_ACCESS", MAIN)
    assert instance["redisVersion"] == "REDIS_7_2"
    assert instance["redisConfigs"] == {"maxmemory-policy": "allkeys-lru"}
    assert instance["persistenceConfig"]["persistenceMode"] == "RDB"
    assert instance["persistenceConfig"]["rdbSnapshotPeriod"] == "SIX_HOURS"
    (window,) = instance["maintenancePolicy"]["weeklyMaintenanceWindow"]
    assert (window["day"], window["startTime"]) == ("SUNDAY", {"hours": 3})
    assert instance["labels"] == {
        "project": "cache",
        "stack": "prod",
        "tier": "prod",
        "managed-by": "pulumi",
        "goog-pulumi-provisioned": "true",
    }


@pytest.mark.parametrize(
    ("tier", "given"),
    [("dev", ("BASIC", 1, 0, "TWENTY_FOUR_HOURS")), ("staging", ("STANDARD_HA", 2, 1, "TWELVE_HOURS"))],
)
def test_smaller_tiers_are_smaller(
    cloud: gcp.Cloud, tmp_path: Path, tier: str, given: tuple[str, int, int, str]
) -> None:
    """One node in dev; in staging a rehearsal of prod. Both have AUTH and TLS, and nothing of them stays."""
    made = stack(tmp_path, cloud, tier=tier)
    made.up()
    instance = described(cloud, tier)
    period = instance["persistenceConfig"]["rdbSnapshotPeriod"]
    assert (instance["tier"], instance["memorySizeGb"], instance["replicaCount"], period) == given
    assert (instance["authEnabled"], instance["transitEncryptionMode"]) == (True, "SERVER_AUTHENTICATION")
    made.destroy()
    assert cloud.instances == {}
    assert list(cloud.connections) == [MAIN]


def test_the_projects_name_becomes_a_label(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """A Pulumi project may have capitals and dots, which Google refuses in a label."""
    made = stack(tmp_path, cloud)
    file = tmp_path / "Pulumi.yaml"
    file.write_text(file.read_text().replace("name: cache", "name: My.Cache", 1))
    made.up()
    assert described(cloud)["labels"]["project"] == "my-cache"
    assert "unchanged" in made.preview()


def test_the_connection_is_what_google_made(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """Address, port 6378, Google's AUTH string, and every authority of the instance as one PEM text."""
    cloud.authorities = (Authority().pem, Authority().pem)
    made = stack(tmp_path, cloud)
    made.up()
    connection = made.outputs["connection"]
    assert (connection["REDIS_HOST"], connection["REDIS_PORT"]) == ("10.1.2.3", "6378")
    assert connection["REDIS_USE_TLS"] == "true"
    assert connection["REDIS_PASSWORD"] == next(iter(cloud.auth_strings.values()))
    assert connection["REDIS_TLS_CA"] == "".join(cloud.authorities)
    assert made.outputs["redisUrl"] == f"rediss://:{connection['REDIS_PASSWORD']}@10.1.2.3:6378"
    assert made.outputs["authoritiesExpire"] == ["2036-11-23T12:00:00Z"] * 2


@pytest.mark.long
def test_a_stack_of_its_own_way_to_google_makes_it_and_takes_it_away(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """cache:privateServiceAccess declare: a range, the connection, then the instance in that range; and back."""
    made = stack(tmp_path, cloud, tier="staging", privateServiceAccess="declare")
    made.up()
    assert sent(cloud) == [RESERVE, CONNECT, CREATE]
    name = "hospitality-redis-staging"
    assert cloud.addresses[name]["prefixLength"] == 24
    assert cloud.connections[MAIN]["reservedPeeringRanges"] == [name]
    assert cloud.requests[-1][1].body["reservedIpRange"] == name
    cloud.requests.clear()
    made.destroy()
    assert sent(cloud) == [gcp.DELETE, DISCONNECT, gcp.RELEASE]
    assert (cloud.instances, cloud.connections, cloud.addresses) == ({}, {}, {})


def test_an_access_that_others_use_is_not_touched(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """Declaring one where there is one fails and names it; adopting it works, and it stays."""
    cloud.share_access(MAIN)
    made = stack(tmp_path, cloud, tier="staging", privateServiceAccess="declare")
    assert "Cannot modify allocated ranges in CreateConnection" in made.up(code=1)
    assert cloud.instances == {}
    made.destroy()
    made.configure(privateServiceAccess="adopt", allocatedRange="everything")
    made.up()
    assert cloud.requests[-1][1].body["reservedIpRange"] == "everything"
    made.destroy()
    assert cloud.connections[MAIN]["reservedPeeringRanges"] == ["everything"]


def test_a_network_without_access_is_refused_by_its_reason(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """The page of the documents says what to do."""
    made = stack(tmp_path, cloud, tier="dev", network="projects/my-project/global/networks/alone")
    assert "Google private service access is not enabled" in made.up(code=1)


def test_a_shared_network_of_another_project_is_adopted(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """Google takes it with private service access alone (terraform-google-memorystore issues 30, 107 and 163)."""
    shared = "projects/host-project/global/networks/shared"
    cloud.share_access(shared, "of-the-host")
    stack(tmp_path, cloud, network=shared).up()
    assert described(cloud)["authorizedNetwork"] == shared


@pytest.mark.parametrize(
    ("tier", "asked"),
    [
        ("dev", {}),
        ("dev", {"persistence": "none", "tls": "false"}),
        ("staging", {"privateServiceAccess": "declare", "maintenanceWindow": "mon:00:00-mon:01:00"}),
        ("staging", {"persistence": "none", "redisVersion": "6.x", "allocatedRange": "everything"}),
        ("prod", {"memoryMb": "8192"}),
        ("prod", {"privateServiceAccess": "declare", "deletionProtection": "false"}),
    ],
)
def test_a_second_preview_is_empty(cloud: gcp.Cloud, tmp_path: Path, tier: str, asked: dict[str, str]) -> None:
    """What Google answers, with all that it fills in, is what was declared; a second up changes nothing."""
    made = stack(tmp_path, cloud, tier=tier, **asked)
    made.up()
    count = len(cloud.requests)
    assert changes_nothing(made.preview())
    assert changes_nothing(made.up())
    assert len(cloud.requests) == count


def test_prod_is_kept_from_a_destroy_until_it_is_said(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """An up with cache:deletionProtection false lifts it, without a request to Google."""
    made = stack(tmp_path, cloud, privateServiceAccess="declare")
    made.up()
    before = (dict(cloud.instances), dict(cloud.connections), dict(cloud.addresses))
    assert "Instance hospitality-redis-prod is protected" in made.destroy(code=1)
    assert (cloud.instances, cloud.connections, cloud.addresses) == before
    cloud.requests.clear()
    made.configure(deletionProtection="false")
    made.up()
    assert sent(cloud) == []
    made.destroy()
    assert (cloud.instances, cloud.connections, cloud.addresses) == ({}, {}, {})


def test_the_provider_protects_prod_too(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """Where somebody took off Pulumi's mark alone (`pulumi state unprotect`)."""
    made = stack(tmp_path, cloud)
    made.up()
    made.unprotect()
    assert "cannot destroy redis instance without setting deletion_protection=false" in made.destroy(code=1)
    assert described(cloud)["state"] == "READY"


def test_staging_is_protected_where_that_is_asked_for(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """cache:deletionProtection true, in any tier."""
    made = stack(tmp_path, cloud, tier="staging", deletionProtection="true")
    made.up()
    assert "is protected" in made.destroy(code=1)


def test_what_google_can_change_is_changed_in_place(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """Memory, policy, persistence, window and labels in one request; the version by its own method."""
    made = stack(tmp_path, cloud, tier="staging", redisVersion="7.0")
    made.up()
    password = made.outputs["connection"]["REDIS_PASSWORD"]
    cloud.requests.clear()
    made.configure(
        memoryMb="2048",
        maxmemoryPolicy="noeviction",
        persistence="none",
        maintenanceWindow="wed:22:30-wed:23:30",
        redisVersion="7.2",
    )
    assert "replac" not in made.up()
    (patch, upgrade) = cloud.requests
    assert (patch[0], upgrade[0]) == (PATCH, UPGRADE)
    mask = set(patch[1].parameters["updateMask"].split(","))
    assert mask == {"memorySizeGb", "redisConfigs", "persistenceConfig", "maintenancePolicy"}
    instance = described(cloud, "staging")
    assert (instance["memorySizeGb"], instance["redisVersion"]) == (3, "REDIS_7_2")
    assert instance["persistenceConfig"]["persistenceMode"] == "DISABLED"
    (window,) = instance["maintenancePolicy"]["weeklyMaintenanceWindow"]
    assert (window["day"], window["startTime"]) == ("WEDNESDAY", {"hours": 22, "minutes": 30})
    assert made.outputs["connection"]["REDIS_PASSWORD"] == password
    assert changes_nothing(made.preview())


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"tier": "dev"}, {"tier": "staging"}, 'cache:tier makes tier "STANDARD_HA", and it is "BASIC"'),
        ({}, {"tls": "false"}, 'cache:tls makes transitEncryptionMode "DISABLED"'),
        ({}, {"network": "projects/my-project/global/networks/alone"}, "cache:network makes authorizedNetwork"),
        ({}, {"allocatedRange": "everything"}, "cache:allocatedRange makes reservedIpRange"),
        ({}, {"gcp:region": "europe-west1"}, 'gcp:region makes region "europe-west1", and it is "us-central1"'),
        ({}, {"gcp:project": "another-project"}, "gcp:project makes project"),
        ({}, {"redisVersion": "7.0"}, 'cache:redisVersion makes redisVersion "7.0", and it is "7.2"'),
        (
            {},
            {"kmsKeyName": "projects/my-project/locations/us-central1/keyRings/r/cryptoKeys/k"},
            "cache:kmsKeyName makes customerManagedKey",
        ),
    ],
)
def test_what_google_cannot_change_ends_in_the_preview(
    cloud: gcp.Cloud, tmp_path: Path, before: dict[str, str], after: dict[str, str], said: str
) -> None:
    """The provider would replace the instance in any tier; here nothing is touched, and the way out works."""
    made = stack(tmp_path, cloud, **{"tier": "staging", "name": "main", **before})
    made.up()
    cloud.requests.clear()
    made.configure(**after)
    printed = made.preview(code=1)
    assert said in printed
    assert "its data would be lost" in printed
    assert said in made.up(code=1)
    assert sent(cloud) == []


def test_the_way_out_of_a_refused_change_works(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """Down, and up again with the new tier."""
    made = stack(tmp_path, cloud, tier="dev", name="main")
    made.up()
    made.configure(tier="staging")
    made.up(code=1)
    made.destroy()
    made.up()
    assert described(cloud, "main")["tier"] == "STANDARD_HA"


def test_a_creation_that_google_refused_can_be_put_right(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """Nothing stands in the way of another try but what the refusal left, which goes with a down."""
    made = stack(tmp_path, cloud, network="projects/my-project/global/networks/alone")
    made.up(code=1)
    made.configure(network=MAIN)
    made.destroy()
    made.up()
    assert described(cloud)["authorizedNetwork"] == MAIN


def test_clear_text_is_for_who_asks_for_it_and_is_told_every_time(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """cache:tls false: port 6379, no authority, AUTH all the same, and a warning in every preview and up."""
    made = stack(tmp_path, cloud, tls="false")
    for printed in (made.preview(), made.up(), made.up()):
        assert "warning: cache:tls is false: the AUTH string and the data cross the network in clear text" in printed
    connection = made.outputs["connection"]
    assert (connection["REDIS_PORT"], connection["REDIS_USE_TLS"]) == ("6379", "false")
    assert "REDIS_TLS_CA" not in connection
    assert connection["REDIS_PASSWORD"]
    assert made.outputs["expectation"]["tls"] is False


def test_a_key_of_the_users_encrypts_the_instance(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """cache:kmsKeyName goes to Google as it is."""
    key = "projects/keys-project/locations/us-central1/keyRings/ring/cryptoKeys/key"
    stack(tmp_path, cloud, kmsKeyName=key).up()
    assert described(cloud)["customerManagedKey"] == key


def test_two_stacks_stand_side_by_side_in_one_project(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """No name is taken twice, and the end of one leaves the other as it was."""
    staging = stack(tmp_path / "one", cloud, tier="staging")
    prod = stack(tmp_path / "two", cloud)
    staging.up()
    prod.up()
    before = dict(described(cloud))
    staging.destroy()
    assert described(cloud) == before


def test_an_auth_string_made_anew_by_hand_is_delivered_by_the_next_up(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """AUTH off and on at Google: a refresh sees the new string, which is another one, and nothing else changes."""
    made = stack(tmp_path, cloud)
    made.up()
    old = made.outputs["connection"]["REDIS_PASSWORD"]
    cloud.rotate_auth_string(f"{PARENT}/instances/hospitality-redis-prod")
    cloud.requests.clear()
    made.up()
    assert sent(cloud) == []
    new = made.outputs["connection"]["REDIS_PASSWORD"]
    assert new != old
    assert new == next(iter(cloud.auth_strings.values()))


def test_an_authority_that_google_adds_is_delivered_by_the_next_up(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """Five years after the first there is a second one; both are in the bundle, and nothing is changed."""
    cloud.authorities = (Authority().pem,)
    made = stack(tmp_path, cloud)
    made.up()
    added = Authority().pem
    described(cloud)["serverCaCerts"].append({"cert": added})
    cloud.requests.clear()
    made.up()
    assert sent(cloud) == []
    assert made.outputs["connection"]["REDIS_TLS_CA"] == cloud.authorities[0] + added


def test_what_was_changed_by_hand_comes_back(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """AUTH switched off in the console: the preview shows it, the next up puts it back."""
    made = stack(tmp_path, cloud)
    made.up()
    name = f"{PARENT}/instances/hospitality-redis-prod"
    cloud.send(PATCH, {"name": name, "updateMask": "authEnabled"}, {"authEnabled": False})
    assert "Instance hospitality-redis-prod update" in made.preview()
    made.up()
    assert described(cloud)["authEnabled"]


def test_a_preview_takes_less_than_three_seconds(cloud: gcp.Cloud, tmp_path: Path) -> None:
    """Of a stack with nothing yet, once all packages are loaded; by the processor's clock, whoever else uses it."""
    made = stack(tmp_path, cloud)
    made.preview()
    started = time.process_time()
    made.preview()
    assert time.process_time() - started < 3


def test_a_stack_on_google_loads_no_other_cloud_and_its_settings_load_none() -> None:
    """Each SDK takes seconds, and an environment has the packages of one backend."""
    script = (
        "import json, sys; import infra.program; before = [*sys.modules]; import infra.backends.memorystore.resources; "
        "print(json.dumps([before, [*sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    before, after = ({name.partition(".")[0] for name in names} for names in json.loads(done.stdout))
    assert "pulumi_gcp" in after - before
    assert not after & {"pulumi_aws", "pulumi_docker", "boto3", "moto", "googleapiclient", "redis"}


# A real server with TLS, under an authority that nobody else knows, on an address without a name.


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[gcp.Cloud]:
    """A cloud with a real server behind it."""
    monkeypatch.delenv(verification.SWITCH)
    with private_server(tmp_path / "server", PASSWORD) as cloud:
        yield cloud


def test_the_cache_is_proved_under_its_private_authority_on_an_address(real: gcp.Cloud, tmp_path: Path) -> None:
    """Every check passes: the chain is verified, clear text and wrong passwords are refused."""
    made = stack(tmp_path / "stack", real, tier="dev", redisVersion="7.0", maxmemoryPolicy="allkeys-lru")
    made.up()
    proof = made.outputs["verification"]
    assert proof["verdict"] == "passed"
    verdicts = proof["checks"]
    assert verdicts["authentication-enforced"] == verdicts["tls-enforced"] == "pass"
    assert verdicts["maxmemory-policy"] == verdicts["expiry"] == verdicts["version"] == "pass"
    assert "fail" not in verdicts.values()
    assert made.outputs["verifiedFrom"] == "here"
    assert changes_nothing(made.preview())


def test_what_secret_manager_has_is_enough_for_the_application(real: gcp.Cloud, tmp_path: Path) -> None:
    """The default of this backend: each variable a secret, the authorities among them, and the cache is reached."""
    secrets = SecretManager()
    made = stack(tmp_path / "stack", real, tier="dev", redisVersion="7.0", sinks=None)
    made.finders = [real.find, secrets.find]
    made.up()
    variables = {name: secrets.latest(f"hospitality-redis-dev-{name}").strip() for name in made.outputs["connection"]}
    assert "REDIS_TLS_CA" in variables
    report = checks.run(CacheEnvironment.from_mapping(variables), Expectation(tls=True, authentication=True))
    assert report.passed
    assert changes_nothing(made.preview())


def test_another_authority_is_refused_and_nothing_is_delivered(real: gcp.Cloud, tmp_path: Path) -> None:
    """Whoever answers on the address without Google's certificate is not the cache."""
    real.authorities = (Authority().pem,)
    secrets = SecretManager()
    made = stack(tmp_path / "stack", real, tier="dev", redisVersion="7.0", sinks="gcp-secret-manager")
    made.finders = [real.find, secrets.find]
    printed = made.up(code=1)
    assert secrets.secrets == {}
    assert "did not pass its verification" in printed
    assert "REDIS_TLS_CA" in printed
    assert PASSWORD not in printed
    assert "pulumi refresh --stack dev && make up STACK=dev" in printed


def test_the_name_of_a_host_is_never_left_unchecked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Right authority, a certificate of another name: passes on the address alone, and not by a name."""
    monkeypatch.delenv(verification.SWITCH)
    with private_server(tmp_path / "server", PASSWORD, names=("cache.internal",)) as cloud:
        assert cloud.address is not None
        (ca, _), (_, port) = cloud.authorities, cloud.address
        assert checked(host="127.0.0.1", port=port, tls_ca=ca).passed
        refused = checked(host="localhost", port=port, tls_ca=ca)
        assert not refused.passed
        assert any("name" in str(failure.cause) for failure in refused.failures())
        assert not checked(host="127.0.0.1", port=port, tls_ca=ca, tls_server_name="other.internal").passed
        assert not checked(host="127.0.0.1", port=port, tls_ca=None).passed


def checked(**values: Any) -> Report:
    """Check a connection as an `up` does."""
    connection = CacheEnvironment(password=PASSWORD, use_tls=True, **values)
    return checks.run(connection, Expectation(tls=True))


def test_a_cache_that_cannot_be_reached_says_where_from_it_could(
    cloud: gcp.Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memorystore is private: the words name the network and the setting that lets an up pass unproven."""
    monkeypatch.delenv(verification.SWITCH)
    # Nobody listens there.
    cloud.address = ("127.0.0.1", 1)
    cloud.authorities = (Authority().pem,)
    made = stack(tmp_path, cloud, tier="dev")
    printed = made.up(code=1)
    assert f"reached from inside {MAIN} alone" in printed
    assert "pulumi config set cache:unreachable warn --stack dev" in printed
    assert made.resource(INSTANCE).id in cloud.instances
