"""The settings that a stack has whatever its backend."""

import re
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from infra import sizing
from infra.capabilities import CAPABILITIES, MaxmemoryPolicy, Persistence
from infra.settings.model import Check, Field, Known, Model, Refusal, rule
from infra.settings.vocabulary import BackendName
from infra.sizing import MEBIBYTE, TIERS, TierName

# Backends in a network of AWS, where a function can stand beside them.
INSIDE_AWS: Final[frozenset[BackendName]] = frozenset({"elasticache"})


def _organizations_fit_a_tier(organizations: int | None) -> None:
    if organizations is not None:
        try:
            sizing.tier_for(sizing.memory_mb_for(organizations))
        except ValueError as problem:
            raise Refusal(f"{organizations} cannot be had: {problem}", example="1000000") from None


def _application_url_is_an_address_alone(url: str | None) -> None:
    # None of these show the value: what is refused here may be a token or a password.
    if url is None:
        return
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


class CommonSettings(Model):
    """What is asked of every cache. A field `maxmemory_policy` is the configuration key `cache:maxmemoryPolicy`.

    The order matters: a rule sees the fields before its own.
    """

    backend: Annotated[BackendName, Field(example="local", description="Where the Redis runs")]
    organizations: Annotated[
        int | None,
        Check(_organizations_fit_a_tier),
        Field(
            example="1000000",
            gt=0,
            le=10**9,
            description="In place of memoryMb: how many organizations the memory has to hold",
        ),
    ] = None
    tier: Annotated[
        TierName,
        Field(example="dev", description="The size and the care; unset: the first that holds the organizations"),
    ] = "dev"
    memory_mb: Annotated[
        int | None, Field(example="256", gt=0, description="Usable memory in MiB, within what the tier allows")
    ] = None
    maxmemory_policy: Annotated[
        MaxmemoryPolicy, Field(example="allkeys-lru", description="What Redis does when its memory is full")
    ] = "allkeys-lru"
    persistence: Annotated[
        Persistence | None,
        Field(example="snapshot", description="How data outlive a restart; unset: what the backend does best"),
    ] = None
    budget_usd: Annotated[
        float | None,
        Field(
            example="100",
            gt=0,
            description="What the stack may cost a month, in USD; beyond it nothing is done",
        ),
    ] = None
    unreachable: Annotated[
        Literal["fail", "warn"],
        Field(example="fail", description="What an `up` does about a cache that cannot be reached from where it runs"),
    ] = "fail"
    verify_from: Annotated[
        Literal["auto", "here", "aws-lambda"],
        Field(
            example="auto",
            description="Where the checks run: here, or inside the cache's network; auto: as the backend needs",
        ),
    ] = "auto"
    application_url: Annotated[
        str | None,
        Check(_application_url_is_an_address_alone),
        Field(
            example="https://your-app.encr.app",
            description="The application, whose /cache/health and /cache/status an `up` then asks",
        ),
    ] = None

    @rule("tier")
    @staticmethod
    def _tier_holds_the_organizations(tier: TierName, known: Known) -> None:
        organizations = known.get("organizations")
        if organizations is None:
            return
        needed_mb = sizing.memory_mb_for(organizations)
        if needed_mb > TIERS[tier].largest_mb:
            raise Refusal(
                f"{tier} goes to {TIERS[tier].largest_mb} MiB, and {organizations} organizations need {needed_mb} MiB",
                example=sizing.tier_for(needed_mb),
            )

    @rule("memory_mb")
    @staticmethod
    def _memory_is_asked_for_once(memory_mb: int | None, known: Known) -> None:
        if memory_mb is not None and known.get("organizations") is not None:
            raise Refusal(f"{memory_mb} and cache:organizations {known['organizations']} exclude each other")

    @rule("memory_mb")
    @staticmethod
    def _memory_fits_the_tier(memory_mb: int | None, known: Known) -> None:
        tier = TIERS.get(known.get("tier", ""))
        if memory_mb is None or tier is None or tier.smallest_mb <= memory_mb <= tier.largest_mb:
            return
        raise Refusal(
            f"{memory_mb} MiB is outside tier {known['tier']}, which goes from {tier.smallest_mb} to "
            f"{tier.largest_mb} MiB",
            example=str(tier.default_mb),
        )

    @rule("maxmemory_policy")
    @staticmethod
    def _backend_has_the_policy(policy: str, known: Known) -> None:
        can = CAPABILITIES.get(known.get("backend", ""))
        if can is not None and policy not in can.policies:
            raise Refusal(f'"{policy}" is not a policy of {known["backend"]}', example=min(can.policies))

    @rule("persistence")
    @staticmethod
    def _backend_has_the_persistence(persistence: str | None, known: Known) -> None:
        can = CAPABILITIES.get(known.get("backend", ""))
        if persistence is not None and can is not None and persistence not in can.persistence:
            raise Refusal(
                f'"{persistence}" is not what {known["backend"]} can do; it can: {", ".join(sorted(can.persistence))}',
                example=can.default_persistence,
            )

    @rule("verify_from")
    @staticmethod
    def _a_function_of_aws_can_reach_the_cache(verify_from: str, known: Known) -> None:
        backend = known.get("backend")
        if verify_from == "aws-lambda" and backend is not None and backend not in INSIDE_AWS:
            raise Refusal(f'"aws-lambda" is inside AWS, and {backend} is not', example="auto")

    @property
    def maxmemory_bytes(self) -> int:
        """The memory that the application can use, in bytes."""
        return MEBIBYTE * sizing.memory_mb(self.tier, asked_mb=self.memory_mb, organizations=self.organizations)

    @property
    def chosen_persistence(self) -> Persistence:
        """How data outlive a restart: as asked, or what the backend does best."""
        return self.persistence or CAPABILITIES[self.backend].default_persistence


def _no_application_url(words: str) -> Refusal:
    return Refusal(words, example="https://your-app.encr.app")
