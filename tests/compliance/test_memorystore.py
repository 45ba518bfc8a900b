"""The Memorystore example is green, and red by its rule ids where a protection is taken away."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from compliance import matrix
from compliance.terraform import render
from compliance.waivers import Scope
from infra.backends.memorystore import controls
from offline import answers
from offline.recorder import record
from runner.project import Project
from tests.compliance.verdicts import evaluated, red, scanned
from tests.recorded_stacks import ROOT, Declared, changed

INSTANCE = "gcp:redis/instance:Instance"
EXAMPLE = ROOT / "examples" / "memorystore" / "Pulumi.memorystore.yaml"
SCOPE = Scope(stack="memorystore", tier="prod", backend="memorystore")

# What is done to the example, and rules that have to be red then.
SWITCHES: dict[str, tuple[Callable[[Declared], Declared], set[str]]] = {
    "AUTH": (
        lambda declared: changed(declared, INSTANCE, authEnabled=False),
        {"CKV_GCP_95", "redis_instance_auth_enabled", "memorystore-authenticated"},
    ),
    "AUTH unsaid": (lambda declared: changed(declared, INSTANCE, authEnabled=None), {"CKV_GCP_95"}),
    "TLS": (
        lambda declared: changed(declared, INSTANCE, transitEncryptionMode="DISABLED"),
        {"CKV_GCP_97", "redis_instance_encryption_in_transit_enabled", "memorystore-encrypted-in-transit"},
    ),
    "TLS unsaid": (lambda declared: changed(declared, INSTANCE, transitEncryptionMode=None), {"CKV_GCP_97"}),
    "persistence": (
        lambda declared: changed(declared, INSTANCE, persistenceConfig={"persistenceMode": "DISABLED"}),
        {"memorystore-snapshots"},
    ),
    "persistence unsaid": (
        lambda declared: changed(declared, INSTANCE, persistenceConfig=None),
        {"memorystore-snapshots"},
    ),
    "the interval": (
        lambda declared: changed(declared, INSTANCE, persistenceConfig={"persistenceMode": "RDB"}),
        {"memorystore-snapshots"},
    ),
    "the replica": (lambda declared: changed(declared, INSTANCE, tier="BASIC"), {"memorystore-replicas"}),
    "the network": (lambda declared: changed(declared, INSTANCE, authorizedNetwork=None), {"memorystore-private"}),
    "private service access": (
        lambda declared: changed(declared, INSTANCE, connectMode="DIRECT_PEERING"),
        {"memorystore-private"},
    ),
    "the window": (
        lambda declared: changed(declared, INSTANCE, maintenancePolicy=None),
        {"memorystore-maintenance-window"},
    ),
    "the version": (lambda declared: changed(declared, INSTANCE, redisVersion="REDIS_5_0"), {"memorystore-version"}),
    "Pulumi's protection": (lambda declared: changed(declared, INSTANCE, protect=False), {"memorystore-protected"}),
    "the provider's protection": (
        lambda declared: changed(declared, INSTANCE, deletionProtection=False),
        {"memorystore-protected"},
    ),
}


def declared(folder: Path, stack: str = "memorystore", **settings: Any) -> Declared:
    """Return what the example declares, with other settings in the place of some; None takes one out."""
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, folder)
    config = yaml.safe_load(EXAMPLE.read_text())["config"]
    config |= {key if ":" in key else f"cache:{key}": value for key, value in settings.items()}
    kept = {key: value for key, value in config.items() if value is not None}
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": kept}))
    project = Project(folder)
    configuration, _ = answers.completed(project.configuration(stack))
    return record(project, stack, configuration)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """What the example declares, as it comes."""
    return declared(tmp_path_factory.mktemp("example"))


def test_the_example_is_green(example: Declared) -> None:
    """Nothing is red or waived, and every control was looked at."""
    rows = evaluated(example)
    assert red(rows) == set()
    green = {rule for row in rows if row.status == "green" for rule in row.ids}
    assert {control.name for control in controls.CONTROLS} <= green


@pytest.mark.parametrize("name", SWITCHES)
def test_one_protection_switched_off_is_red_by_its_ids(example: Declared, name: str) -> None:
    """Our own assertions find it, whatever checkov says; each row says what is wrong and what cures it."""
    switch, wanted = SWITCHES[name]
    rows = evaluated(switch(example))
    assert wanted <= red(rows)
    assert all(row.reason and row.cure for row in rows if row.status == "red")


def test_clear_text_by_a_setting_is_red_too(tmp_path: Path) -> None:
    """cache:tls false is for who accepts that, in compliance/waivers.toml."""
    assert {"CKV_GCP_97", "memorystore-encrypted-in-transit"} <= red(evaluated(declared(tmp_path, tls=False)))


def test_a_stack_that_names_nothing_of_google_can_be_judged(tmp_path: Path) -> None:
    """A project, a region and a network are made up, and it is said."""
    unset: dict[str, Any] = dict.fromkeys(("gcp:project", "gcp:region", "network", "privateServiceAccess"))
    assert red(evaluated(declared(tmp_path, **unset))) == set()
    _, remark = answers.completed({"cache:backend": "memorystore"})
    assert remark == "The stack names no network yet: judged with one that is made up."


def test_the_types_have_terraforms_names(tmp_path: Path) -> None:
    """Of a stack that declares its private service access; checkov would not know another name."""
    plan = render(declared(tmp_path, privateServiceAccess="declare"))
    assert {each.type for each in plan.resources.values()} >= {
        "google_redis_instance",
        "google_compute_global_address",
        "google_service_networking_connection",
    }
    (instance,) = plan.of_type("google_redis_instance")
    assert instance.values["maintenance_policy"][0]["weekly_maintenance_window"][0]["day"] == "SUNDAY"
    assert instance.values["redis_configs"] == {"maxmemory-policy": "allkeys-lru"}


@pytest.mark.long
@pytest.mark.usefixtures("checkov_environment")
class TestRealScanner:
    """checkov itself, over what is declared; four seconds each."""

    def test_the_example_is_green_without_a_waiver(self, example: Declared, tmp_path: Path) -> None:
        """Also by the rules that checkov alone looks at."""
        rows, stale = scanned(tmp_path, example, SCOPE)
        assert stale == []
        assert matrix.passed(rows), matrix.to_text(rows)
        assert not [row for row in rows if row.status == "waived"]
        assert {"CKV_GCP_95", "CKV_GCP_97"} <= {rule for row in rows if row.status == "green" for rule in row.ids}

    @pytest.mark.parametrize("name", ["AUTH", "TLS", "persistence"])
    def test_one_protection_switched_off_is_red(self, example: Declared, tmp_path: Path, name: str) -> None:
        """By its ids, and by checkov's own finding where it has one."""
        switch, wanted = SWITCHES[name]
        rows, _ = scanned(tmp_path, switch(example), SCOPE)
        assert not matrix.passed(rows)
        assert wanted <= red(rows)
        failed = {f"{rule} failed" for rule in wanted if rule.startswith("CKV")}
        assert all(any(words in row.reason for row in rows) for words in failed)

    @pytest.mark.parametrize("tier", ["dev", "staging"])
    def test_smaller_tiers_pass_by_their_waivers_alone(self, tmp_path: Path, tier: str) -> None:
        """With a reason and a day; no waiver is too many."""
        declaration = declared(tmp_path, "trial", tier=tier, privateServiceAccess="declare")
        rows, stale = scanned(tmp_path, declaration, Scope(stack="trial", tier=tier, backend="memorystore"))
        assert stale == []
        assert matrix.passed(rows), matrix.to_text(rows)
