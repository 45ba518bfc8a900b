"""What examples/state and examples/state-google declare: a place for the state that nobody can lose or read."""

import json
from typing import Any

import pytest

from offline.recorder import record
from runner.inprocess.deployment import Registration
from runner.project import Project
from tests.stacks.project import ROOT

pytestmark = [
    pytest.mark.stack,
    # Said by the clouds' packages while they load, of types that we do not use.
    pytest.mark.filterwarnings("ignore:.* has been deprecated in favor of:DeprecationWarning"),
]


def declared(example: str, **configuration: str) -> dict[str, list[Registration]]:
    """Return what an example declares, by type."""
    project = Project(ROOT / "examples" / example)
    found: dict[str, list[Registration]] = {}
    for each in record(project, "prod", project.configuration("prod") | configuration):
        found.setdefault(each.type, []).append(each)
    return found


@pytest.fixture(scope="module")
def amazon() -> dict[str, list[Registration]]:
    """The example for AWS."""
    return declared("state")


def inputs(found: dict[str, list[Registration]], type_: str) -> dict[str, Any]:
    """Return the inputs of the one resource of a type."""
    (each,) = found[type_]
    return dict(each.inputs)


def test_every_version_of_the_state_is_kept_for_a_year(amazon: dict[str, list[Registration]]) -> None:
    """It is the backup."""
    versioning = inputs(amazon, "aws:s3/bucketVersioning:BucketVersioning")
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    (rule,) = inputs(amazon, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")["rules"]
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": 365}
    assert "days" not in rule["expiration"], "the state itself would expire"


def test_the_state_is_closed_to_the_world_and_never_in_clear_text(amazon: dict[str, list[Registration]]) -> None:
    """On the disk, on the way, and to everybody without an account's leave."""
    closed = inputs(amazon, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert {value for key, value in closed.items() if key != "bucket"} == {True}
    (statement,) = json.loads(inputs(amazon, "aws:s3/bucketPolicy:BucketPolicy")["policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"][1] == f"{statement['Resource'][0]}/*"
    (rule,) = inputs(amazon, "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")[
        "rules"
    ]
    assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"


@pytest.mark.parametrize("type_", ["aws:s3/bucket:Bucket", "aws:kms/key:Key"])
def test_neither_bucket_nor_key_goes_by_mistake(amazon: dict[str, list[Registration]], type_: str) -> None:
    """A lost key is every secret of every stack."""
    (each,) = amazon[type_]
    assert each.protect


def test_the_key_is_renewed_and_found_by_the_name_in_the_stack_file(amazon: dict[str, list[Registration]]) -> None:
    """What Pulumi.prod.yaml shows is what the example makes."""
    assert inputs(amazon, "aws:kms/key:Key")["enableKeyRotation"] is True
    alias = inputs(amazon, "aws:kms/alias:Alias")["name"]
    assert f"secretsprovider: awskms://{alias}?region=us-east-1" in (ROOT / "Pulumi.prod.yaml").read_text()


def test_googles_bucket_is_versioned_closed_and_kept() -> None:
    """The same, in the other cloud's words."""
    found = declared("state-google", **{"gcp:project": "hospitality"})
    bucket = inputs(found, "gcp:storage/bucket:Bucket")
    assert bucket["versioning"] == {"enabled": True}
    assert bucket["publicAccessPrevention"] == "enforced"
    assert bucket["uniformBucketLevelAccess"] is True
    assert inputs(found, "gcp:kms/cryptoKey:CryptoKey")["rotationPeriod"] == "7776000s"
    assert all(found[type_][0].protect for type_ in ("gcp:storage/bucket:Bucket", "gcp:kms/cryptoKey:CryptoKey"))
