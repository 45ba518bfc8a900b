"""What AWS refuses and moto takes of secrets, parameters and grants."""

import json
import re
from typing import TYPE_CHECKING

from tests.standins.aws_refusals import Refusal, Request

if TYPE_CHECKING:
    from tests.standins.aws import Account

SECRETS = "Secrets Manager API reference, "
PARAMETERS = "Systems Manager API reference, "
PROVIDER = "terraform-provider-aws, internal/service/"
DEEPEST = 15
LARGEST_STANDARD = 4096
UNKNOWN_ROLE = "arn:aws:iam::123456789012:role/nobody"


def _scheduled(request: Request, account: "Account") -> bool:
    listed = account.secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]
    return any(each["Name"] == request["Name"] and "DeletedDate" in each for each in listed)


def _principals(policy: str) -> list[str]:
    """Return the principals of AWS's that a policy names."""
    found: list[str] = []
    for statement in json.loads(policy)["Statement"]:
        principal = statement["Principal"]
        named = principal if isinstance(principal, str) else principal.get("AWS", [])
        found += [named] if isinstance(named, str) else named
    return found


def _is_nobody(principal: str, account: "Account") -> bool:
    roles = [role["Arn"] for role in account.iam.list_roles()["Roles"]]
    return principal != "*" and not principal.endswith(":root") and principal not in roles


def _key_is_out_of_use(request: Request, account: "Account") -> bool:
    key = request.get("KmsKeyId", request.get("KeyId"))
    # AWS's own are in every account.
    if key is None or key.startswith("alias/aws/"):
        return False
    known = [each["KeyArn"] for each in account.kms.list_keys()["Keys"]]
    return key not in known or account.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] != "Enabled"


REFUSALS = (
    Refusal(
        operation="CreateSecret",
        code="InvalidRequestException",
        words="You can't create this secret because a secret with this name is already scheduled for deletion.",
        source=f"{SECRETS}CreateSecret, Errors; {PROVIDER}secretsmanager/secret.go, resourceSecretCreate",
        refuses=_scheduled,
        breaks={"Name": "deleted"},
    ),
    Refusal(
        operation="CreateSecret",
        code="ValidationException",
        words="Invalid name. Must be a valid name containing alphanumeric characters, or any of: -/_+=.@!",
        source=f"{SECRETS}CreateSecret, Name",
        refuses=lambda request, _: not re.fullmatch(r"[\w/+=.@!-]{1,512}", request["Name"], re.ASCII),
        breaks={"Name": "hospitality redis"},
    ),
    Refusal(
        operation="CreateSecret",
        code="EncryptionFailure",
        words="Secrets Manager can't encrypt the protected secret text using the provided KMS key",
        source=f"{SECRETS}CreateSecret, Errors",
        refuses=_key_is_out_of_use,
        breaks={"KmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/none"},
    ),
    Refusal(
        operation="DeleteSecret",
        code="InvalidParameterException",
        words="The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
        source=f"{SECRETS}DeleteSecret, RecoveryWindowInDays",
        refuses=lambda request, _: not 7 <= request.get("RecoveryWindowInDays", 30) <= 30,
        breaks={"RecoveryWindowInDays": 3},
    ),
    Refusal(
        operation="UpdateSecretVersionStage",
        code="InvalidParameterException",
        words="You can only move staging label AWSCURRENT to a different secret version.",
        source=f"{PROVIDER}secretsmanager/secret_version.go, resourceSecretVersionDelete",
        refuses=lambda request, _: request["VersionStage"] == "AWSCURRENT" and "MoveToVersionId" not in request,
        breaks={"VersionStage": "AWSCURRENT"},
    ),
    Refusal(
        operation="PutResourcePolicy",
        code="MalformedPolicyDocumentException",
        words="This resource policy contains an unsupported principal.",
        source=f"{PROVIDER}secretsmanager/secret.go, putSecretPolicy",
        refuses=lambda request, account: any(
            _is_nobody(principal, account) for principal in _principals(request["ResourcePolicy"])
        ),
        breaks={
            "ResourcePolicy": json.dumps(
                {"Statement": [{"Effect": "Allow", "Principal": {"AWS": UNKNOWN_ROLE}, "Action": "*", "Resource": "*"}]}
            )
        },
    ),
    Refusal(
        operation="PutResourcePolicy",
        code="PublicPolicyException",
        words="The BlockPublicPolicy parameter is set to true, and the resource policy did not prevent broad access",
        source=f"{SECRETS}PutResourcePolicy, Errors",
        refuses=lambda request, _: (
            request.get("BlockPublicPolicy", False) and "*" in _principals(request["ResourcePolicy"])
        ),
        breaks={
            "ResourcePolicy": json.dumps(
                {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
            )
        },
    ),
    Refusal(
        operation="CreateGrant",
        code="InvalidArnException",
        words="ARN does not refer to a valid principal",
        source=f"KMS API reference, CreateGrant, Errors; {PROVIDER}kms/grant.go, resourceGrantCreate",
        refuses=lambda request, account: _is_nobody(request["GranteePrincipal"], account),
        breaks={"GranteePrincipal": UNKNOWN_ROLE},
    ),
    Refusal(
        operation="PutParameter",
        code="ValidationException",
        words="Parameter name must be a fully qualified name.",
        source=f"{PARAMETERS}PutParameter, Name",
        refuses=lambda request, _: "/" in request["Name"] and not request["Name"].startswith("/"),
        breaks={"Name": "hospitality-redis/REDIS_HOST"},
    ),
    Refusal(
        operation="PutParameter",
        code="ValidationException",
        words="Parameter name: each sub-path can be formed as a mix of letters, numbers and the symbols .-_",
        source=f"{PARAMETERS}PutParameter, Name; boto/boto3 issue 1499",
        refuses=lambda request, _: not re.fullmatch(r"[\w./-]{1,1011}", request["Name"], re.ASCII),
        breaks={"Name": "/hospitality redis/REDIS_HOST"},
    ),
    Refusal(
        operation="PutParameter",
        code="HierarchyLevelLimitExceededException",
        words="A hierarchy can have a maximum of 15 levels.",
        source=f"{PARAMETERS}PutParameter, Errors",
        refuses=lambda request, _: request["Name"].count("/") > DEEPEST,
        breaks={"Name": "/a" * (DEEPEST + 1)},
    ),
    Refusal(
        operation="PutParameter",
        code="ValidationException",
        words="Value '' at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1.",
        source=f"{PARAMETERS}PutParameter, Value; getmoto/moto issue 3794; localstack/localstack issue 5108",
        refuses=lambda request, _: not request["Value"],
        breaks={"Value": ""},
    ),
    Refusal(
        operation="PutParameter",
        code="ValidationException",
        words="Standard tier parameters support a maximum parameter value of 4096 characters.",
        source=f"{PARAMETERS}PutParameter, Tier",
        refuses=lambda request, _: (
            request.get("Tier", "Standard") == "Standard" and len(request["Value"]) > LARGEST_STANDARD
        ),
        breaks={"Value": "x" * (LARGEST_STANDARD + 1)},
    ),
    Refusal(
        operation="PutParameter",
        code="InvalidKeyId",
        words="Key does not exist",
        source=f"{PARAMETERS}PutParameter, Errors; binxio/aws-ssm-copy issue 10",
        refuses=_key_is_out_of_use,
        breaks={"KeyId": "arn:aws:kms:us-east-1:123456789012:key/none"},
    ),
)
