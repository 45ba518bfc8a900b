"""The settings of the delivery: where the proved connection goes, and what happens after."""

from collections.abc import Mapping
from typing import Annotated, Final, get_args

from pydantic import Field, ValidationInfo, field_validator

from infra.settings.common import CommonSettings
from infra.settings.vocabulary import BackendName, OnlyWith, SinkName, Texts, refusal

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


class DeliverySettings(CommonSettings):
    """What is asked of the delivery."""

    sinks: Annotated[
        Texts | None,
        Field(
            examples=["dotenv"],
            description=f"Where the proved connection goes, of {', '.join(get_args(SinkName))}; unset: as suits the "
            "backend",
        ),
    ] = None
    attached: Annotated[
        bool,
        Field(
            examples=["true"],
            description="Whether the application gets the connection; false: it is told of no Redis, which stays "
            "(make rollback, make attach)",
        ),
    ] = True
    after_delivery: Annotated[
        str | None,
        Field(
            examples=["./redeploy.sh"],
            min_length=1,
            description="A shell command that restarts the application once another connection was delivered",
        ),
    ] = None
    dotenv_file: Annotated[
        str | None,
        Field(
            examples=[".env"],
            min_length=1,
            description="The file, relative to the project; unset: `.local/<stack>.env`",
        ),
        OnlyWith("dotenv"),
    ] = None
    encore_app: Annotated[
        str | None,
        Field(
            examples=["../application"],
            # Validated as the default too: the sink cannot do without.
            validate_default=True,
            description="The application's folder, where its encore.app is",
        ),
        OnlyWith("encore"),
    ] = None
    encore_types: Annotated[
        Texts,
        Field(
            examples=["prod"],
            description="The types of environments that the secrets are for: prod, dev, pr, local",
        ),
        OnlyWith("encore"),
    ] = ()
    encore_environments: Annotated[
        Texts,
        Field(
            examples=["staging"],
            validate_default=True,
            description="The environments that the secrets are for, by name",
        ),
        OnlyWith("encore"),
    ] = ()
    encore_infra_config: Annotated[
        str | None,
        Field(
            examples=["../application/infra.config.json"],
            validate_default=True,
            description="The self-hosted application's infrastructure file",
        ),
        OnlyWith("encore-infra-config"),
    ] = None
    encore_cache_cluster: Annotated[
        str | None,
        Field(
            examples=["cache"],
            validate_default=True,
            description="The name of the cache cluster in the application's code",
        ),
        OnlyWith("encore-infra-config"),
    ] = None
    secret_reader_role_arn: Annotated[
        str | None,
        Field(
            examples=["arn:aws:iam::123456789012:role/application"],
            description="The role of AWS that may read the secret; unset: whoever IAM lets",
        ),
        OnlyWith("aws-secrets-manager", "aws-ssm"),
    ] = None
    secret_kms_key_arn: Annotated[
        str | None,
        Field(
            examples=["arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
            description="The key that the secret is encrypted with; unset: the stack's own",
        ),
        OnlyWith("aws-secrets-manager", "aws-ssm"),
    ] = None
    secret_recovery_days: Annotated[
        int | None,
        Field(
            examples=["7"],
            description="How long AWS keeps a deleted secret, 0 or 7 to 30 days; unset: 0 in dev, else 7",
        ),
        OnlyWith("aws-secrets-manager"),
    ] = None
    secret_reader_service_account: Annotated[
        str | None,
        Field(
            examples=["application@project.iam.gserviceaccount.com"],
            description="The service account of Google that may read the secrets; unset: whoever IAM lets",
        ),
        OnlyWith("gcp-secret-manager"),
    ] = None

    @field_validator("sinks")
    @classmethod
    def _sinks_are_there(cls, sinks: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        if sinks is None:
            return None
        known = get_args(SinkName)
        unknown = [sink for sink in sinks if sink not in known]
        if unknown:
            raise refusal(f"{', '.join(unknown)} is none of {', '.join(known)}", example="dotenv")
        if len(set(sinks)) < len(sinks):
            raise refusal("names the same twice", example=",".join(dict.fromkeys(sinks)))
        backend = info.data.get("backend")
        for sink, backends in OF_A_CLOUD.items():
            if sink in sinks and backend is not None and backend not in backends:
                raise refusal(
                    f"{sink} goes with {' and '.join(backends)}, and this stack's backend is {backend}",
                    example=",".join(DEFAULT_SINKS[backend]),
                )
        return sinks

    @property
    def chosen_sinks(self) -> tuple[SinkName, ...]:
        """Where the connection goes: as asked, or as suits the backend."""
        return DEFAULT_SINKS[self.backend] if self.sinks is None else self.sinks  # type: ignore[return-value]


def goes_to(sink: SinkName, info: ValidationInfo) -> bool:
    """Say, in a validator of a field after `sinks`, whether the stack delivers there."""
    asked, backend = info.data.get("sinks"), info.data.get("backend")
    return sink in (DEFAULT_SINKS.get(backend, ()) if asked is None and backend else asked or ())
