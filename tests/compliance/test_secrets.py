"""Where the connection is delivered is judged too: by whoever has a rule for it, and by ours where nobody has."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compliance import matrix
from compliance.matrix import Row
from compliance.terraform import render
from tests.compliance import verdicts
from tests.recorded_stacks import Declared, changed, project, recorded, resource

SECRET = "aws:secretsmanager/secret:Secret"
POLICY = "aws:secretsmanager/secretPolicy:SecretPolicy"
GRANT = "aws:kms/grant:Grant"
PARAMETER = "aws:ssm/parameter:Parameter"
GOOGLES = "gcp:secretmanager/secret:Secret"
MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
ROLE = "arn:aws:iam::123456789012:role/application"


@pytest.fixture(scope="module")
def delivering(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """What the stack prod declares that delivers to both of AWS's, with a reader."""
    folder: Path = tmp_path_factory.mktemp("prod")
    made = project(folder, "prod", like="prod", sinks="aws-secrets-manager,aws-ssm", secretReaderRoleArn=ROLE)
    return recorded(made, "prod")


def evaluated(declared: Declared) -> dict[str, Row]:
    """Judge with a checkov that is content; give each rule's row."""
    return {rule: row for row in verdicts.evaluated(declared) for rule in row.ids}


def policy(**changes: Any) -> str:
    """Return a policy with one statement."""
    statement = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": ["secretsmanager:GetSecretValue"]}
    return json.dumps({"Statement": [statement | changes]})


def test_both_of_awss_are_green_but_for_a_rotation_by_aws(delivering: Declared) -> None:
    """Which is a conflict with its reason: ours changes the cache too, and waits for the application."""
    rows = evaluated(delivering)
    for rule in (
        *("secret-customer-key", "CKV_AWS_149", "secretsmanager-using-cmk", "secret-readers-named"),
        *("secret-grant-narrow", "parameter-encrypted", "CKV2_AWS_34", "parameter-customer-key", "CKV_AWS_337"),
    ):
        assert rows[rule].status == "green", rule
    assert matrix.passed(list(rows.values()))
    assert {rows[rule].status for rule in ("SecretsManager.1", "CKV2_AWS_57", "AwsSolutions-SMG4")} == {"conflict"}
    assert "make rotate" in rows["SecretsManager.1"].reason
    assert {rows[rule].status for rule in ("SecretsManager.3", "SecretsManager.4")} == {"manual"}
    assert {rows[rule].status for rule in ("SecretsManager.2", "CKV_AWS_304")} == {"n/a"}


DEFECTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no key": (SECRET, {"kmsKeyId": None}, "secret-customer-key"),
    "AWS's key": (SECRET, {"kmsKeyId": "alias/aws/secretsmanager"}, "secret-customer-key"),
    "a policy that may become public": (POLICY, {"blockPublicPolicy": False}, "secret-readers-named"),
    "anybody": (POLICY, {"policy": policy(Principal="*")}, "secret-readers-named"),
    "anybody of AWS's": (POLICY, {"policy": policy(Principal={"AWS": "*"})}, "secret-readers-named"),
    "every action": (POLICY, {"policy": policy(Action="secretsmanager:*")}, "secret-readers-named"),
    "a grant to encrypt too": (GRANT, {"operations": ["Decrypt", "Encrypt"]}, "secret-grant-narrow"),
    "a grant for everything": (GRANT, {"constraints": None}, "secret-grant-narrow"),
    "a parameter in clear text": (PARAMETER, {"type": "String"}, "parameter-encrypted"),
    "a parameter under AWS's key": (PARAMETER, {"keyId": None}, "parameter-customer-key"),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_a_defect_is_red_with_its_cure(delivering: Declared, name: str) -> None:
    """One change of what is declared, and the control that notices."""
    type_, inputs, control = DEFECTS[name]
    row = evaluated(changed(delivering, type_, **inputs))[control]
    assert row.status == "red"
    assert row.reason
    assert row.cure


def test_a_rotation_by_aws_is_green_where_there_is_one(delivering: Declared) -> None:
    """The rule is met by whoever declares it."""
    secret = next(each for each in delivering if each.type == SECRET)
    rotation = resource("aws:secretsmanager/secretRotation:SecretRotation", secretId="x")
    referring = replace(rotation, property_dependencies={"secretId": [secret.urn]})
    assert evaluated([secret, referring])["SecretsManager.1"].status == "green"


@pytest.mark.parametrize(
    ("member", "status"), [("serviceAccount:a@b.iam.gserviceaccount.com", "green"), ("allUsers", "red")]
)
def test_a_secret_of_googles_is_for_a_service_account(member: str, status: str) -> None:
    """And not for the internet; a schedule of Google's would change no password."""
    rows = evaluated([resource(GOOGLES, secretId="x"), resource(MEMBER, member=member)])
    assert rows["secretmanager_secret_not_publicly_accessible"].status == status
    assert rows["secretmanager_secret_rotation_enabled"].status == "conflict"
    scheduled = [resource(GOOGLES, secretId="x", rotation={"rotationPeriod": "7776000s"})]
    assert evaluated(scheduled)["secretmanager_secret_rotation_enabled"].status == "green"


def test_a_grants_context_keeps_awss_own_spelling(delivering: Declared) -> None:
    """Its keys are words of the service, and no names of Terraform's."""
    (grant,) = render(delivering).of_type("aws_kms_grant")
    assert list(grant.blocks("constraints")[0]["encryption_context_subset"]) == ["SecretARN"]
