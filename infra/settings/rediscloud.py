"""The settings of Redis Cloud."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from infra.capabilities import CAPABILITIES, Persistence
from infra.forms import network_problem
from infra.redis_cloud.naming import base_of
from infra.settings.common import CommonSettings
from infra.settings.vocabulary import (
    NAMESPACE,
    Only,
    Texts,
    each_checked,
    example_of,
    name_problems,
    problem,
    refusal,
    texts,
    values_of,
)

BACKEND: Final = "rediscloud"
# AWS's, where the vendor's own examples are; the other clouds have no such first choice.
DEFAULT_REGION: Final = "us-east-1"


def _source_problem(text: str) -> str | None:
    return network_problem(
        text, example="203.0.113.7/32", everywhere="is the whole Internet, which cache:acceptAnyAddress is for"
    )


class RedisCloudSettings(CommonSettings):
    """What is asked of an Essentials subscription and its database.

    Tier dev is the free plan, unless it names a size: then it is a paid plan of that size.
    """

    FREE_PLAN_MB: ClassVar[int] = 30

    cloud_provider: Annotated[
        Literal["AWS", "GCP", "Azure"],
        Field(examples=["AWS"], description="The cloud that Redis Cloud runs the cache in"),
        Only("rediscloud"),
    ] = "AWS"
    cloud_region: Annotated[
        str | None,
        Field(
            examples=["us-east-1"],
            min_length=1,
            description=f"The region, by that cloud's own name; unset: {DEFAULT_REGION} of AWS",
        ),
        Only("rediscloud"),
    ] = None
    payment_method_id: Annotated[
        int | None,
        Field(
            examples=["30949"],
            gt=0,
            description="How a paid plan is paid: a number that a preview without it lists",
        ),
        Only("rediscloud"),
    ] = None
    source_cidrs: Annotated[
        Texts,
        each_checked(_source_problem),
        Field(examples=["203.0.113.7/32"], description="The networks whose machines may connect; paid plans alone"),
        Only("rediscloud"),
    ] = ()
    accept_any_address: Annotated[
        bool,
        Field(
            examples=["true"],
            description="Accepts that the whole Internet may try the password; the free plan has nothing else",
        ),
        Only("rediscloud"),
    ] = False
    accept_plain_text: Annotated[
        bool,
        Field(examples=["true"], description="Accepts that the free plan has no TLS"),
        Only("rediscloud"),
    ] = False
    tls_ca_file: Annotated[
        str | None,
        Field(
            examples=["redis_ca.pem"],
            min_length=1,
            description="Certificates to trust for a database on Redis Cloud's own, older authority; from its console",
        ),
        Only("rediscloud"),
    ] = None

    @field_validator("persistence")
    @classmethod
    def _free_plan_keeps_nothing(cls, persistence: str | None, info: ValidationInfo) -> str | None:
        if persistence not in (None, "none") and _is_free(info.data):
            raise refusal(
                f"{persistence} is not what the free plan can do, which keeps nothing; a paid plan does, with "
                "cache:memoryMb set",
                example="none",
            )
        return persistence

    @field_validator("persistence")
    @classmethod
    def _prod_outlives_a_restart(cls, persistence: str | None, info: ValidationInfo) -> str | None:
        if (info.data.get("backend"), info.data.get("tier"), persistence) == (BACKEND, "prod", "none"):
            raise refusal("none will not do for tier prod, which outlives a restart", example="append-only")
        return persistence

    @field_validator("payment_method_id")
    @classmethod
    def _free_plan_is_not_paid(cls, number: int | None, info: ValidationInfo) -> int | None:
        if number is not None and _is_free(info.data):
            raise refusal(f"{number} will not do: the free plan takes no payment method")
        return number

    # Before the networks are looked at: what is wrong with one is no matter where there may be none.
    @field_validator("source_cidrs", mode="before")
    @classmethod
    def _free_plan_has_no_networks(cls, written: object, info: ValidationInfo) -> object:
        if texts(written) and _is_free(info.data):
            raise refusal(
                "will not do: the free plan has no list of networks; a paid plan has, with cache:memoryMb set, or any "
                "address is accepted by cache:acceptAnyAddress"
            )
        return written

    @field_validator("accept_any_address")
    @classmethod
    def _addresses_are_named_or_any(cls, accepted: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's way
        if accepted and info.data.get("source_cidrs"):
            raise refusal("true and cache:sourceCidrs exclude each other")
        return accepted

    @field_validator("accept_plain_text")
    @classmethod
    def _plain_text_is_the_free_plans(cls, accepted: bool, info: ValidationInfo) -> bool:  # noqa: FBT001
        if accepted and _is_paid(info.data):
            raise refusal("true is for the free plan alone, and this stack's plan is a paid one, with TLS")
        return accepted

    @field_validator("tls_ca_file")
    @classmethod
    def _certificates_are_for_tls(cls, file: str | None, info: ValidationInfo) -> str | None:
        if file is not None and _is_free(info.data):
            raise refusal(f"{file} will not do: the free plan has no TLS")
        return file

    @property
    def takes_free_plan(self) -> bool:
        """Whether the stack is on Redis Cloud's free plan, which is what tier dev is there."""
        return _is_free({name: getattr(self, name) for name in _DECIDING})

    @property
    def chosen_cloud_region(self) -> str:
        """The region, by its cloud's name."""
        return self.cloud_region or DEFAULT_REGION

    @property
    def is_replicated(self) -> bool:
        """Whether there is a copy that takes over: the size of the plan is doubled for it."""
        return self.tier != "dev"

    @property
    def redis_cloud_persistence(self) -> Persistence:
        """How data outlive a restart: as asked; on the free plan, not at all."""
        return "none" if self.takes_free_plan else self.persistence or CAPABILITIES[BACKEND].default_persistence


_DECIDING: Final = ("backend", "organizations", "tier", "memory_mb")


def wanting(config: Mapping[str, str], stack: str, _secret_keys: Collection[str]) -> list[str]:
    """Ask for everything that only the user can say of Redis Cloud, and see to the name that the stack gives."""
    values = values_of(config)
    found = name_problems(base_of, stack)
    is_free = values.get("tier", "dev") == "dev" and not {"memoryMb", "organizations"} & values.keys()
    if values.get("cloudProvider") in ("GCP", "Azure") and "cloudRegion" not in values:
        nearest = {"GCP": "us-central1", "Azure": "east-us"}[values["cloudProvider"]]
        found.append(_ask("cloudRegion", f"a region of {values['cloudProvider']}", stack, value=nearest))
    if is_free and values.get("acceptPlainText", "").lower() != "true":
        found.append(
            _ask("acceptPlainText", "the free plan has no TLS, and its password crosses the Internet readable", stack)
        )
    if values.get("acceptAnyAddress", "").lower() != "true" and (is_free or not texts(values.get("sourceCidrs", ""))):
        words = "the free plan answers to any address" if is_free else "who may connect; or set cache:sourceCidrs"
        found.append(_ask("acceptAnyAddress", words, stack))
    return found


def _ask(key: str, meaning: str, stack: str, *, value: str = "") -> str:
    return problem(
        f"{NAMESPACE}:{key} is not set: {meaning}",
        cure=f"config set {NAMESPACE}:{key} {value or example_of(RedisCloudSettings, key)}",
        stack=stack,
    )


def _is_free(known: Mapping[str, Any]) -> bool:
    """Say whether fields that were found valid are those of the free plan."""
    return (
        set(_DECIDING) <= known.keys()
        and known["backend"] == BACKEND
        and known["tier"] == "dev"
        and known["memory_mb"] is None
        and known["organizations"] is None
    )


def _is_paid(known: Mapping[str, Any]) -> bool:
    return set(_DECIDING) <= known.keys() and known["backend"] == BACKEND and not _is_free(known)
