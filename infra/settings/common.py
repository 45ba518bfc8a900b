"""The settings that a stack has whatever its backend."""

import re
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from infra import sizing
from infra.backends import BACKENDS
from infra.capabilities import Capabilities, MaxmemoryPolicy, Persistence
from infra.naming import NAME_PREFIX, name_of, prefix_problem
from infra.settings.base import Model, Refusal, checked
from infra.sizing import MEBIBYTE, TIERS, TierName


def _organizations_fit_a_tier(organizations: int | None) -> int | None:
    if organizations is not None:
        try:
            sizing.tier_for(sizing.memory_mb_for(organizations))
        except ValueError as problem:
            raise Refusal(
                "{organizations}", organizations=f"{organizations} cannot be had: {problem}", example="1000000"
            ) from None
    return organizations


def _application_url_is_an_address_alone(url: str | None) -> str | None:
    # None of these show the value: what is refused here may be a token or a password.
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        port_is_none = parts.port == 0
    except ValueError:
        raise Refusal("is no URL", example="") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port_is_none or re.search(r"\s", url):
        raise Refusal("is no http or https URL", example="")
    held = {
        "a user or a password before @": "@" in parts.netloc,
        "a query after ?": "?" in url.partition("#")[0],
        "a fragment after #": "#" in url,
    }
    found = [words for words, is_held in held.items() if is_held]
    if found:
        raise Refusal(f"holds {' and '.join(found)}: it is the application's address alone", example="")
    return url


class CommonSettings(Model):
    """What is asked of every cache. A validator sees the fields before its own, so their order matters."""

    # A backend's own model has both. Without them it is the part that all have.
    capabilities: ClassVar[Capabilities]
    default_sinks: ClassVar[tuple[str, ...]] = ("dotenv",)

    backend: Annotated[
        str, Field(examples=["local"], description="The Redis to create", json_schema_extra={"enum": [*BACKENDS]})
    ]
    organizations: Annotated[
        int | None,
        Field(
            examples=["1000000"],
            gt=0,
            le=10**9,
            description="Number of organizations to hold, from which the memory follows; in place of memoryMb",
        ),
        AfterValidator(_organizations_fit_a_tier),
    ] = None
    tier: TierName = Field(
        default=None,
        validate_default=True,
        examples=["dev", "staging", "prod"],
        description="Default size and protection; unset: the smallest tier that holds the organizations, else dev",
    )
    memory_mb: Annotated[
        int | None,
        Field(
            examples=["256", "1024", "4096"],
            gt=0,
            description="Memory for data in MiB, within the limits of the tier; unset: the default of the tier",
        ),
    ] = None
    maxmemory_policy: Annotated[
        MaxmemoryPolicy, Field(examples=["allkeys-lru"], description="Eviction policy when the memory is full")
    ] = "allkeys-lru"
    persistence: Annotated[
        Persistence | None,
        Field(
            examples=["snapshot", "append-only", "none"],
            description="Persistence of the data over a restart; unset: append-only, else snapshot, as the backend has",
        ),
    ] = None
    budget_usd: Annotated[
        float | None,
        Field(
            examples=["100"],
            gt=0,
            allow_inf_nan=False,
            description="Limit of the list price in USD a month; a stack above it is refused",
        ),
    ] = None
    name_prefix: Annotated[
        str,
        checked(prefix_problem),
        Field(
            examples=["team-redis"],
            description="Prefix of the names of all resources, before the stack's name; fixed once the stack is up",
        ),
    ] = NAME_PREFIX
    unreachable: Annotated[
        Literal["fail", "warn"],
        Field(
            examples=["fail"],
            description="Result of an `up` that cannot reach the cache: an error, or a warning",
        ),
    ] = "fail"
    verify_from: Annotated[
        Literal["auto", "here", "aws-lambda"],
        Field(
            examples=["auto"],
            description="Verifier: this machine, or a Lambda function in the network of the cache; auto: as needed",
        ),
    ] = "auto"
    application_url: Annotated[
        str | None,
        AfterValidator(_application_url_is_an_address_alone),
        Field(
            examples=["https://your-app.encr.app"],
            description="URL of the application; an `up` checks its /cache/health and /cache/status",
        ),
    ] = None

    @field_validator("backend")
    @classmethod
    def _backend_is_there(cls, backend: str) -> str:
        if backend not in BACKENDS:
            *others, last = map(repr, BACKENDS)
            raise Refusal("{value} is not one of {choices}", example="", choices=f"{', '.join(others)} or {last}")
        return backend

    @field_validator("tier", mode="before")
    @classmethod
    def _tier_is_chosen(cls, tier: object, info: ValidationInfo) -> object:
        organizations = info.data.get("organizations")
        if tier is not None:
            return tier
        return "dev" if organizations is None else sizing.tier_for(sizing.memory_mb_for(organizations))

    @field_validator("tier")
    @classmethod
    def _tier_holds_the_organizations(cls, tier: TierName, info: ValidationInfo) -> TierName:
        organizations = info.data.get("organizations")
        if organizations is not None and (needed := sizing.memory_mb_for(organizations)) > TIERS[tier].largest_mb:
            raise Refusal(
                "{tier} goes to {largest} MiB, and {organizations}",
                example=sizing.tier_for(needed),
                largest=TIERS[tier].largest_mb,
                organizations=f"{organizations} organizations need {needed} MiB",
            )
        return tier

    @field_validator("memory_mb")
    @classmethod
    def _memory_fits_the_tier(cls, memory_mb: int | None, info: ValidationInfo) -> int | None:
        if memory_mb is None:
            return None
        if info.data.get("organizations") is not None:
            raise Refusal("{memory_mb} and cache:organizations {organizations} exclude each other")
        tier = TIERS.get(info.data.get("tier", ""))
        if tier is not None and not tier.smallest_mb <= memory_mb <= tier.largest_mb:
            raise Refusal(
                "{memory_mb} MiB is outside tier {tier}, which goes from {smallest} to {largest} MiB",
                example=str(tier.default_mb),
                tier=info.data["tier"],
                smallest=tier.smallest_mb,
                largest=tier.largest_mb,
            )
        return memory_mb

    @field_validator("maxmemory_policy")
    @classmethod
    def _backend_has_the_policy(cls, policy: MaxmemoryPolicy, info: ValidationInfo) -> MaxmemoryPolicy:
        if "backend" in info.data and policy not in cls.capabilities.policies:
            raise Refusal('"{maxmemory_policy}" is not a policy of {backend}', example=min(cls.capabilities.policies))
        return policy

    @field_validator("persistence")
    @classmethod
    def _backend_has_the_persistence(cls, persistence: Persistence | None, info: ValidationInfo) -> Persistence | None:
        if persistence is not None and "backend" in info.data and persistence not in cls.capabilities.persistence:
            raise Refusal(
                '"{persistence}" is not what {backend} can do; it can: {choices}',
                example=cls.capabilities.default_persistence,
                choices=", ".join(sorted(cls.capabilities.persistence)),
            )
        return persistence

    @field_validator("verify_from")
    @classmethod
    def _verifier_can_reach_the_cache(cls, verify_from: str, info: ValidationInfo) -> str:
        everywhere = verify_from in {"auto", "here"} or "backend" not in info.data
        if not everywhere and verify_from not in cls.capabilities.verifiers:
            raise Refusal('"{verify_from}" is inside AWS, and {backend} is not', example="auto")
        return verify_from

    @property
    def maxmemory_bytes(self) -> int:
        """The memory that the application can use, in bytes."""
        return MEBIBYTE * sizing.memory_mb(self.tier, asked_mb=self.memory_mb, organizations=self.organizations)

    @property
    def memory_description(self) -> str:
        """The memory, as a table has it."""
        return f"{self.maxmemory_bytes // MEBIBYTE} MiB"

    @property
    def size_description(self) -> str:
        """What the stack takes of its machine."""
        return f"maxmemory {self.maxmemory_bytes // MEBIBYTE} MiB"

    @property
    def chosen_persistence(self) -> Persistence:
        """How data outlive a restart: as asked, or what the backend does best."""
        return self.persistence or self.capabilities.default_persistence

    @staticmethod
    def physical_name(prefix: str, stack: str) -> str:
        """Return the cache's name at its vendor. Raises `ValueError` where the vendor would refuse it."""
        return name_of(prefix, stack)
