"""The settings of the delivery: where the proved connection goes, and what happens after."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Final, get_args

from infra.aws import patterns as aws_forms
from infra.gcp import patterns as gcp_forms
from infra.settings.common import CommonSettings
from infra.settings.model import Check, Field, Known, Refusal, Wrong, rule
from infra.settings.vocabulary import BackendName, OnlyWith, SinkName, Texts, checked

# Where the connection goes when nothing is said: what asks for no account beside the backend's own.
DEFAULT_SINKS: Final[Mapping[str, tuple[SinkName, ...]]] = {
    "local": ("dotenv",),
    "docker": ("dotenv",),
    "memory": ("dotenv",),
    "rediscloud": ("dotenv",),
    "elasticache": ("aws-secrets-manager",),
    "memorystore": ("gcp-secret-manager",),
}

# A sink of another cloud needs that cloud's plugin, and a stack's packages are those of its backend
# (runner/environment.py); Redis Cloud needs none, and so leaves the choice.
OF_A_CLOUD: Final[Mapping[SinkName, tuple[BackendName, ...]]] = {
    "aws-secrets-manager": ("elasticache", "rediscloud"),
    "aws-ssm": ("elasticache", "rediscloud"),
    "gcp-secret-manager": ("memorystore", "rediscloud"),
}

# Secrets Manager API reference, DeleteSecret, RecoveryWindowInDays.
SHORTEST_RECOVERY_DAYS: Final = 7
LONGEST_RECOVERY_DAYS: Final = 30

# What `encore secret set --type` takes, and what --env can look up (encoredev/encore, cli/cmd/encore/secrets/set.go).
ENCORE_TYPES: Final = ("prod", "dev", "pr", "local")
ENCORE_ENVIRONMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


def _is_a_command(command: str | None) -> None:
    # A list, a mapping and a boolean (True as well) arrive as JSON; `[ -x deploy ] && ./deploy` is none.
    try:
        value = json.loads((command or "").lower())
    except ValueError:
        return
    if isinstance(value, str):
        return
    raise Wrong("it is no command of a shell, which is one text; several are joined with && or stand in a script")


def _is_a_files_name(file: str | None) -> None:
    if file is not None and file.rpartition("/")[2] in ("", ".", "..", "~"):
        raise Wrong("it is the name of a folder, and not of a file")


def _encore_has_the_types(types: Texts) -> None:
    unknown = [type_ for type_ in types if type_ not in ENCORE_TYPES]
    if unknown:
        raise Refusal(f"{', '.join(unknown)} is none of {', '.join(ENCORE_TYPES)}", example="prod")
    _require_distinct(types)


def _aws_can_keep_a_secret_so_long(days: int | None) -> None:
    if days is None or days == 0 or SHORTEST_RECOVERY_DAYS <= days <= LONGEST_RECOVERY_DAYS:
        return
    raise Refusal(
        f"{days} will not do: AWS keeps a deleted secret for {SHORTEST_RECOVERY_DAYS} to {LONGEST_RECOVERY_DAYS} "
        "days, or for 0 not at all",
        example=str(SHORTEST_RECOVERY_DAYS),
    )


class DeliverySettings(CommonSettings):
    """What is asked of the delivery."""

    sinks: Annotated[
        Texts | None,
        Field(
            example="dotenv",
            description=f"Where the proved connection goes, of {', '.join(get_args(SinkName))}; unset: as suits the "
            "backend",
        ),
    ] = None
    attached: Annotated[
        bool,
        Field(
            example="true",
            description="Whether the application gets the connection; false: it is told of no Redis, which stays "
            "(make rollback, make attach)",
        ),
    ] = True
    after_delivery: Annotated[
        str | None,
        Check(_is_a_command),
        Field(
            example="./redeploy.sh",
            may_be_empty=False,
            description="A shell command that restarts the application once another connection was delivered",
        ),
    ] = None
    dotenv_file: Annotated[
        str | None,
        Check(_is_a_files_name),
        Field(
            example=".env",
            may_be_empty=False,
            description="The file, relative to the project; unset: `.local/<stack>.env`",
        ),
        OnlyWith("dotenv"),
    ] = None
    encore_app: Annotated[
        str | None,
        Field(
            example="../application",
            # Validated as the default too: the sink cannot do without.
            validate_default=True,
            description="The application's folder, where its encore.app is",
        ),
        OnlyWith("encore"),
    ] = None
    encore_types: Annotated[
        Texts,
        Check(_encore_has_the_types),
        Field(
            example="prod",
            description="The types of environments that the secrets are for: prod, dev, pr, local",
        ),
        OnlyWith("encore"),
    ] = ()
    encore_environments: Annotated[
        Texts,
        Field(
            example="staging",
            validate_default=True,
            description="The environments that the secrets are for, by name",
        ),
        OnlyWith("encore"),
    ] = ()
    encore_infra_config: Annotated[
        str | None,
        Check(_is_a_files_name),
        Field(
            example="../application/infra.config.json",
            validate_default=True,
            description="The self-hosted application's infrastructure file",
        ),
        OnlyWith("encore-infra-config"),
    ] = None
    encore_cache_cluster: Annotated[
        str | None,
        Field(
            example="cache",
            validate_default=True,
            description="The name of the cache cluster in the application's code",
        ),
        OnlyWith("encore-infra-config"),
    ] = None
    secret_reader_role_arn: Annotated[
        str | None,
        checked(aws_forms.ROLE.problem),
        Field(
            example="arn:aws:iam::123456789012:role/application",
            description="The role of AWS that may read the secret; unset: whoever IAM lets",
        ),
        OnlyWith("aws-secrets-manager", "aws-ssm"),
    ] = None
    secret_kms_key_arn: Annotated[
        str | None,
        checked(aws_forms.KEY.problem),
        Field(
            example="arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            description="The key that the secret is encrypted with; unset: the stack's own",
        ),
        OnlyWith("aws-secrets-manager", "aws-ssm"),
    ] = None
    secret_recovery_days: Annotated[
        int | None,
        Check(_aws_can_keep_a_secret_so_long),
        Field(
            example="7",
            description="How long AWS keeps a deleted secret, 0 or 7 to 30 days; unset: 0 in dev, else 7",
        ),
        OnlyWith("aws-secrets-manager"),
    ] = None
    secret_reader_service_account: Annotated[
        str | None,
        checked(gcp_forms.SERVICE_ACCOUNT.problem),
        Field(
            example="application@project.iam.gserviceaccount.com",
            description="The service account of Google that may read the secrets; unset: whoever IAM lets",
        ),
        OnlyWith("gcp-secret-manager"),
    ] = None

    @rule("sinks", of_text=True)
    @staticmethod
    def _nowhere_is_asked_for_in_so_many_words(text: str, known: Known) -> None:
        # Pulumi hands over a value that was left out, and one that is null, as an empty text.
        if not text.strip(" ,"):
            raise Refusal(
                "is empty: name where the connection goes, or set it to [] for nowhere",
                example=",".join(DEFAULT_SINKS.get(known.get("backend", ""), ("dotenv",))),
            )

    @rule("sinks")
    @staticmethod
    def _sinks_are_there(sinks: Texts | None, known: Known) -> None:
        if sinks is None:
            return
        unknown = [sink for sink in sinks if sink not in get_args(SinkName)]
        if unknown:
            raise Refusal(f"{', '.join(unknown)} is none of {', '.join(get_args(SinkName))}", example="dotenv")
        _require_distinct(sinks)
        backend = known.get("backend")
        for sink, backends in OF_A_CLOUD.items():
            if sink in sinks and backend is not None and backend not in backends:
                raise Refusal(
                    f"{sink} goes with {' and '.join(backends)}, and this stack's backend is {backend}",
                    example=",".join(DEFAULT_SINKS[backend]),
                )

    @rule("encore_app")
    @staticmethod
    def _encore_is_told_the_application(app: str | None, known: Known) -> None:
        if app is None and goes_to("encore", known):
            raise Refusal("is not set: the folder of the application that gets the secrets", example="../application")

    @rule("encore_environments")
    @staticmethod
    def _encore_is_told_for_which_environments(environments: Texts, known: Known) -> None:
        types = known.get("encore_types")
        if not environments and types == () and goes_to("encore", known):
            raise Refusal(
                "is not set, and cache:encoreTypes neither: the secrets have to be for some environments",
                example="staging",
            )
        malformed = [name for name in environments if not ENCORE_ENVIRONMENT.fullmatch(name)]
        if malformed:
            raise Refusal(f"{', '.join(malformed)} will not do: letters, digits and hyphens", example="staging")
        _require_distinct(environments)

    @rule("encore_infra_config")
    @staticmethod
    def _encore_is_told_the_file(file: str | None, known: Known) -> None:
        if file is None and goes_to("encore-infra-config", known):
            raise Refusal(
                "is not set: the file that `encore build docker --config` takes",
                example="../application/infra.config.json",
            )

    @rule("encore_cache_cluster")
    @staticmethod
    def _encore_is_told_the_cluster(cluster: str | None, known: Known) -> None:
        if cluster is None and goes_to("encore-infra-config", known):
            raise Refusal(
                "is not set: the name that the application's code gives its cache cluster (new CacheCluster(NAME))",
                example="cache",
            )

    @rule("secret_reader_role_arn")
    @staticmethod
    def _parameters_are_read_in_their_own_account(arn: str | None, known: Known) -> None:
        account_id = known.get("account_id")
        if arn is not None and account_id is not None and goes_to("aws-ssm", known) and account_id != arn.split(":")[4]:
            raise Refusal(
                f"is a role of another account than cache:accountId {account_id}, and aws-ssm serves its own alone",
                example=f"arn:aws:iam::{account_id}:role/application",
            )

    @property
    def chosen_sinks(self) -> tuple[SinkName, ...]:
        """Where the connection goes: as asked, or as suits the backend."""
        return DEFAULT_SINKS[self.backend] if self.sinks is None else self.sinks  # type: ignore[return-value]


def goes_to(sink: SinkName, known: Known) -> bool:
    """Say, in a rule for a field after `sinks`, whether the stack delivers there."""
    asked, backend = known.get("sinks"), known.get("backend")
    return sink in (DEFAULT_SINKS.get(backend, ()) if asked is None and backend else asked or ())


def _require_distinct(items: Texts) -> None:
    if len(set(items)) < len(items):
        raise Refusal("names the same twice", example=",".join(dict.fromkeys(items)))
