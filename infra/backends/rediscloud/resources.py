"""Redis Cloud Essentials: the guide's option 1, "recommended for quick setup"."""

from pathlib import Path
from typing import Any, Final

import pulumi

from infra import sizing
from infra.backend import BackendNotAvailable, Declaration
from infra.backends.rediscloud.api import missing_keys
from infra.backends.rediscloud.costs import plan_bytes
from infra.backends.rediscloud.database import EVERYWHERE, Database
from infra.backends.rediscloud.name import Name
from infra.backends.rediscloud.naming import base_of
from infra.backends.rediscloud.plans import Demand
from infra.backends.rediscloud.settings import RedisCloudSettings
from infra.backends.rediscloud.subscription import Subscription
from infra.capabilities import Persistence
from infra.password import Password
from verify.environment import CacheEnvironment
from verify.expectation import Expectation

# Essentials has the append-only file every second, and snapshots of which the most frequent lose least (redis/docs,
# operate/rc/databases/configuration/data-persistence).
PERSISTENCE: Final[dict[Persistence, str]] = {
    "append-only": "aof-every-1-second",
    "snapshot": "snapshot-every-1-hour",
    "none": "none",
}


def declare(settings: RedisCloudSettings, *, stack: str) -> Declaration:
    """Declare the subscription and the database of a stack. Raises `BackendNotAvailable` where there are no keys."""
    missing = missing_keys()
    if missing is not None:
        raise BackendNotAvailable(missing)
    authorities = _authorities(settings)
    _warn(settings)

    protected = pulumi.ResourceOptions(protect=settings.is_protected)
    base = base_of(settings.name_prefix, stack)
    password = Password("password", name_prefix=settings.name_prefix, at_once=1)
    # Another prefix is refused before anything has another name.
    name = Name("name", base, pulumi.ResourceOptions(depends_on=[password]))
    subscription = Subscription(
        "cache",
        {
            "name": name.value,
            "base": base,
            "demand": _demand(settings),
            "paymentMethodId": settings.payment_method_id,
            "budgetUsd": settings.budget_usd,
        },
        protected,
    )
    database = Database(
        "cache",
        {
            "subscriptionId": subscription.id,
            "name": name.value,
            "dataPersistence": PERSISTENCE[settings.redis_cloud_persistence],
            "dataEvictionPolicy": settings.maxmemory_policy,
            "replication": settings.is_replicated,
            "sourceIps": list(settings.source_cidrs) or EVERYWHERE,
            "enableTls": not settings.takes_free_plan,
            "password": password.value,
        },
        protected,
    )
    subscription.plan.apply(lambda plan: pulumi.log.info(f"Redis Cloud: {_words(plan)}") if plan else None)
    connection = pulumi.Output.all(host=database.host, port=database.port, password=password.value).apply(
        lambda known: CacheEnvironment(
            host=known["host"],
            port=int(known["port"]),
            password=known["password"],
            use_tls=not settings.takes_free_plan,
            tls_ca=authorities,
        )
    )
    return Declaration(
        connection=connection,
        expectation=_expectation(settings),
        repair=f"to undo what was changed at Redis Cloud by hand: make up STACK={stack}",
        own_variables=("REDIS_TLS_CA",) if authorities else (),
        passwords=password.passwords,
        monthly_usd=subscription.plan.apply(lambda plan: plan["monthlyUsd"]),
        outputs={
            "plan": subscription.plan,
            "subscriptionId": subscription.id,
            "databaseId": database.id,
            "databaseName": name.value,
            "redisVersion": database.redisVersion,
        },
    )


def _demand(settings: RedisCloudSettings) -> Demand:
    """Return what the plan has to do."""
    return Demand(
        provider=settings.cloud_provider,
        region=settings.chosen_cloud_region,
        bytes=0 if settings.takes_free_plan else plan_bytes(settings.tier, settings.maxmemory_bytes),
        free=settings.takes_free_plan,
        replicated=settings.is_replicated,
        # A replica in the same zone goes when the zone goes.
        multiZone=settings.tier == "prod",
        persistent=settings.redis_cloud_persistence != "none",
        networks=len(settings.source_cidrs),
    )


def _authorities(settings: RedisCloudSettings) -> str | None:
    """Read the certificates to trust. Raises `BackendNotAvailable` where the file has none."""
    if settings.tls_ca_file is None:
        return None
    file = Path(pulumi.runtime.get_root_directory() or ".") / Path(settings.tls_ca_file).expanduser()
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BackendNotAvailable(f"cache:tlsCaFile {settings.tls_ca_file} cannot be read: {reason}") from None
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise BackendNotAvailable(f"cache:tlsCaFile {settings.tls_ca_file} has no certificate in it")
    return text


def _warn(settings: RedisCloudSettings) -> None:
    """Repeat in every run what the stack accepts."""
    if settings.takes_free_plan:
        pulumi.log.warn(
            f"tier dev is the free plan of Redis Cloud here: {settings.FREE_PLAN_MB} MB, less than the tier's "
            f"{sizing.TIERS['dev'].smallest_mb}, without persistence, for 30 connections and 100 requests a second"
        )
        pulumi.log.warn(
            "cache:acceptPlainText: the free plan has no TLS; password and data cross the Internet in plain text"
        )
    if settings.accept_any_address:
        pulumi.log.warn(
            "cache:acceptAnyAddress: the cache answers to the whole Internet, and its password alone protects it"
        )


def _words(plan: dict[str, Any]) -> str:
    cost = plan["monthlyUsd"]
    price = "of no known price" if cost is None else "free" if cost == 0 else f"{cost:.2f} USD a month"
    return f"plan {plan['name']} ({plan['availability']}), {price}"


def _expectation(settings: RedisCloudSettings) -> Expectation:
    return Expectation(
        # Behind Redis Cloud's proxy, INFO "returns a different set of fields" (redis/docs, operate/rs, compatibility):
        # what the plan gives is seen to where it is chosen, and what the database has where it is read back.
        maxmemory_bytes=None,
        persistence=None,
        replicas=None,
        maxmemory_policy=settings.maxmemory_policy,
        authentication=True,
        tls=not settings.takes_free_plan,
    )
