"""What examples/ci-identity and its counterpart at Google declare: who may be what, and nobody else."""

import json
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from moto import mock_aws

from offline.recorder import record
from operate.permissions import document
from runner.inprocess.deployment import Registration
from runner.project import Project
from tests.stacks.project import ROOT

pytestmark = [
    pytest.mark.stack,
    # Said by the clouds' packages while they load, of types that we do not use.
    pytest.mark.filterwarnings("ignore:.*deprecated.*:DeprecationWarning"),
]

REPOSITORY = "team/cache"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ISSUER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
STACKS = ("staging", "prod")
# IAM's limit for the policies inside one role, without spaces (IAM User Guide, "IAM and AWS STS quotas").
INLINE_CHARACTERS = 10_240


def declared(example: str, **values: str) -> list[Registration]:
    """Return what an example declares, in a configuration that is complete."""
    project = Project(ROOT / "examples" / example)
    own = {f"{project.name}:repository": REPOSITORY} | {
        key if ":" in key else f"{project.name}:{key}": value for key, value in values.items()
    }
    return record(project, "prod", project.configuration("prod") | own)


@pytest.fixture(scope="module")
def amazon() -> list[Registration]:
    """The example for AWS, in an account that knows GitHub already: so nothing of a role is unknown."""
    return declared("ci-identity", stateBucket="state", stateKeyArn=KEY, issuerArn=ISSUER)


@pytest.fixture(scope="module")
def google() -> list[Registration]:
    """The example for Google."""
    key = "projects/hospitality/locations/us-central1/keyRings/pulumi-state/cryptoKeys/secrets"
    return declared("ci-identity-google", stateBucket="state", stateKey=key, **{"gcp:project": "hospitality"})


def roles(amazon: list[Registration]) -> dict[str, dict[str, Any]]:
    """Return the roles by their names."""
    return {each.name: each.inputs for each in amazon if each.type == "aws:iam/role:Role"}


def policies(amazon: list[Registration], name: str) -> list[dict[str, Any]]:
    """Return what a role may do."""
    return [
        json.loads(each.inputs["policy"])
        for each in amazon
        if each.type == "aws:iam/rolePolicy:RolePolicy" and each.name in (f"{name}-stack", f"{name}-state")
    ]


def test_a_role_is_for_one_environment_of_one_repository(amazon: list[Registration]) -> None:
    """By equality: a pattern would let other repositories, branches and pull requests in."""
    found = roles(amazon)
    assert found.keys() == {"cache-staging", "cache-staging-preview", "cache-prod", "cache-prod-preview"}
    for name, inputs in found.items():
        (statement,) = json.loads(inputs["assumeRolePolicy"])["Statement"]
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Principal"] == {"Federated": ISSUER}
        assert statement["Condition"] == {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": f"repo:team/cache:environment:{name.removeprefix('cache-')}",
            }
        }


def test_the_environments_are_those_of_the_workflows() -> None:
    """A job in another environment would be let in by no role."""
    workflows = {path.stem: path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml")}
    assert "environment: prod\n" in workflows["deploy"]
    assert "name: ${{ matrix.stack }}-preview\n" in workflows["preview"]
    assert "name: ${{ matrix.stack }}-preview\n" in workflows["drift"]


def test_nobody_gets_a_key_of_their_own(amazon: list[Registration], google: list[Registration]) -> None:
    """No user, and no key of an account."""
    types = {each.type for each in (*amazon, *google)}
    assert not types & {"aws:iam/accessKey:AccessKey", "aws:iam/user:User", "gcp:serviceaccount/key:Key"}


@pytest.mark.parametrize("stack", STACKS)
def test_who_previews_can_change_nothing(amazon: list[Registration], stack: str) -> None:
    """Neither the stack nor its state."""
    reading = ("Describe", "Get", "List", "Decrypt")
    for policy in policies(amazon, f"cache-{stack}-preview"):
        for statement in policy["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert [action for action in actions if not action.partition(":")[2].startswith(reading)] == []


@pytest.mark.parametrize(("stack", "other"), [("staging", "prod"), ("prod", "staging")])
def test_who_deploys_a_stack_writes_no_other(amazon: list[Registration], stack: str, other: str) -> None:
    """Not its things, and not its state."""
    text = json.dumps(policies(amazon, f"cache-{stack}"))
    assert f"hospitality-redis-{stack}" in text
    assert f"hospitality-redis-{other}" not in text
    assert f".pulumi/locks/organization/cache/{stack}/*" in text
    assert f"cache/{other}" not in text


@pytest.mark.parametrize("name", ["cache-staging", "cache-prod"])
def test_the_policies_of_a_role_are_within_iams_limit(amazon: list[Registration], name: str) -> None:
    """Else the first `up` of this example is refused."""
    compact = [json.dumps(policy, separators=(",", ":")) for policy in policies(amazon, name)]
    assert sum(map(len, compact)) < INLINE_CHARACTERS


def test_iam_takes_the_policies(amazon: list[Registration]) -> None:
    """Their grammar: moto refuses what IAM calls malformed."""
    with mock_aws():
        iam = boto3.client("iam", region_name="us-east-1")
        for name, inputs in roles(amazon).items():
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=inputs["assumeRolePolicy"])
            for number, policy in enumerate(policies(amazon, name)):
                iam.put_role_policy(RoleName=name, PolicyName=f"{number}", PolicyDocument=json.dumps(policy))
            assert len(iam.list_role_policies(RoleName=name)["PolicyNames"]) == 2


def test_github_is_made_known_where_it_is_not() -> None:
    """With the audience that the roles ask for."""
    (issuer,) = [
        each
        for each in declared("ci-identity", stateBucket="state", stateKeyArn=KEY)
        if each.type == "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    ]
    assert issuer.inputs["url"] == "https://token.actions.githubusercontent.com"
    assert issuer.inputs["clientIdLists"] == ["sts.amazonaws.com"]


def test_google_lets_in_one_repository_and_previews_only_read(google: list[Registration]) -> None:
    """The pool's own condition, and the roles of the accounts that look."""
    (provider,) = [each for each in google if each.type.endswith(":WorkloadIdentityPoolProvider")]
    assert provider.inputs["attributeCondition"] == "assertion.repository == 'team/cache'"
    bound = {each.inputs["role"] for each in google if "-preview" in each.name and "role" in each.inputs}
    assert bound == {
        "roles/cloudkms.cryptoKeyDecrypter",
        "roles/compute.networkViewer",
        "roles/iam.workloadIdentityUser",
        "roles/redis.viewer",
        "roles/secretmanager.secretAccessor",
        "roles/secretmanager.viewer",
        "roles/storage.objectViewer",
    }


def test_the_files_of_the_roles_are_those_of_the_stacks() -> None:
    """Otherwise: make docs."""
    wanted = {document.PAGE: document.page(), **document.policies(Project(ROOT))}
    stale = [str(path) for path, text in wanted.items() if (ROOT / path).read_text() != text]
    assert stale == []
