"""URNs and names of what holds data or costs money are those of ccddbd0: another one is another, empty Redis."""

import base64
import json
import shutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import dill  # type: ignore[import-untyped]
import pytest
import yaml

from offline.recorder import record
from runner.inprocess.providers import PROVIDER_KEY
from runner.project import Project

ROOT = Path(__file__).resolve().parents[2]
KEPT: Mapping[str, Any] = json.loads((Path(__file__).parent / "kept" / "identities.json").read_text())

# Every provider that a state of ccddbd0 can name, and where it is now.
PROVIDERS = {
    "infra.after_delivery.AfterDeliveryProvider": "infra.after_delivery",
    "infra.aws.lineage.LineageProvider": "infra.backends.elasticache.replacement_guard",
    "infra.gcp.permanence.PermanenceProvider": "infra.backends.memorystore.replacement_guard",
    "infra.local_server.provider.ServerProvider": "infra.backends.local.provider",
    "infra.password.PasswordProvider": "infra.password",
    "infra.redis_cloud.database.DatabaseProvider": "infra.backends.rediscloud.database",
    "infra.redis_cloud.name.NameProvider": "infra.backends.rediscloud.name",
    "infra.redis_cloud.subscription.SubscriptionProvider": "infra.backends.rediscloud.subscription",
    "infra.sinks.dotenv.DotenvProvider": "infra.sinks.dotenv",
    "infra.sinks.encore.EncoreProvider": "infra.sinks.encore",
    "infra.sinks.encore_infra_config.InfraConfigProvider": "infra.sinks.encore_infra_config",
}


def provider(serialized: str) -> type:
    """Return the class of a provider, as the state holds it."""
    return type(dill.loads(base64.b64decode(serialized)))  # noqa: S301 - the test's own file, or today's program


@pytest.mark.parametrize(("old", "module"), PROVIDERS.items())
def test_a_provider_is_found_where_states_name_it(old: str, module: str) -> None:
    """By the old module it is the very class of today."""
    old_module, _, name = old.rpartition(".")
    found = getattr(import_module(old_module), name)
    assert found is getattr(import_module(module), name)
    assert found.__module__ == module


def differences(kept: Mapping[str, Mapping[str, Any]], declared: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Name the resources that are gone, and the names that are others."""
    found = []
    for urn, names in kept.items():
        if urn not in declared:
            found.append(f"{urn} is not declared")
            continue
        for key, value in names.items():
            now: Any = declared[urn].get(key)
            is_same = value == now or (key == PROVIDER_KEY and provider(value) is provider(now))
            if not is_same:
                found.append(f"{urn}: {key} was {value}, and is {now}")
    return found


@pytest.mark.stack
@pytest.mark.parametrize("stack", KEPT)
def test_what_holds_data_or_costs_money_keeps_its_name(stack: str, tmp_path: Path) -> None:
    """Each stack's own file and the example memorystore, with the configuration that they had."""
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": KEPT[stack]["configuration"]}))
    project = Project(tmp_path)
    declared = {each.urn: each.inputs for each in record(project, stack, project.configuration(stack))}
    assert differences(KEPT[stack]["resources"], declared) == []


def test_another_name_is_found() -> None:
    """A resource that is gone, a name that is another, one that Pulumi would make up, and another provider."""
    kept = KEPT["dev"]["resources"]
    container = next(urn for urn in kept if "Container" in urn)
    password = next(urn for urn in kept if "Password" in urn)
    sink = next(urn for urn in kept if "Dotenv" in urn)
    assert differences(kept, {urn: names for urn, names in kept.items() if urn != container}) == [
        f"{container} is not declared"
    ]
    (found,) = differences(kept, {**kept, container: {**kept[container], "name": "other"}})
    assert found == f"{container}: name was hospitality-redis-dev, and is other"
    (found,) = differences(kept, {**kept, container: {"volumes": kept[container]["volumes"]}})
    assert found.endswith("and is None")
    (found,) = differences(kept, {**kept, password: kept[sink]})
    assert found.startswith(f"{password}: {PROVIDER_KEY} was")
