"""Google's Memorystore for Redis: who comes in, encryption, replicas, snapshots, protection.

Rule ids: the sources of checkov 3.3.30 and of Steampipe's terraform-gcp-compliance, read whole for Redis. Prowler and
Trivy have no rule for it. checkov has these two, and looks at nothing else of an instance.
"""

from typing import Final

from infra.control import Control, NotAssessed, attribute_is
from infra.plan import Plan, Resource

INSTANCE: Final = "google_redis_instance"
DECLARATION: Final = "infra/backends/memorystore/resources.py"

OLDEST_ENGINE: Final = 6


_private_service_access: Final = attribute_is("connect_mode", "PRIVATE_SERVICE_ACCESS")


def _private(instance: Resource, plan: Plan) -> str | None:
    if not instance.values.get("authorized_network"):
        return "no network is named, so Google takes the project's default one"
    return _private_service_access(instance, plan)


def _replicas(instance: Resource, _: Plan) -> str | None:
    tier = instance.known("tier")
    return None if tier == "STANDARD_HA" else f"the tier is {tier or 'not set'}, which is one node alone"


def _snapshots(instance: Resource, _: Plan) -> str | None:
    blocks = [each for each in instance.blocks("persistence_config") if each.get("persistence_mode") == "RDB"]
    if not blocks:
        return "no snapshots are taken"
    return None if all(each.get("rdb_snapshot_period") for each in blocks) else "how often is not said"


def _window(instance: Resource, _: Plan) -> str | None:
    windows = [block.get("weekly_maintenance_window") for block in instance.blocks("maintenance_policy")]
    return None if any(windows) else "Google may maintain it at any time"


def _version(instance: Resource, _: Plan) -> str | None:
    version = str(instance.known("redis_version") or "")
    major = version.removeprefix("REDIS_").partition("_")[0]
    return None if major.isdigit() and int(major) >= OLDEST_ENGINE else f"the version is {version or 'not set'}"


def _protected(instance: Resource, _: Plan) -> str | None:
    missing = [
        name
        for name, holds in (
            ("Pulumi's protect", instance.protected),
            ("deletion_protection", instance.known("deletion_protection") is True),
        )
        if not holds
    ]
    return f"{' and '.join(missing)} not set" if missing else None


CONTROLS: Final = (
    Control(
        name="memorystore-authenticated",
        title="nobody comes in without the AUTH string",
        types=(INSTANCE,),
        check=lambda instance, _: None if instance.known("auth_enabled") is True else "auth_enabled is not true",
        cure=f"set auth_enabled=True in {DECLARATION}",
        rules={"checkov": ("CKV_GCP_95",), "Steampipe": ("redis_instance_auth_enabled",)},
    ),
    Control(
        name="memorystore-encrypted-in-transit",
        title="traffic to Memorystore is encrypted",
        types=(INSTANCE,),
        check=attribute_is("transit_encryption_mode", "SERVER_AUTHENTICATION"),
        cure="pulumi config rm cache:tls --stack STACK; on an existing cache this replaces it",
        rules={"checkov": ("CKV_GCP_97",), "Steampipe": ("redis_instance_encryption_in_transit_enabled",)},
    ),
    Control(
        name="memorystore-private",
        title="reached from inside a network of one's own choice alone",
        types=(INSTANCE,),
        check=_private,
        cure=f"name authorized_network, with PRIVATE_SERVICE_ACCESS, in {DECLARATION} (cache:network)",
    ),
    Control(
        name="memorystore-replicas",
        title="failover to a replica in another zone is automatic",
        types=(INSTANCE,),
        check=_replicas,
        cure="choose tier staging or prod; on an existing cache this replaces it",
    ),
    Control(
        name="memorystore-snapshots",
        title="the data outlive all nodes, by snapshots at a named interval",
        types=(INSTANCE,),
        check=_snapshots,
        cure="pulumi config set cache:persistence snapshot --stack STACK",
    ),
    Control(
        name="memorystore-maintenance-window",
        title="maintenance has its hour of the week",
        types=(INSTANCE,),
        check=_window,
        cure=f"set maintenance_policy in {DECLARATION} (cache:maintenanceWindow)",
    ),
    Control(
        name="memorystore-version",
        title="the version of Redis is named and knows TLS",
        types=(INSTANCE,),
        check=_version,
        cure="pulumi config set cache:redisVersion 7.2 --stack STACK",
    ),
    Control(
        name="memorystore-protected",
        title="no slip deletes or replaces it",
        types=(INSTANCE,),
        check=_protected,
        cure="pulumi config set cache:deletionProtection true --stack STACK",
    ),
)

NOT_ASSESSED: Final = (
    NotAssessed(
        title="Google's networks and their firewalls",
        types=(INSTANCE,),
        status="n/a",
        reason="none is declared: the cache stands in a network of yours, whose rules its owner judges",
        rules={
            "checkov": (
                *("CKV2_GCP_12", "CKV2_GCP_18", "CKV_GCP_2", "CKV_GCP_3"),
                *("CKV_GCP_75", "CKV_GCP_77", "CKV_GCP_88", "CKV_GCP_106"),
            )
        },
    ),
)
