"""Where the connection is delivered: secret managers, by their keys, their readers and their rotation.

Rule ids: the sources of checkov 3.3.30 and of Prowler; the Security Hub, AWS Config and cdk-nag references. checkov has
no rule for Google's secrets.
"""

import json
from typing import Any, Final

from compliance.demand import Check, Demand, Outside
from compliance.terraform import Plan, Resource

SECRETS: Final = "aws_secretsmanager_secret"
POLICY: Final = "aws_secretsmanager_secret_policy"
GRANT: Final = "aws_kms_grant"
PARAMETER: Final = "aws_ssm_parameter"
GOOGLES_SECRETS: Final = "google_secret_manager_secret"
GOOGLES_MEMBER: Final = "google_secret_manager_secret_iam_member"

SECRETS_MANAGER: Final = "infra/sinks/aws_secrets_manager.py"
PARAMETER_STORE: Final = "infra/sinks/aws_ssm.py"

# Keys that AWS owns in every account are named so.
AWS_KEYS: Final = "aws/"
# IAM, Policy, members: the whole internet, and everybody with an account of Google's.
EVERYBODY: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
BY_HAND: Final = (
    "a rotation changes the cache's users too, proves both passwords and leaves both valid until the application was "
    "restarted, which a function that AWS calls cannot know: make rotate and make rotate-finish, at least every 90 days"
)


def _own_key(attribute: str) -> Check:
    def check(resource: Resource, _: Plan) -> str | None:
        key = resource.values.get(attribute)
        if not key:
            return f"{attribute} is not set, so the key is AWS's own"
        return f"{attribute} is a key of AWS's own" if AWS_KEYS in str(key) else None

    return check


def _rotates(secret: Resource, plan: Plan) -> str | None:
    rotations = plan.of_type("aws_secretsmanager_secret_rotation")
    own = any(secret in plan.referred(rotation, "secret_id") for rotation in rotations)
    return None if own else "no rotation by AWS is declared"


def _encrypted(parameter: Resource, _: Plan) -> str | None:
    kind = parameter.known("type")
    return None if kind == "SecureString" else f"the type is {kind or 'not set'}"


def _named_readers(policy: Resource, _: Plan) -> str | None:
    if policy.known("block_public_policy") is not True:
        return "block_public_policy is not true"
    text = policy.known("policy")
    if text is None:
        return "the policy is not known yet"
    return next((problem for each in json.loads(text)["Statement"] if (problem := _broad(each))), None)


def _broad(statement: dict[str, Any]) -> str | None:
    if statement["Effect"] != "Allow":
        return None
    named = statement.get("Principal", "*")
    principals = named if isinstance(named, str) else named.get("AWS", [])
    if "*" in principals:
        return "anybody is a principal"
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    wild = [action for action in actions if "*" in action]
    return f"{', '.join(wild)} is more than to read" if wild else None


def _decrypts_one_secret(grant: Resource, _: Plan) -> str | None:
    operations = grant.known("operations")
    if operations != ["Decrypt"]:
        return f"it is for {', '.join(operations or ['operations that are not known'])}"
    contexts = [block.get("encryption_context_subset") for block in grant.blocks("constraints")]
    return None if contexts and all(contexts) else "it is for everything that the key encrypts"


def _a_reader(member: Resource, _: Plan) -> str | None:
    name = member.known("member")
    if name is None:
        return "the member is not known yet"
    return f"{name} may read" if name in EVERYBODY else None


DEMANDS: Final = (
    Demand(
        name="secret-customer-key",
        words="the secret is encrypted with a key of the customer's own",
        types=(SECRETS,),
        check=_own_key("kms_key_id"),
        cure="pulumi config set cache:secretKmsKeyArn ARN --stack STACK",
        rules={
            "checkov": ("CKV_AWS_149",),
            "AWS Config": ("secretsmanager-using-cmk",),
            "Prowler": ("secretsmanager_using_cmk",),
            "Trivy": ("AWS-0098",),
            "cdk-nag": ("NIST.800.53.R5-SecretsManagerUsingKMSKey", "HIPAA.Security-SecretsManagerUsingKMSKey"),
        },
    ),
    Demand(
        name="secret-readers-named",
        words="the secret's policy names who may read it, and lets them do nothing else",
        types=(POLICY,),
        check=_named_readers,
        cure=f"name a role in {SECRETS_MANAGER}, and set block_public_policy=True",
        rules={"Prowler": ("secretsmanager_not_publicly_accessible", "secretsmanager_has_restrictive_resource_policy")},
    ),
    Demand(
        name="secret-grant-narrow",
        words="who reads the secret decrypts it alone, and nothing else of its key",
        types=(GRANT,),
        check=_decrypts_one_secret,
        cure=f"give the grant the operation Decrypt and the secret's ARN as context in {SECRETS_MANAGER}",
    ),
    Demand(
        name="secret-rotated-by-aws",
        words="AWS rotates the secret by itself",
        types=(SECRETS,),
        check=_rotates,
        cure="",
        declined=BY_HAND,
        rules={
            "checkov": ("CKV2_AWS_57",),
            "Security Hub": ("SecretsManager.1",),
            "AWS Config": ("secretsmanager-rotation-enabled-check",),
            "Prowler": ("secretsmanager_automatic_rotation_enabled",),
            "cdk-nag": ("AwsSolutions-SMG4",),
        },
    ),
    Demand(
        name="parameter-encrypted",
        words="a parameter is encrypted",
        types=(PARAMETER,),
        check=_encrypted,
        cure=f'set type="SecureString" in {PARAMETER_STORE}',
        rules={"checkov": ("CKV2_AWS_34",)},
    ),
    Demand(
        name="parameter-customer-key",
        words="a parameter is encrypted with a key of the customer's own",
        types=(PARAMETER,),
        check=_own_key("key_id"),
        cure="pulumi config set cache:secretKmsKeyArn ARN --stack STACK",
        rules={"checkov": ("CKV_AWS_337",)},
    ),
    Demand(
        name="google-secret-not-public",
        words="a secret of Google's is not for everybody to read",
        types=(GOOGLES_MEMBER,),
        check=_a_reader,
        cure="pulumi config set cache:secretReaderServiceAccount NAME@PROJECT.iam.gserviceaccount.com --stack STACK",
        rules={"Prowler": ("secretmanager_secret_not_publicly_accessible",)},
    ),
    Demand(
        name="google-secret-rotated",
        words="a secret of Google's has a rotation schedule",
        types=(GOOGLES_SECRETS,),
        check=lambda secret, _: None if secret.blocks("rotation") else "no rotation schedule is declared",
        cure="",
        declined="a schedule of Google's only sends a message, and the password is Memorystore's own: docs/rotation.md",
        rules={"Prowler": ("secretmanager_secret_rotation_enabled",)},
    ),
)

OUTSIDE: Final = (
    Outside(
        words="a rotation by AWS is every 90 days, and succeeds",
        types=(SECRETS,),
        status="n/a",
        reason="there is none by AWS, which secret-rotated-by-aws says",
        rules={
            "checkov": ("CKV_AWS_304",),
            "Security Hub": ("SecretsManager.2",),
            "AWS Config": ("secretsmanager-scheduled-rotation-success-check",),
            "Prowler": (
                "secretsmanager_scheduled_rotation_success_check",
                "secretsmanager_secret_rotated_successfully",
            ),
        },
    ),
    Outside(
        words="the secret changed in the last 90 days",
        types=(SECRETS,),
        status="manual",
        reason="only the account knows when it did; make rotate changes it",
        rules={
            "Security Hub": ("SecretsManager.4",),
            "AWS Config": ("secretsmanager-secret-periodic-rotation",),
            "Prowler": ("secretsmanager_secret_rotated_periodically",),
        },
    ),
    Outside(
        words="somebody read the secret in the last 90 days",
        types=(SECRETS,),
        status="manual",
        reason="only the account knows who reads it",
        rules={
            "Security Hub": ("SecretsManager.3",),
            "AWS Config": ("secretsmanager-secret-unused",),
            "Prowler": ("secretsmanager_secret_unused",),
        },
    ),
)
