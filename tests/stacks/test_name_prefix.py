"""cache:namePrefix in whole stacks: two copies in one account do not meet, and a stack that is up keeps its names."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import preconditions, verification
from infra.naming import NAME_PREFIX
from runner import sealed_file
from runner.inprocess import wire
from runner.inprocess.providers import PROVIDER_KEY
from tests.recorded_stacks import NETWORK, Declared, project, recorded
from tests.stacks import aws_stack, gcp_stack
from tests.stacks.inprocess import StackInProcess
from tests.standins import aws, gcp, rediscloud

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def _without_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server stands behind these stacks."""
    monkeypatch.setenv(verification.SWITCH, "off")
    monkeypatch.setenv(preconditions.CONFIRMATION, "prod")


@pytest.fixture(params=["memorystore", "elasticache", "rediscloud"])
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StackInProcess]:
    """A stack of tier dev at each vendor."""
    match request.param:
        case "memorystore":
            yield gcp_stack.stack(tmp_path, gcp.Cloud(), tier="dev")
        case "elasticache":
            with aws.account() as account:
                yield aws_stack.stack(tmp_path, account, tier="dev")
        case _:
            with rediscloud.account(tmp_path / "cloud") as cloud:
                for name, value in cloud.environment.items():
                    monkeypatch.setenv(name, value)
                settings: dict[str, object] = {"acceptPlainText": True, "acceptAnyAddress": True}
                yield StackInProcess(
                    folder=tmp_path / "project",
                    name="dev",
                    finders=[],
                    configuration={"backend": "rediscloud", **settings},
                )


def as_before_the_setting(stack: StackInProcess) -> None:
    """Have the state as an earlier release left it: no resource has the prefix among its inputs."""
    file = stack._stack.state_file
    state = sealed_file.read(file)
    held = [resource for resource in state["resources"] if resource["inputs"].pop("namePrefix", None) is not None]
    assert held
    sealed_file.write(file, state)


def names(stack: StackInProcess) -> list[tuple[str, str]]:
    """Return what the state has: each resource and its id."""
    return [(resource.urn, resource.id) for resource in stack.resources]


@pytest.mark.parametrize("old", [None, "team"])
def test_another_prefix_is_refused_for_a_stack_that_is_up(made: StackInProcess, old: str | None) -> None:
    """In the preview and in an `up` that passed it, with nothing touched that is there; for an earlier release, too."""
    made.configure(namePrefix=old)
    made.up()
    if old is None:
        as_before_the_setting(made)
    before = names(made)
    for verb in (made.preview, made.up):
        made.configure(namePrefix="other")
        printed = verb(code=1)
        assert f'was brought up with "{old or NAME_PREFIX}": under other names it would be another cache' in printed
        assert f"pulumi config set cache:namePrefix {old or NAME_PREFIX} --stack {made.name}" in printed
        assert set(before) <= set(names(made))
    made.configure(namePrefix=old)
    made.up()
    assert set(names(made)) == set(before)


def test_a_stack_that_was_taken_down_may_have_another_prefix(made: StackInProcess) -> None:
    """Then nothing of it is called by the old one."""
    made.up()
    made.destroy()
    made.configure(namePrefix="other")
    made.up()
    assert NAME_PREFIX not in str(names(made))
    assert "other-dev" in str([wire.plain(resource.inputs) for resource in made.resources])


STACKS: Mapping[str, Mapping[str, Any]] = {
    "docker": {"cache:tier": "dev"},
    "elasticache": {"cache:tier": "prod", "cache:sinks": ["aws-secrets-manager", "aws-ssm"], **NETWORK},
    "memorystore": {
        "gcp:project": "my-project",
        "gcp:region": "us-central1",
        "cache:network": "projects/my-project/global/networks/main",
        "cache:privateServiceAccess": "declare",
    },
}


def declared(folder: Path, backend: str, **settings: object) -> Declared:
    """Return what a stack prod of a backend declares."""
    folder.mkdir()
    own = {f"cache:{key}": value for key, value in settings.items()}
    made = project(folder, "prod", backend=backend)
    config = {"cache:backend": backend, **STACKS[backend], **own}
    (folder / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}))
    return recorded(made, "prod")


@pytest.mark.long
@pytest.mark.parametrize("backend", STACKS)
def test_nothing_of_a_copy_with_a_prefix_has_the_default_name(backend: str, tmp_path: Path) -> None:
    """So two copies with stacks of one name meet nowhere in an account or on a daemon: no resource is left out."""
    for each in declared(tmp_path / "team", backend, namePrefix="team"):
        kept = {key: value for key, value in each.inputs.items() if key != PROVIDER_KEY}
        assert NAME_PREFIX not in each.name + str(kept)
        assert "redis_data_prod" not in str(kept)
    default = [each for each in declared(tmp_path / "default", backend) if NAME_PREFIX in each.name + str(each.inputs)]
    assert len(default) > 1


# Where the SDK calls a module otherwise.
MODULES = {"lambda": "lambda_"}


@pytest.mark.long
@pytest.mark.parametrize("backend", STACKS)
def test_every_resource_that_takes_tags_has_the_users_and_the_projects(backend: str, tmp_path: Path) -> None:
    """Those of the sinks and of the verifier too; which types take them, the SDKs know."""
    found = set()
    for each in declared(tmp_path / "made", backend, tags={"owner": "payments"}):
        cloud, module, name = re.split(r":(?=[^:]*:)|/[^:]*:|:", each.type, maxsplit=2)
        if cloud not in {"aws", "gcp", "docker"}:
            continue
        sdk = import_module("pulumi_docker" if cloud == "docker" else f"pulumi_{cloud}.{MODULES.get(module, module)}")
        takes = signature(getattr(sdk, name)._internal_init).parameters
        # Google's tags are something else.
        key = next((key for key in ("labels", "tags") if key in takes), None)
        if key is None:
            continue
        found.add(each.type)
        given = each.inputs.get(key, {})
        tags = {one["label"]: one["value"] for one in given} if isinstance(given, list) else given
        assert {"owner": "payments", "managed-by": "pulumi", "stack": "prod"}.items() <= tags.items(), each.urn
    assert len(found) > 1
