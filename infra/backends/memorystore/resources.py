"""Google Memorystore for Redis: the guide's option 3, as an instance that is reached from inside one network alone."""

from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_gcp as gcp

from infra import name_guard
from infra.backend import Declaration
from infra.backends.memorystore import maintenance, network, versions
from infra.backends.memorystore.naming import name_of
from infra.backends.memorystore.replacement_guard import ReplacementGuard
from infra.backends.memorystore.settings import MemorystoreSettings
from infra.backends.memorystore.sizing import size_of
from infra.backends.memorystore.tier_defaults import SNAPSHOT_PERIODS
from infra.tags import labels_of
from verify.environment import CacheEnvironment
from verify.expectation import Expectation

# Longer than the provider's own 20 minutes, which a change of a large instance's size can exceed.
TIMEOUTS: Final = pulumi.CustomTimeouts(create="40m", update="90m", delete="40m")


def declare(settings: MemorystoreSettings, *, stack: str) -> Declaration:
    """Declare the instance of a stack, and its network's private service access where that is asked for."""
    name = name_of(settings.name_prefix, stack)
    labels = labels_of(settings, stack)
    size = size_of(settings.tier, settings.maxmemory_bytes)
    encryption = "SERVER_AUTHENTICATION" if settings.tls else "DISABLED"
    _warn_of_clear_text(settings)

    guard = ReplacementGuard(
        "permanence",
        {
            **name_guard.inputs(settings.name_prefix),
            "project": settings.project,
            "region": settings.region,
            "tier": size.service_tier,
            "transitEncryptionMode": encryption,
            "authorizedNetwork": settings.network,
            "reservedIpRange": name if settings.private_service_access == "declare" else settings.allocated_range or "",
            "customerManagedKey": settings.kms_key_name or "",
            "redisVersion": settings.redis_version,
        },
    )
    private_service_access = network.private_service_access(name, settings, labels=labels)
    # Nothing is said of zones and of read replicas: for the tier BASIC that is an error or a replacement, and for
    # STANDARD_HA Google's own choice is one replica in another zone (terraform-provider-google issues 11425, 11559 and
    # 14734; terraform-google-memorystore issues 83 and 97).
    instance = gcp.redis.Instance(
        name,
        name=name,
        project=settings.project,
        region=settings.region,
        display_name=f"Cache of the hospitality application, stack {stack}",
        tier=size.service_tier,
        memory_size_gb=size.memory_size_gb,
        redis_version=versions.google_name(settings.redis_version),
        redis_configs={"maxmemory-policy": settings.maxmemory_policy},
        connect_mode="PRIVATE_SERVICE_ACCESS",
        authorized_network=private_service_access.network,
        reserved_ip_range=private_service_access.allocated_range,
        auth_enabled=True,
        transit_encryption_mode=encryption,
        customer_managed_key=settings.kms_key_name,
        persistence_config=_persistence(settings),
        maintenance_policy=maintenance.policy(settings.maintenance_window),
        # Said in every tier: unset, the SDK's documentation and the provider differ on what it means.
        deletion_protection=settings.is_protected,
        labels=labels,
        opts=pulumi.ResourceOptions(
            protect=settings.is_protected,
            # Its id is the stack's: there cannot be two at a time.
            delete_before_replace=True,
            custom_timeouts=TIMEOUTS,
            # What would replace it is refused before anything is asked of Google.
            depends_on=[guard, *private_service_access.ready],
        ),
    )
    # A secret here already: an engine that does not know which of a resource's outputs are would print it.
    password: pulumi.Output[str] = pulumi.Output.secret(instance.auth_string)
    authorities = instance.server_ca_certs.apply(lambda known: bundle([each.cert or "" for each in known]))
    connection = pulumi.Output.all(instance.host, instance.port, password, authorities).apply(
        lambda known: CacheEnvironment(
            host=known[0],
            port=int(known[1]),
            password=known[2],
            use_tls=settings.tls,
            tls_ca=known[3] or None,
        )
    )
    return Declaration(
        connection=connection,
        expectation=_expectation(settings),
        repair=f"to undo what was changed at Google by hand: pulumi refresh --stack {stack} && make up STACK={stack}. "
        f"The cache is reached from inside {settings.network} alone; from elsewhere, an `up` that proves nothing "
        f"passes with: pulumi config set cache:unreachable warn --stack {stack}",
        own_variables=("REDIS_TLS_CA",) if settings.tls else (),
        outputs={
            "instanceId": instance.id,
            "instanceTier": size.service_tier,
            "memorySizeGb": instance.memory_size_gb,
            "redisVersion": instance.redis_version,
            "network": private_service_access.network,
            "authoritiesExpire": instance.server_ca_certs.apply(lambda known: [each.expire_time for each in known]),
            "snapshotPeriod": SNAPSHOT_PERIODS[settings.tier] if settings.chosen_persistence == "snapshot" else None,
        },
    )


def bundle(certificates: Sequence[str]) -> str:
    """Return the certificates as one PEM text: five years after the first authority there is a second beside it.

    Source: Memorystore for Redis, "About in-transit encryption", "Certificate Authority rotation".
    """
    return "".join(f"{certificate.strip()}\n" for certificate in certificates if certificate.strip())


def _persistence(settings: MemorystoreSettings) -> gcp.redis.InstancePersistenceConfigArgs:
    """Declare everything, in every tier: what is left out, Google fills in, and it is a change in every preview.

    Source: sourcegraph-public-snapshot pull request 58173, where BASIC has snapshots too.
    """
    if settings.chosen_persistence == "none":
        return gcp.redis.InstancePersistenceConfigArgs(persistence_mode="DISABLED")
    return gcp.redis.InstancePersistenceConfigArgs(
        persistence_mode="RDB", rdb_snapshot_period=SNAPSHOT_PERIODS[settings.tier]
    )


def _expectation(settings: MemorystoreSettings) -> Expectation:
    return Expectation(
        # Google's figure for the size, of which whole GiB are to be had; that the data have the room is seen to before
        # (infra/sizing.py).
        maxmemory_bytes=None,
        maxmemory_policy=settings.maxmemory_policy,
        # Snapshots are Google's own, and CONFIG, where save points would show, is blocked.
        persistence=None,
        authentication=True,
        tls=settings.tls,
        # Whether INFO shows the replica of STANDARD_HA, Google does not say.
        replicas=None,
        version=f"redis {versions.shown(settings.redis_version)}",
        cluster=False,
    )


def _warn_of_clear_text(settings: MemorystoreSettings) -> None:
    if not settings.tls:
        pulumi.log.warn(
            "cache:tls is false: the AUTH string and the data cross the network in clear text, and whoever is inside "
            f"{settings.network} may read them"
        )
