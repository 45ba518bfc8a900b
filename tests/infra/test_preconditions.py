"""What a prod stack asks for before anything of it is changed."""

from pathlib import Path

import pytest

from infra import backend, preconditions
from infra.backends.local.settings import LocalSettings
from infra.preconditions import UnmetPrecondition

AWS, GOOGLE = (str(backend.get(name).example_key) for name in ("elasticache", "memorystore"))
SALT = "encryptionsalt: v1:7ASHwM5dcB8=:v1:c5sQPVOesVW29foG:PmmRgnB9MQPq5BefYYUI/xDVKasDxA==\n"


@pytest.mark.parametrize("stack", ["..", ".", "../up"])
def test_a_stack_whose_name_leads_to_another_folder_is_refused(stack: str) -> None:
    """Under a plain `pulumi up` too; Pulumi takes the first two."""
    with pytest.raises(
        UnmetPrecondition, match=r"the stack's name '\.\.?(/up)?' (leads to a folder|is not up to 100 letters)"
    ):
        preconditions.require(LocalSettings(), stack=stack)


@pytest.mark.parametrize("environment", [{}, {"CI": ""}, {"CI": "false"}, {"CI": "0"}, {"CACHE_CONFIRM": "staging"}])
def test_a_prod_stack_outside_a_pipeline_asks_for_its_name(environment: dict[str, str]) -> None:
    """And says both ways of giving it."""
    with pytest.raises(UnmetPrecondition) as refused:
        preconditions.require_confirmation(environment, stack="prod-eu")
    assert "make up STACK=prod-eu CONFIRM=prod-eu" in str(refused.value)
    assert "CACHE_CONFIRM=prod-eu pulumi up --stack prod-eu" in str(refused.value)


@pytest.mark.parametrize("environment", [{"CI": "true"}, {"CI": "1"}, {"CACHE_CONFIRM": "prod"}])
def test_a_pipeline_and_a_person_who_gave_the_name_go_on(environment: dict[str, str]) -> None:
    """A pipeline has approvals of its own."""
    preconditions.require_confirmation(environment, stack="prod")


@pytest.mark.parametrize("written", [SALT, f"secretsprovider: passphrase\n{SALT}", f"secretsprovider: default\n{SALT}"])
def test_a_passphrase_is_refused_with_the_command_that_changes_it(tmp_path: Path, written: str) -> None:
    """As Pulumi writes it into the stack's file."""
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(written)
    with pytest.raises(UnmetPrecondition, match='pulumi stack change-secrets-provider --stack prod "awskms://'):
        preconditions.require_key(file, stack="prod", key=AWS)
    with pytest.raises(UnmetPrecondition, match='pulumi stack change-secrets-provider --stack prod "gcpkms://'):
        preconditions.require_key(file, stack="prod", key=GOOGLE)


def test_a_stack_is_made_with_the_key_that_its_guard_asks_for() -> None:
    """One stands beside every backend whose secrets others have to read, and the runner is handed the same."""
    keyed = {known.name for known in backend.all_backends() if known.example_key}
    assert keyed == {known.name for known in backend.all_backends() if not known.is_on_this_machine({}, {})}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "config:\n  cache:tier: prod\n",
        "secretsprovider: awskms://alias/pulumi-state?region=us-east-1\nencryptedkey: AQICAHhXV\n",
        # What a change from a passphrase may leave behind.
        f"secretsprovider: gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k\nencryptedkey: AQ\n{SALT}",
    ],
)
def test_a_key_in_a_cloud_and_pulumis_own_will_do(tmp_path: Path, written: str) -> None:
    """With Pulumi Cloud the file has no line of it at all."""
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(written)
    preconditions.require_key(file, stack="prod", key=AWS)


def test_a_stack_file_that_is_kept_elsewhere_is_no_hindrance(tmp_path: Path) -> None:
    """Pulumi's --config-file and stackConfigDir."""
    preconditions.require_key(tmp_path / "Pulumi.prod.yaml", stack="prod", key=AWS)
