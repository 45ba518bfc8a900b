"""Secrets Manager, Parameter Store and who may read them, as Pulumi's provider of AWS declares them."""

import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from runner.inprocess.providers import Properties, Provider
from tests.standins.aws_providers import AwsResource, Tags, mapping, pairs

if TYPE_CHECKING:
    from tests.standins.aws import Account

CURRENT = "AWSCURRENT"


class Secret(AwsResource):
    """aws:secretsmanager/secret:Secret (terraform-provider-aws, internal/service/secretsmanager/secret.go)."""

    replaces = frozenset({"name"})

    def make(self, news: Properties) -> str:
        made = self.account.secrets.create_secret(
            Name=news["name"],
            Description=news.get("description", ""),
            ClientRequestToken=str(uuid.uuid4()),
            Tags=pairs(news.get("tags")),
            **_key(news),
        )
        return str(made["ARN"])

    def describe(self, id_: str) -> Properties | None:
        found = described(self.account, id_)
        if found is None or "DeletedDate" in found:
            return None
        read = {"kmsKeyId": found["KmsKeyId"]} if found.get("KmsKeyId") else {}
        return {
            **read,
            "arn": id_,
            "name": found["Name"],
            "description": found.get("Description", ""),
            "tags": mapping(found.get("Tags", [])),
        }

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        # How long it is kept is for the provider to remember until it deletes it.
        if changed.keys() - {"recoveryWindowInDays"}:
            self.account.secrets.update_secret(
                SecretId=id_,
                Description=news.get("description", ""),
                ClientRequestToken=str(uuid.uuid4()),
                **_key(news),
            )

    def remove(self, id_: str, outputs: Properties) -> None:
        days = outputs.get("recoveryWindowInDays", 30)
        kept = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        self.account.secrets.delete_secret(SecretId=id_, **kept)

    def tag(self, id_: str, outputs: Properties, tags: Tags) -> None:
        del outputs
        self.account.secrets.tag_resource(SecretId=id_, Tags=pairs(tags))


class SecretVersion(AwsResource):
    """aws:secretsmanager/secretVersion:SecretVersion (the same, secret_version.go)."""

    replaces = frozenset({"secretId", "secretString"})

    def make(self, news: Properties) -> str:
        made = self.account.secrets.put_secret_value(
            SecretId=news["secretId"], SecretString=news["secretString"], ClientRequestToken=str(uuid.uuid4())
        )
        return f"{news['secretId']}|{made['VersionId']}"

    def describe(self, id_: str) -> Properties | None:
        secret, _, version = id_.partition("|")
        try:
            found = self.account.secrets.get_secret_value(SecretId=secret, VersionId=version)
        except ClientError:
            return None
        return {
            "arn": secret,
            "secretId": secret,
            "secretString": found["SecretString"],
            "versionId": version,
            "versionStages": found["VersionStages"],
        }

    def remove(self, id_: str, outputs: Properties) -> None:
        """Take its labels off, of which AWSCURRENT cannot go; AWS then forgets a version without any."""
        secret, _, version = id_.partition("|")
        for stage in outputs["versionStages"]:
            if stage != CURRENT:
                self.account.secrets.update_secret_version_stage(
                    SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
                )


class SecretPolicy(AwsResource):
    """aws:secretsmanager/secretPolicy:SecretPolicy."""

    replaces = frozenset({"secretArn"})

    def make(self, news: Properties) -> str:
        self.change(news["secretArn"], news, news)
        return str(news["secretArn"])

    def describe(self, id_: str) -> Properties | None:
        try:
            found = self.account.secrets.get_resource_policy(SecretId=id_)
        except ClientError:
            return None
        return {"secretArn": id_, "policy": found["ResourcePolicy"]} if "ResourcePolicy" in found else None

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        del changed
        self.account.secrets.put_resource_policy(
            SecretId=id_, ResourcePolicy=news["policy"], BlockPublicPolicy=news.get("blockPublicPolicy", False)
        )

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.secrets.delete_resource_policy(SecretId=id_)


class Grant(AwsResource):
    """aws:kms/grant:Grant (the same, internal/service/kms/grant.go): every change is another grant."""

    replaces = frozenset({"keyId", "granteePrincipal", "operations", "constraints"})

    def make(self, news: Properties) -> str:
        (constraints,) = news["constraints"]
        made = self.account.kms.create_grant(
            KeyId=news["keyId"],
            GranteePrincipal=news["granteePrincipal"],
            Operations=news["operations"],
            Constraints={"EncryptionContextSubset": constraints["encryptionContextSubset"]},
        )
        return f"{news['keyId']}:{made['GrantId']}"

    def describe(self, id_: str) -> Properties | None:
        key, _, grant = id_.rpartition(":")
        found = self.account.kms.list_grants(KeyId=key, GrantId=grant)["Grants"]
        return (
            {
                "grantId": grant,
                "granteePrincipal": found[0]["GranteePrincipal"],
                "operations": found[0]["Operations"],
            }
            if found
            else None
        )

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        key, _, grant = id_.rpartition(":")
        self.account.kms.revoke_grant(KeyId=key, GrantId=grant)


DEFAULT_KEY = "alias/aws/ssm"


class Parameter(AwsResource):
    """aws:ssm/parameter:Parameter (the same, internal/service/ssm/parameter.go)."""

    replaces = frozenset({"name", "dataType"})

    def make(self, news: Properties) -> str:
        self.account.parameters.put_parameter(**self._request(news), Tags=pairs(news.get("tags")))
        return str(news["name"])

    def describe(self, id_: str) -> Properties | None:
        try:
            found = self.account.parameters.get_parameter(Name=id_, WithDecryption=True)["Parameter"]
        except ClientError:
            return None
        (known,) = self.account.parameters.describe_parameters(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [id_]}]
        )["Parameters"]
        tags = self.account.parameters.list_tags_for_resource(ResourceType="Parameter", ResourceId=id_)["TagList"]
        return {
            "name": id_,
            "arn": found["ARN"],
            "type": found["Type"],
            "value": found["Value"],
            "version": found["Version"],
            "description": known.get("Description", ""),
            "keyId": known.get("KeyId", ""),
            "tags": mapping(tags),
        }

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        del id_
        request = self._request(news)
        if "keyId" not in changed:
            # resourceParameterUpdate; what AWS does then, moto does not: it takes the account's default key (API
            # reference, PutParameter, KeyId).
            request["KeyId"] = DEFAULT_KEY
        self.account.parameters.put_parameter(**request, Overwrite=True)

    def remove(self, id_: str, outputs: Properties) -> None:
        del outputs
        self.account.parameters.delete_parameter(Name=id_)

    def tag(self, id_: str, outputs: Properties, tags: Tags) -> None:
        del outputs
        self.account.parameters.add_tags_to_resource(ResourceType="Parameter", ResourceId=id_, Tags=pairs(tags))

    @staticmethod
    def _request(news: Properties) -> dict[str, Any]:
        key = {"KeyId": news["keyId"]} if news.get("keyId") else {}
        return {
            "Name": news["name"],
            "Description": news.get("description", ""),
            "Type": news["type"],
            "Value": news["value"],
            "Tier": news.get("tier", "Standard"),
            **key,
        }


class RolePolicy(AwsResource):
    """aws:iam/rolePolicy:RolePolicy."""

    replaces = frozenset({"name", "role"})
    is_named = True

    def make(self, news: Properties) -> str:
        self.change("", news, news)
        return f"{news['role']}:{news['name']}"

    def describe(self, id_: str) -> Properties | None:
        role, _, name = id_.partition(":")
        try:
            found = self.account.iam.get_role_policy(RoleName=role, PolicyName=name)
        except ClientError:
            return None
        return {"role": role, "name": name, "policy": json.dumps(found["PolicyDocument"])}

    def change(self, id_: str, changed: Properties, news: Properties) -> None:
        del id_, changed
        self.account.iam.put_role_policy(RoleName=news["role"], PolicyName=news["name"], PolicyDocument=news["policy"])

    def remove(self, id_: str, outputs: Properties) -> None:
        del id_
        self.account.iam.delete_role_policy(RoleName=outputs["role"], PolicyName=outputs["name"])


def described(account: "Account", secret: str) -> dict[str, Any] | None:
    """Return what the API says of a secret; None where there is none."""
    try:
        found: dict[str, Any] = account.secrets.describe_secret(SecretId=secret)
    except ClientError:
        return None
    return found


def _key(news: Properties) -> dict[str, str]:
    return {"KmsKeyId": news["kmsKeyId"]} if news.get("kmsKeyId") else {}


PROVIDERS: dict[str, Callable[["Account"], Provider]] = {
    "aws:secretsmanager/secret:Secret": Secret,
    "aws:secretsmanager/secretVersion:SecretVersion": SecretVersion,
    "aws:secretsmanager/secretPolicy:SecretPolicy": SecretPolicy,
    "aws:kms/grant:Grant": Grant,
    "aws:ssm/parameter:Parameter": Parameter,
    "aws:iam/rolePolicy:RolePolicy": RolePolicy,
}
