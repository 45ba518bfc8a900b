"""The settings of Redis Cloud."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from infra.backends.rediscloud.naming import base_of
from infra.capabilities import Capabilities, PasswordSupport, Persistence
from infra.patterns import network_problem
from infra.settings.base import Known, Refusal, Strings, each_checked
from infra.settings.delivery import Settings

# AWS's, where the vendor's own examples are; the other clouds have no such first choice.
DEFAULT_REGION: Final = "us-east-1"

# What decides whether the plan is the free one.
_SIZE: Final = frozenset({"organizations", "tier", "memory_mb"})


def _source_problem(string: str) -> str | None:
    return network_problem(
        string, example="203.0.113.7/32", everywhere="is the whole Internet, which cache:acceptAnyAddress is for"
    )


class RedisCloudSettings(Settings):
    """What is asked of an Essentials subscription and its database.

    Tier dev is the free plan, unless it names a size: then it is a paid plan of that size.
    """

    FREE_PLAN_MB: ClassVar[int] = 30

    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=PasswordSupport("us", 1),
        tls="yes",  # but for the free plan, which cannot (infra/backends/rediscloud/settings.py)
        largest_replicas=1,  # for failover; no client reads from it
        persistence=frozenset({"append-only", "snapshot", "none"}),
        default_persistence="append-only",
        in_place_resize=True,
        private_network=False,  # Essentials plans have a public endpoint alone
        # It needs no cloud's packages itself.
        clouds_of_sinks=frozenset({"aws", "gcp"}),
    )
    default_sinks: ClassVar[tuple[str, ...]] = ("dotenv",)
    backend: Literal["rediscloud"] = "rediscloud"
    cloud_provider: Annotated[
        Literal["AWS", "GCP", "Azure"],
        Field(examples=["AWS"], description="Cloud provider that hosts the cache"),
    ] = "AWS"
    cloud_region: Annotated[
        str | None,
        Field(
            examples=["us-east-1"],
            min_length=1,
            validate_default=True,
            description=f"Region, by the cloud provider's own name; unset: {DEFAULT_REGION} of AWS",
        ),
    ] = None
    payment_method_id: Annotated[
        int | None,
        Field(
            examples=["30949"],
            gt=0,
            description="Number of the payment method, for a paid plan; a preview without it lists them",
        ),
    ] = None
    source_cidrs: Annotated[
        Strings,
        each_checked(_source_problem),
        Field(examples=["203.0.113.7/32"], description="Networks that may connect, as CIDR; paid plans only"),
    ] = ()
    accept_any_address: Annotated[
        bool,
        Field(
            examples=["true"],
            validate_default=True,
            description="Consent to a cache that any address may connect to; the free plan needs it",
        ),
    ] = False
    accept_plain_text: Annotated[
        bool,
        Field(
            examples=["true"],
            validate_default=True,
            description="Consent to plain text on the free plan, which has no TLS",
        ),
    ] = False
    tls_ca_file: Annotated[
        str | None,
        Field(
            examples=["redis_ca.pem"],
            min_length=1,
            description="PEM file of Redis Cloud's older certificate authority, from its console; unset: public ones",
        ),
    ] = None
    deletion_protection: Annotated[
        bool | None,
        Field(
            examples=["true"],
            description="Deletion protection; false needs an `up` before the `down`; unset: true in prod",
        ),
    ] = None

    physical_name = staticmethod(base_of)

    @field_validator("persistence")
    @classmethod
    def _plan_has_the_persistence(cls, persistence: Persistence | None, info: ValidationInfo) -> Persistence | None:
        if persistence not in (None, "none") and _is_free(info.data):
            raise Refusal(
                "{persistence} is not what the free plan can do, which keeps nothing; a paid plan does, with "
                "cache:memoryMb set",
                example="none",
            )
        if (info.data.get("tier"), persistence) == ("prod", "none"):
            raise Refusal(
                "{persistence} will not do for tier {tier}, which outlives a restart",
                example="append-only",
                tier="prod",
            )
        return persistence

    @field_validator("cloud_region")
    @classmethod
    def _region_is_of_the_cloud(cls, region: str | None, info: ValidationInfo) -> str | None:
        nearest = {"GCP": "us-central1", "Azure": "east-us"}.get(info.data.get("cloud_provider", ""))
        if region is None and nearest:
            raise Refusal("is not set: a region of {cloud_provider}", example=nearest)
        return region

    @field_validator("payment_method_id")
    @classmethod
    def _free_plan_is_not_paid(cls, number: int | None, info: ValidationInfo) -> int | None:
        if number is not None and _is_free(info.data):
            raise Refusal("{payment_method_id} will not do: the free plan takes no payment method")
        return number

    # Before the networks are looked at: what is wrong with one is no matter where there may be none.
    @field_validator("source_cidrs", mode="before")
    @classmethod
    def _free_plan_has_no_networks(cls, networks: object, info: ValidationInfo) -> object:
        if _is_free(info.data) and (networks.strip(" ,[]") if isinstance(networks, str) else networks):
            raise Refusal(
                "will not do: the free plan has no list of networks; a paid plan has, with cache:memoryMb set, or any "
                "address is accepted by cache:acceptAnyAddress"
            )
        return networks

    @field_validator("accept_any_address")
    @classmethod
    def _addresses_are_named_or_any(cls, accepted: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        networks = info.data.get("source_cidrs")
        if accepted and networks:
            raise Refusal("true and cache:sourceCidrs exclude each other")
        if not accepted and _is_free(info.data):
            raise Refusal("is not set: the free plan answers to any address", example="")
        if not accepted and networks == () and _is_paid(info.data):
            raise Refusal("is not set: who may connect; or set cache:sourceCidrs", example="")
        return accepted

    @field_validator("accept_plain_text")
    @classmethod
    def _plain_text_is_the_free_plans(cls, accepted: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        if accepted and _is_paid(info.data):
            raise Refusal("true is for the free plan alone, and this stack's plan is a paid one, with TLS")
        if not accepted and _is_free(info.data):
            raise Refusal(
                "is not set: the free plan has no TLS, and its password crosses the Internet readable", example=""
            )
        return accepted

    @field_validator("tls_ca_file")
    @classmethod
    def _certificates_are_for_tls(cls, file: str | None, info: ValidationInfo) -> str | None:
        if file is not None and _is_free(info.data):
            raise Refusal("{tls_ca_file} will not do: the free plan has no TLS")
        return file

    @property
    def is_protected(self) -> bool:
        """Whether a destroy is refused: as asked, or in prod."""
        return self.tier == "prod" if self.deletion_protection is None else self.deletion_protection

    @property
    def memory_description(self) -> str:
        """The memory, as a table has it."""
        return f"{self.FREE_PLAN_MB} MB" if self.takes_free_plan else super().memory_description

    @property
    def takes_free_plan(self) -> bool:
        """Whether the stack is on Redis Cloud's free plan, which is what tier dev is there."""
        return _is_free(vars(self))

    @property
    def chosen_cloud_region(self) -> str:
        """The region, by its cloud's name."""
        return self.cloud_region or DEFAULT_REGION

    @property
    def is_replicated(self) -> bool:
        """Whether there is a replica, for which the size of the plan is doubled."""
        return self.tier != "dev"

    @property
    def redis_cloud_persistence(self) -> Persistence:
        """How data outlive a restart: as asked; on the free plan, not at all."""
        return "none" if self.takes_free_plan else self.chosen_persistence


def _is_free(known: Known) -> bool:
    """Whether fields that were found valid are those of the free plan."""
    return known.keys() >= _SIZE and known["tier"] == "dev" and known["memory_mb"] is known["organizations"] is None


def _is_paid(known: Known) -> bool:
    return known.keys() >= _SIZE and not _is_free(known)


SETTINGS: Final = RedisCloudSettings
