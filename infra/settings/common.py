"""The settings that a stack has whatever its backend."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from infra import sizing
from infra.capabilities import CAPABILITIES, MaxmemoryPolicy, Persistence
from infra.settings.vocabulary import BackendName, refusal
from infra.sizing import MEBIBYTE, TIERS, TierName
from verify.capacity import InvalidForecast
from verify.workload import InvalidWorkload

# Backends in a network of AWS, where a function can stand beside them.
INSIDE_AWS: Final[frozenset[BackendName]] = frozenset({"elasticache"})


class CommonSettings(BaseModel):
    """What is asked of every cache. A field `maxmemory_policy` is the configuration key `cache:maxmemoryPolicy`.

    The order matters: a validator sees the fields before its own.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        # Only the model of all settings is ever validated: that of each part would be built for nothing, in every run.
        defer_build=True,
    )

    backend: Annotated[BackendName, Field(examples=["local"], description="Where the Redis runs")]
    organizations: Annotated[
        int | None,
        Field(
            examples=["1000000"],
            gt=0,
            le=10**9,
            description="In place of memoryMb: how many organizations the memory has to hold",
        ),
    ] = None
    tier: Annotated[
        TierName,
        Field(examples=["dev"], description="The size and the care; unset: the first that holds the organizations"),
    ] = "dev"
    memory_mb: Annotated[
        int | None, Field(examples=["256"], gt=0, description="Usable memory in MiB, within what the tier allows")
    ] = None
    maxmemory_policy: Annotated[
        MaxmemoryPolicy, Field(examples=["allkeys-lru"], description="What Redis does when its memory is full")
    ] = "allkeys-lru"
    persistence: Annotated[
        Persistence | None,
        Field(examples=["snapshot"], description="How data outlive a restart; unset: what the backend does best"),
    ] = None
    budget_usd: Annotated[
        float | None,
        Field(
            examples=["100"],
            gt=0,
            allow_inf_nan=False,
            description="What the stack may cost a month, in USD; beyond it nothing is done",
        ),
    ] = None
    unreachable: Annotated[
        Literal["fail", "warn"],
        Field(
            examples=["fail"], description="What an `up` does about a cache that cannot be reached from where it runs"
        ),
    ] = "fail"
    verify_from: Annotated[
        Literal["auto", "here", "aws-lambda"],
        Field(
            examples=["auto"],
            description="Where the checks run: here, or inside the cache's network; auto: as the backend needs",
        ),
    ] = "auto"
    application_url: Annotated[
        str | None,
        Field(
            examples=["https://your-app.encr.app"],
            description="The application, whose /cache/health and /cache/status an `up` then asks",
        ),
    ] = None

    # Validators of one field, which see the valid fields before it, and not of the model: pydantic runs those
    # only once everything else is valid, and a user wants all problems at once.

    @field_validator("organizations")
    @classmethod
    def _organizations_fit_a_tier(cls, organizations: int | None) -> int | None:
        if organizations is not None:
            try:
                sizing.tier_for(sizing.memory_mb_for(organizations))
            except (InvalidForecast, InvalidWorkload, ValueError) as problem:
                raise refusal(f"{organizations} cannot be had: {problem}", example="1000000") from None
        return organizations

    @field_validator("tier")
    @classmethod
    def _tier_holds_the_organizations(cls, tier: TierName, info: ValidationInfo) -> TierName:
        organizations = info.data.get("organizations")
        if organizations is None:
            return tier
        needed_mb = sizing.memory_mb_for(organizations)
        if needed_mb > TIERS[tier].largest_mb:
            raise refusal(
                f"{tier} goes to {TIERS[tier].largest_mb} MiB, and {organizations} organizations need {needed_mb} MiB",
                example=sizing.tier_for(needed_mb),
            )
        return tier

    @field_validator("memory_mb")
    @classmethod
    def _memory_is_asked_for_once(cls, memory_mb: int | None, info: ValidationInfo) -> int | None:
        if memory_mb is not None and info.data.get("organizations") is not None:
            raise refusal(f"{memory_mb} and cache:organizations {info.data['organizations']} exclude each other")
        return memory_mb

    @field_validator("memory_mb")
    @classmethod
    def _memory_fits_the_tier(cls, memory_mb: int | None, info: ValidationInfo) -> int | None:
        tier = TIERS.get(info.data.get("tier", ""))
        if memory_mb is None or tier is None or tier.smallest_mb <= memory_mb <= tier.largest_mb:
            return memory_mb
        raise refusal(
            f"{memory_mb} MiB is outside tier {info.data['tier']}, which goes from {tier.smallest_mb} to "
            f"{tier.largest_mb} MiB",
            example=str(tier.default_mb),
        )

    @field_validator("maxmemory_policy")
    @classmethod
    def _backend_has_the_policy(cls, policy: str, info: ValidationInfo) -> str:
        can = CAPABILITIES.get(info.data.get("backend", ""))
        if can is not None and policy not in can.policies:
            raise refusal(f'"{policy}" is not a policy of {info.data["backend"]}', example=min(can.policies))
        return policy

    @field_validator("persistence")
    @classmethod
    def _backend_has_the_persistence(cls, persistence: str | None, info: ValidationInfo) -> str | None:
        can = CAPABILITIES.get(info.data.get("backend", ""))
        if persistence is not None and can is not None and persistence not in can.persistence:
            raise refusal(
                f'"{persistence}" is not what {info.data["backend"]} can do; it can: '
                f"{', '.join(sorted(can.persistence))}",
                example=can.default_persistence,
            )
        return persistence

    @field_validator("verify_from")
    @classmethod
    def _a_function_of_aws_can_reach_the_cache(cls, verify_from: str, info: ValidationInfo) -> str:
        backend = info.data.get("backend")
        if verify_from == "aws-lambda" and backend is not None and backend not in INSIDE_AWS:
            raise refusal(f'"aws-lambda" is inside AWS, and {backend} is not', example="auto")
        return verify_from

    @field_validator("application_url")
    @classmethod
    def _application_url_is_an_address_alone(cls, url: str | None) -> str | None:
        # None of these show the value: what is refused here may be a token or a password.
        if url is None:
            return None
        try:
            parts = urlsplit(url)
            port_is_none = parts.port == 0
        except ValueError:
            raise _no_application_url("is no URL") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or port_is_none or re.search(r"\s", url):
            raise _no_application_url("is no http or https URL")
        held = {
            "a user or a password before @": "@" in parts.netloc,
            "a query after ?": "?" in url.partition("#")[0],
            "a fragment after #": "#" in url,
        }
        found = [words for words, is_held in held.items() if is_held]
        if found:
            raise _no_application_url(f"holds {' and '.join(found)}: it is the application's address alone")
        return url

    @property
    def maxmemory_bytes(self) -> int:
        """The memory that the application can use, in bytes."""
        return MEBIBYTE * sizing.memory_mb(self.tier, asked_mb=self.memory_mb, organizations=self.organizations)

    @property
    def chosen_persistence(self) -> Persistence:
        """How data outlive a restart: as asked, or what the backend does best."""
        return self.persistence or CAPABILITIES[self.backend].default_persistence


def _no_application_url(words: str) -> PydanticCustomError:
    return refusal(words, example="https://your-app.encr.app")
