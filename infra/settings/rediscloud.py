"""The settings of Redis Cloud."""

from collections.abc import Collection, Mapping
from typing import Annotated, ClassVar, Final, Literal

from infra.backends.rediscloud.naming import base_of
from infra.capabilities import CAPABILITIES, Persistence
from infra.patterns import network_problem
from infra.settings.common import CommonSettings
from infra.settings.model import Field, Known, Refusal, rule
from infra.settings.vocabulary import (
    NAMESPACE,
    Only,
    Texts,
    each_checked,
    example_of,
    name_problems,
    problem,
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
        Field(example="AWS", description="The cloud that Redis Cloud runs the cache in"),
        Only("rediscloud"),
    ] = "AWS"
    cloud_region: Annotated[
        str | None,
        Field(
            example="us-east-1",
            may_be_empty=False,
            description=f"The region, by that cloud's own name; unset: {DEFAULT_REGION} of AWS",
        ),
        Only("rediscloud"),
    ] = None
    payment_method_id: Annotated[
        int | None,
        Field(
            example="30949",
            gt=0,
            description="How a paid plan is paid: a number that a preview without it lists",
        ),
        Only("rediscloud"),
    ] = None
    source_cidrs: Annotated[
        Texts,
        each_checked(_source_problem),
        Field(example="203.0.113.7/32", description="The networks whose machines may connect; paid plans alone"),
        Only("rediscloud"),
    ] = ()
    accept_any_address: Annotated[
        bool,
        Field(
            example="true",
            description="Accepts that the whole Internet may try the password; the free plan has nothing else",
        ),
        Only("rediscloud"),
    ] = False
    accept_plain_text: Annotated[
        bool,
        Field(example="true", description="Accepts that the free plan has no TLS"),
        Only("rediscloud"),
    ] = False
    tls_ca_file: Annotated[
        str | None,
        Field(
            example="redis_ca.pem",
            may_be_empty=False,
            description="Certificates to trust for a database on Redis Cloud's own, older authority; from its console",
        ),
        Only("rediscloud"),
    ] = None

    @rule("persistence")
    @staticmethod
    def _free_plan_keeps_nothing(persistence: str | None, known: Known) -> None:
        if persistence not in (None, "none") and _is_free(known):
            raise Refusal(
                f"{persistence} is not what the free plan can do, which keeps nothing; a paid plan does, with "
                "cache:memoryMb set",
                example="none",
            )

    @rule("persistence")
    @staticmethod
    def _prod_outlives_a_restart(persistence: str | None, known: Known) -> None:
        if (known.get("backend"), known.get("tier"), persistence) == (BACKEND, "prod", "none"):
            raise Refusal("none will not do for tier prod, which outlives a restart", example="append-only")

    @rule("payment_method_id")
    @staticmethod
    def _free_plan_is_not_paid(number: int | None, known: Known) -> None:
        if number is not None and _is_free(known):
            raise Refusal(f"{number} will not do: the free plan takes no payment method")

    # Before the networks are looked at: what is wrong with one is no matter where there may be none.
    @rule("source_cidrs", of_text=True)
    @staticmethod
    def _free_plan_has_no_networks(text: str, known: Known) -> None:
        if _names_networks(text) and _is_free(known):
            raise Refusal(
                "will not do: the free plan has no list of networks; a paid plan has, with cache:memoryMb set, or any "
                "address is accepted by cache:acceptAnyAddress"
            )

    @rule("accept_any_address")
    @staticmethod
    def _addresses_are_named_or_any(accepted: bool, known: Known) -> None:  # noqa: FBT001 - a rule's value
        if accepted and known.get("source_cidrs"):
            raise Refusal("true and cache:sourceCidrs exclude each other")

    @rule("accept_plain_text")
    @staticmethod
    def _plain_text_is_the_free_plans(accepted: bool, known: Known) -> None:  # noqa: FBT001 - a rule's value
        if accepted and _is_paid(known):
            raise Refusal("true is for the free plan alone, and this stack's plan is a paid one, with TLS")

    @rule("tls_ca_file")
    @staticmethod
    def _certificates_are_for_tls(file: str | None, known: Known) -> None:
        if file is not None and _is_free(known):
            raise Refusal(f"{file} will not do: the free plan has no TLS")

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
    if values.get("acceptAnyAddress", "").lower() != "true" and (
        is_free or not _names_networks(values.get("sourceCidrs", ""))
    ):
        words = "the free plan answers to any address" if is_free else "who may connect; or set cache:sourceCidrs"
        found.append(_ask("acceptAnyAddress", words, stack))
    return found


def _ask(key: str, meaning: str, stack: str, *, value: str = "") -> str:
    return problem(
        f"{NAMESPACE}:{key} is not set: {meaning}",
        cure=f"config set {NAMESPACE}:{key} {value or example_of(RedisCloudSettings, key)}",
        stack=stack,
    )


def _names_networks(text: str) -> bool:
    """Say whether a list that may be malformed has anything in it."""
    return bool(text.strip(" ,[]"))


def _is_free(known: Known) -> bool:
    """Say whether fields that were found valid are those of the free plan."""
    return (
        set(_DECIDING) <= known.keys()
        and known["backend"] == BACKEND
        and known["tier"] == "dev"
        and known["memory_mb"] is None
        and known["organizations"] is None
    )


def _is_paid(known: Known) -> bool:
    return set(_DECIDING) <= known.keys() and known["backend"] == BACKEND and not _is_free(known)
