"""The settings of the delivery: where the proved connection goes, and what each sink has to know for it."""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from infra.aws import patterns as aws_patterns
from infra.backends import BACKENDS, settings_of
from infra.gcp import patterns as gcp_patterns
from infra.patterns import Pattern
from infra.settings.base import Known, NotSet, Refusal, Strings, Wrong, checked, require_distinct
from infra.settings.common import CommonSettings
from infra.settings.tags import RULES, Tag, Tags, problems
from infra.settings.variables import Claim, Named

# Where pulumi-aws looks first.
AWS_REGION: Final = "aws:region"

# Secrets Manager API reference, DeleteSecret, RecoveryWindowInDays.
SHORTEST_RECOVERY_DAYS: Final = 7
LONGEST_RECOVERY_DAYS: Final = 30

# What `encore secret set --type` takes, and what --env can look up (encoredev/encore, cli/cmd/encore/secrets/set.go).
ENCORE_TYPES: Final = ("prod", "dev", "pr", "local")
ENCORE_ENVIRONMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")

# What a shell, docker compose and a program's environment take: POSIX, Base Definitions, 3.231 Name.
ENVIRONMENT_NAME: Final = Pattern(
    "[A-Za-z_][A-Za-z0-9_]{0,127}", "up to 128 letters, digits and underscores, and no digit first"
)

# What GitHub lets an account and a repository be called when they are made.
GITHUB_OWNER: Final = Pattern("[A-Za-z0-9][A-Za-z0-9-]{0,38}", "up to 39 letters, digits and hyphens")
GITHUB_REPOSITORY: Final = Pattern(
    "[A-Za-z0-9._-]{1,100}", "up to 100 letters, digits, dots, hyphens and underscores, without the owner"
)
# Kubernetes documentation, Object Names and IDs: a Secret has the name of a DNS subdomain, a namespace that of a label.
KUBERNETES_NAME: Final = Pattern(
    r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?",
    "up to 253 small letters, digits, dots and hyphens, beginning and ending with a letter or a digit",
)
KUBERNETES_NAMESPACE: Final = Pattern(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
    "up to 63 small letters, digits and hyphens, beginning and ending with a letter or a digit",
)


def _is_a_command(command: str | None) -> str | None:
    # A list, a mapping and a boolean (True as well) arrive as JSON; `[ -x deploy ] && ./deploy` is none.
    try:
        value = json.loads((command or '""').lower())
    except (ValueError, RecursionError):
        return command
    if isinstance(value, str):
        return command
    raise Wrong("it is no command of a shell, which is one text; several are joined with && or stand in a script")


def _is_a_files_name(file: str | None) -> str | None:
    if file is not None and file.rpartition("/")[2] in ("", ".", "..", "~"):
        raise Wrong("it is the name of a folder, and not of a file")
    return file


class DeliverySettings(CommonSettings):
    """What is asked of the delivery, whatever the sinks."""

    sinks: Annotated[
        Strings | None,
        Field(
            examples=["dotenv"],
            description="Sinks that get the proved connection, each in docs/sinks.md; unset: as suits the backend",
        ),
    ] = None
    aws_region: Annotated[
        str | None,
        Field(
            alias=AWS_REGION,
            examples=["us-east-1"],
            description="AWS region, as the provider reads it; unset: the region of the environment or the profile",
        ),
    ] = None
    url: Annotated[
        bool,
        Field(
            examples=["true"],
            description="Delivery of REDIS_URL, the whole connection as a URL, beside the REDIS_* variables",
        ),
    ] = False
    variables: Annotated[
        Named,
        Field(
            examples=["laravel"],
            description="Further variables for the application: the preset laravel, spring, dotnet or url, NAME=part, "
            "or several; a part is host, port, username, password, tls, ca, url or database",
        ),
    ] = ()
    tags: Annotated[
        Tags,
        Field(
            examples=['{"owner": "payments", "contact": "payments@example.com"}', '{"owner": "payments"}'],
            description="Tags or labels of every resource that takes them, beside managed-by, project, stack and tier: "
            "owner, contact and others",
        ),
    ] = ()
    attached: Annotated[
        bool,
        Field(
            examples=["true"],
            description="Delivery of the connection; false: the variables are empty, and the application caches in "
            "memory (make rollback, make attach)",
        ),
    ] = True
    after_delivery: Annotated[
        str | None,
        AfterValidator(_is_a_command),
        Field(
            examples=["./redeploy.sh"],
            min_length=1,
            description="Shell command after a changed connection was delivered, such as a restart of the application",
        ),
    ] = None

    @field_validator("sinks", mode="before")
    @classmethod
    def _nowhere_is_asked_for_in_so_many_words(cls, sinks: object) -> object:
        # Pulumi hands over a value that was left out, and one that is null, as an empty text.
        if isinstance(sinks, str) and not sinks.strip(" ,"):
            raise Refusal(
                "is empty: name where the connection goes, or set it to [] for nowhere",
                example=",".join(cls.default_sinks),
            )
        return sinks

    @field_validator("sinks")
    @classmethod
    def _sinks_are_there(cls, sinks: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if sinks is None:
            return None
        unknown = [sink for sink in sinks if sink not in SINKS]
        if unknown:
            raise Refusal(f"{{sinks}} is none of {', '.join(SINKS)}", example="dotenv", sinks=", ".join(unknown))
        require_distinct(sinks, field="sinks")
        for sink in sinks if "backend" in info.data else ():
            cloud = SINKS[sink].cloud
            if cloud is not None and cloud not in cls.capabilities.clouds_of_sinks:
                theirs = [each for each in BACKENDS if cloud in settings_of(each).capabilities.clouds_of_sinks]
                raise Refusal(
                    f"{{sinks}} goes with {' and '.join(theirs)}, and this stack's backend is {{backend}}",
                    example=",".join(cls.default_sinks),
                    sinks=sink,
                )
        return sinks

    @field_validator("variables")
    @classmethod
    def _the_sinks_take_the_names(cls, variables: tuple[Claim, ...], info: ValidationInfo) -> tuple[Claim, ...]:
        problems = [
            f"{sink} takes no {', '.join(wrong)}: a name there has {rule.description}"
            for sink in cls.sinks_of(info.data) or ()
            if (rule := SINKS[sink].names) is not None
            and (wrong := [name for name, _ in variables if rule.problem(name)])
        ]
        if info.data.get("url") and (part := dict(variables).get("REDIS_URL", "url")) != "url":
            problems.append(f"REDIS_URL is the url already, by cache:url, and cannot be the {part}")
        if problems:
            raise Refusal("will not do: {variables}", example="", variables="; ".join(problems))
        return variables

    @field_validator("tags")
    @classmethod
    def _the_vendors_take_the_tags(cls, tags: tuple[Tag, ...], info: ValidationInfo) -> tuple[Tag, ...]:
        if not tags or "backend" not in info.data:
            return tags
        sinks = cls.sinks_of(info.data) or ()
        places = {cls.capabilities.cloud, *(SINKS[sink].cloud for sink in sinks), *sinks}
        vendors = [rules for place, rules in RULES.items() if place in places]
        vendors += [cls.capabilities.tag_rules] if cls.capabilities.tag_rules else []
        if not vendors:
            raise Refusal("has nothing to be put on: neither {backend} nor where the connection goes takes tags")
        if found := [*problems(tags, vendors)]:
            raise Wrong("; ".join(found))
        return tags

    @field_validator("aws_region")
    @classmethod
    def _region_is_of_aws(cls, region: str | None, info: ValidationInfo) -> str | None:
        own = cls.capabilities.cloud if "backend" in info.data else None
        is_at_aws = "aws" in {own, *(SINKS[sink].cloud for sink in cls.sinks_of(info.data) or ())}
        if region is not None and is_at_aws and (problem := aws_patterns.REGION.problem(region)):
            raise Refusal(f'"{{aws_region}}" {problem}', example="")
        return region

    @field_validator("*", mode="before")
    @classmethod
    def _sink_has_the_setting(cls, value: object, info: ValidationInfo) -> object:
        owners, chosen = sinks_with(info.field_name or ""), cls.sinks_of(info.data)
        if value and owners and chosen is not None and not {*owners} & {*chosen}:
            raise Refusal(
                f"is a setting of {' and '.join(owners)}, and this stack delivers {{sinks}}",
                sinks=f"to {' and '.join(chosen)}" if chosen else "nowhere",
            )
        return value

    @classmethod
    def proposals(cls, field: str, config: Mapping[str, str]) -> Sequence[str]:
        """Return what a field may be set to in a configuration: an ARN is in its region."""
        region, examples = config.get(AWS_REGION, ""), super().proposals(field, config)
        if aws_patterns.REGION.problem(region):
            return examples
        return [aws_patterns.moved(each, region) if each.startswith("arn:") else each for each in examples]

    @classmethod
    def sinks_of(cls, known: Known) -> tuple[str, ...] | None:
        """Return where a stack delivers; None where that is not known, since its backend or its sinks are not valid."""
        if "sinks" not in known or "backend" not in known:
            return None
        asked: tuple[str, ...] | None = known["sinks"]
        return cls.default_sinks if asked is None else asked

    @classmethod
    def goes_to(cls, sink: str, known: Known) -> bool:
        """Whether a stack delivers there, for the validator of a field after `sinks`."""
        return sink in (cls.sinks_of(known) or ())

    @property
    def named_variables(self) -> Mapping[str, str]:
        """The part of the connection that each name of the application's own is given, REDIS_URL among them."""
        return {**({"REDIS_URL": "url"} if self.url else {}), **dict(self.variables)}

    @property
    def chosen_sinks(self) -> tuple[str, ...]:
        """Where the connection goes: as asked, or as suits the backend."""
        return self.default_sinks if self.sinks is None else self.sinks


class DotenvSettings(DeliverySettings):
    """What the environment file has to know."""

    dotenv_file: Annotated[
        str | None,
        AfterValidator(_is_a_files_name),
        Field(
            examples=[".env"],
            min_length=1,
            description="Environment file, relative to the project; unset: `.local/<stack>.env`",
        ),
    ] = None


class EncoreSettings(DeliverySettings):
    """What the secrets of an Encore application have to know."""

    encore_app: Annotated[
        str | None,
        Field(
            examples=["../application"],
            validate_default=True,
            description="Folder of the Encore application, with its encore.app",
        ),
    ] = None
    encore_types: Annotated[
        Strings,
        Field(examples=["prod"], description=f"Types of environments that get the secrets: {', '.join(ENCORE_TYPES)}"),
    ] = ()
    encore_environments: Annotated[
        Strings,
        Field(
            examples=["staging"],
            validate_default=True,
            description="Names of environments that get the secrets",
        ),
    ] = ()

    @field_validator("encore_app")
    @classmethod
    def _the_application_is_named(cls, app: str | None, info: ValidationInfo) -> str | None:
        if app is None and cls.goes_to("encore", info.data):
            raise NotSet
        return app

    @field_validator("encore_types")
    @classmethod
    def _encore_has_the_types(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [type_ for type_ in types if type_ not in ENCORE_TYPES]
        if unknown:
            raise Refusal(
                f"{{encore_types}} is none of {', '.join(ENCORE_TYPES)}", example="", encore_types=", ".join(unknown)
            )
        require_distinct(types, field="encore_types")
        return types

    @field_validator("encore_environments")
    @classmethod
    def _the_environments_are_named(cls, environments: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not environments and info.data.get("encore_types") == () and cls.goes_to("encore", info.data):
            raise Refusal(
                "is not set, and cache:encoreTypes neither: the secrets have to be for some environments", example=""
            )
        malformed = [name for name in environments if not ENCORE_ENVIRONMENT.fullmatch(name)]
        if malformed:
            raise Refusal(
                "{encore_environments} will not do: letters, digits and hyphens",
                example="",
                encore_environments=", ".join(malformed),
            )
        require_distinct(environments, field="encore_environments")
        return environments


class EncoreInfraConfigSettings(DeliverySettings):
    """What the infrastructure file of a self-hosted Encore application has to know."""

    encore_infra_config: Annotated[
        str | None,
        AfterValidator(_is_a_files_name),
        Field(
            examples=["../application/infra.config.json"],
            validate_default=True,
            description="Infrastructure file for `encore build docker --config`",
        ),
    ] = None
    encore_cache_cluster: Annotated[
        str | None,
        Field(
            examples=["cache"],
            validate_default=True,
            description="Name of the cache cluster in the application's code: new CacheCluster(NAME)",
        ),
    ] = None

    @field_validator("encore_infra_config", "encore_cache_cluster")
    @classmethod
    def _both_are_set(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and cls.goes_to("encore-infra-config", info.data):
            raise NotSet
        return value


class AwsSecretSettings(DeliverySettings):
    """What both of AWS's secret stores have to know."""

    secret_reader_role_arn: Annotated[
        str | None,
        checked(aws_patterns.ROLE.problem),
        Field(
            examples=["arn:aws:iam::123456789012:role/application"],
            description="ARN of the IAM role that may read the secret; unset: the roles that IAM policies allow",
        ),
    ] = None
    secret_kms_key_arn: Annotated[
        str | None,
        checked(aws_patterns.KEY.problem),
        Field(
            examples=["arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
            description="ARN of the KMS key that encrypts the secret; unset: the key of the stack, else of AWS",
        ),
    ] = None

    @field_validator("secret_reader_role_arn", "secret_kms_key_arn")
    @classmethod
    def _both_lie_in_the_region(cls, arn: str | None, info: ValidationInfo) -> str | None:
        require_in_region(arn, info)
        return arn


class AwsSecretsManagerSettings(DeliverySettings):
    """What Secrets Manager has to know beside that."""

    secret_recovery_days: Annotated[
        int | None,
        Field(
            examples=[str(SHORTEST_RECOVERY_DAYS)],
            description="Days that AWS keeps a deleted secret, 0 or 7 to 30; unset: 0 in dev, else 7",
        ),
    ] = None

    @field_validator("secret_recovery_days")
    @classmethod
    def _aws_can_keep_a_secret_so_long(cls, days: int | None) -> int | None:
        if days is None or days == 0 or SHORTEST_RECOVERY_DAYS <= days <= LONGEST_RECOVERY_DAYS:
            return days
        raise Refusal(
            f"{{secret_recovery_days}} will not do: AWS keeps a deleted secret for {SHORTEST_RECOVERY_DAYS} to "
            f"{LONGEST_RECOVERY_DAYS} days, or for 0 not at all",
            example="",
        )


class GcpSecretManagerSettings(DeliverySettings):
    """What Google's Secret Manager has to know."""

    secret_reader_service_account: Annotated[
        str | None,
        checked(gcp_patterns.SERVICE_ACCOUNT.problem),
        Field(
            examples=["application@project.iam.gserviceaccount.com"],
            description="Service account of Google that may read the secrets; unset: the accounts that IAM allows",
        ),
    ] = None


class KubernetesSecretSettings(DeliverySettings):
    """What a Secret of Kubernetes has to know; which cluster, the provider finds by its own configuration."""

    kubernetes_namespace: Annotated[
        str | None,
        checked(KUBERNETES_NAMESPACE.problem),
        Field(
            examples=["application"],
            validate_default=True,
            description="Namespace of the application, for the Secret",
        ),
    ] = None
    kubernetes_secret: Annotated[
        str | None,
        checked(KUBERNETES_NAME.problem),
        Field(examples=["redis"], description="Name of the Secret; unset: `hospitality-redis-<stack>`"),
    ] = None
    kubernetes_keys: Annotated[
        Literal["variables", "service-binding"],
        Field(
            examples=["service-binding"],
            description="Keys of the Secret: the variables, or those of a Service Binding (type, host, uri, and so on)",
        ),
    ] = "variables"
    kubernetes_secrets_mutable: Annotated[
        bool,
        Field(
            alias="kubernetes:enableSecretMutable",
            examples=["true"],
            validate_default=True,
            description="Setting of the provider, which must be true: a changed value updates the Secret in place",
        ),
    ] = False

    @field_validator("kubernetes_namespace")
    @classmethod
    def _the_namespace_is_named(cls, namespace: str | None, info: ValidationInfo) -> str | None:
        if namespace is None and cls.goes_to("kubernetes-secret", info.data):
            raise NotSet
        return namespace

    @field_validator("kubernetes_secrets_mutable")
    @classmethod
    def _the_secret_changes_in_place(cls, mutable: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        if not mutable and cls.goes_to("kubernetes-secret", info.data):
            raise Refusal(
                "is not true: the provider would delete the Secret with each rotation, and make another", example="true"
            )
        return mutable


class GithubEnvironmentSettings(DeliverySettings):
    """What an environment of GitHub's has to know; the token is the provider's own business (GITHUB_TOKEN)."""

    github_owner: Annotated[
        str | None,
        checked(GITHUB_OWNER.problem),
        Field(
            alias="github:owner",
            examples=["my-organization"],
            validate_default=True,
            description="Organization or user that owns the repository, as the provider reads it",
        ),
    ] = None
    github_repository: Annotated[
        str | None,
        checked(GITHUB_REPOSITORY.problem),
        Field(
            examples=["application"],
            validate_default=True,
            description="Repository whose environment gets the secrets, without its owner",
        ),
    ] = None
    github_environment: Annotated[
        str | None,
        Field(
            examples=["production"],
            min_length=1,
            max_length=255,
            validate_default=True,
            description="Environment of the repository; it must exist",
        ),
    ] = None

    @field_validator("github_owner", "github_repository", "github_environment")
    @classmethod
    def _all_are_set(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and cls.goes_to("github-environment", info.data):
            raise NotSet
        return value


class Settings(
    GithubEnvironmentSettings,
    KubernetesSecretSettings,
    GcpSecretManagerSettings,
    AwsSecretsManagerSettings,
    AwsSecretSettings,
    EncoreInfraConfigSettings,
    EncoreSettings,
    DotenvSettings,
):
    """The settings of one stack, but for those of its backend, whose own model derives from this one."""


class SinkRow(NamedTuple):
    """A sink: the settings that it has, the cloud whose packages it needs, and what a variable can be called there."""

    settings: tuple[type[DeliverySettings], ...]
    cloud: str | None = None
    names: Pattern | None = ENVIRONMENT_NAME


# The table of sinks: the name of one is that of its module, infra/sinks/aws_ssm.py for aws-ssm.
SINKS: Final[Mapping[str, SinkRow]] = {
    "dotenv": SinkRow((DotenvSettings,)),
    # An application's code has a secret by its name (encore.dev/docs/go/primitives/secrets: a field of a struct).
    "encore": SinkRow((EncoreSettings,)),
    # The file has the parts by names of Encore's own.
    "encore-infra-config": SinkRow((EncoreInfraConfigSettings,), names=None),
    # ECS takes a key of the JSON between colons (developer guide, "Pass Secrets Manager secrets").
    "aws-secrets-manager": SinkRow(
        (AwsSecretSettings, AwsSecretsManagerSettings),
        "aws",
        Pattern("[A-Za-z0-9_.-]{1,128}", "up to 128 letters, digits, underscores, dots and hyphens"),
    ),
    # API reference, PutParameter, Name.
    "aws-ssm": SinkRow(
        (AwsSecretSettings,),
        "aws",
        Pattern("[A-Za-z0-9_.-]{1,128}", "up to 128 letters, digits, underscores, dots and hyphens"),
    ),
    # REST reference, projects.secrets.create, secretId: 255 with what all names of the stack begin with.
    "gcp-secret-manager": SinkRow(
        (GcpSecretManagerSettings,),
        "gcp",
        Pattern("[A-Za-z0-9_-]{1,128}", "up to 128 letters, digits, underscores and hyphens"),
    ),
    # API reference, Secret, data.
    "kubernetes-secret": SinkRow(
        (KubernetesSecretSettings,),
        names=Pattern("[A-Za-z0-9_.-]{1,253}", "up to 253 letters, digits, underscores, dots and hyphens"),
    ),
    # GitHub documentation, Secrets reference; GitHub keeps a name in capital letters.
    "github-environment": SinkRow(
        (GithubEnvironmentSettings,),
        names=Pattern(
            "(?!GITHUB_)[A-Z_][A-Z0-9_]{0,127}",
            "up to 128 capital letters, digits and underscores, no digit first, and no GITHUB_ either",
        ),
    ),
}


@functools.cache
def sinks_with(field: str) -> Sequence[str]:
    """Return the sinks that have a setting; none where it is not a sink's.

    Asked for each field of each validation, of which an error has many: what would do is found by trying.
    """
    return tuple(
        name
        for name, row in SINKS.items()
        if any(field in model.model_fields and field not in DeliverySettings.model_fields for model in row.settings)
    )


def require_in_region(arn: str | None, info: ValidationInfo) -> None:
    """Raise `Refusal` for an ARN of another region than the stack's, or, where it has none, of another partition.

    KMS works in the services of its own region alone (KMS Developer Guide, "Multi-Region keys"), IAM in its partition.
    """
    region, field = info.data.get("aws_region"), info.field_name or ""
    if arn is None or region is None or aws_patterns.moved(arn, region) == arn:
        return
    _, partition, _, own_region, _ = arn.split(":", 4)
    # A key of one region has no counterpart in another, unless it was made to have one; the stack can make its own.
    has_counterpart = not own_region or ":key/mrk-" in arn
    raise Refusal(
        f"lies in {{{field}}}, and the stack in {{aws_region}}, where AWS would not take it",
        example=aws_patterns.moved(arn, region) if has_counterpart else None,
        made_of=field,
        **{field: own_region or f"the partition {partition}"},
    )
