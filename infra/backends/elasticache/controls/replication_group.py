"""ElastiCache's replication group: encryption, replicas, snapshots, upgrades, logs.

Rule ids and what each looks at: AWS Security Hub's and AWS Config's references, Control Tower's proactive controls, and
the sources of checkov 3.3.30, Prowler 5.46.0, trivy-checks, cfn_nag, cdk-nag, the Guard rules registry and cfn-lint
1.58.0, read whole for ElastiCache; KICS's queries as its documentation lists them.
"""

from typing import Final

from infra.control import Check, Control, NotAssessed, attribute_is
from infra.plan import Plan, Resource

GROUP: Final = "aws_elasticache_replication_group"
DECLARATION: Final = "infra/backends/elasticache/resources.py"

OLDEST_ENGINE: Final = 6
REDIS_PORT: Final = 6379
LOGS: Final = {"slow-log", "engine-log"}


def _present(attribute: str) -> Check:
    """Ask for any value of an attribute, one that is not known yet included."""

    def check(resource: Resource, _: Plan) -> str | None:
        return None if resource.values.get(attribute) else f"{attribute} is not set"

    return check


def _all(*checks: Check) -> Check:
    def check(resource: Resource, plan: Plan) -> str | None:
        problems = [problem for each in checks if (problem := each(resource, plan))]
        return " and ".join(problems) or None

    return check


def _replicas(resource: Resource, _: Plan) -> str | None:
    nodes = resource.known("num_cache_clusters") or 1
    replicas = resource.known("replicas_per_node_group") or 0
    return None if nodes > 1 or replicas > 0 else "there is one node alone, and nothing to fail over to"


def _snapshots(days: int) -> Check:
    def check(resource: Resource, _: Plan) -> str | None:
        kept = resource.known("snapshot_retention_limit") or 0
        return None if kept >= days else f"snapshots are kept for {kept} days"

    return check


def _logs(resource: Resource, _: Plan) -> str | None:
    delivered = {entry.get("log_type") for entry in resource.blocks("log_delivery_configuration")}
    missing = sorted(LOGS - delivered)
    return f"{' and '.join(missing)} not delivered" if missing else None


def _engine(resource: Resource, _: Plan) -> str | None:
    version = str(resource.known("engine_version") or "")
    major = version.partition(".")[0]
    return (
        None if major.isdigit() and int(major) >= OLDEST_ENGINE else f"the engine's version is {version or 'not set'}"
    )


def _port(resource: Resource, _: Plan) -> str | None:
    if resource.known("engine") == "valkey" and resource.known("port"):
        return None
    return None if resource.known("port") not in (None, REDIS_PORT) else f"the port is {REDIS_PORT}"


_encrypted_in_transit: Final = attribute_is("transit_encryption_enabled", expected=True)
_encrypted_at_rest: Final = attribute_is("at_rest_encryption_enabled", expected=True)
_users: Final = _present("user_group_ids")

CONTROLS: Final = (
    Control(
        name="cache-encrypted-in-transit",
        title="traffic is encrypted",
        types=(GROUP,),
        check=_encrypted_in_transit,
        cure=f"set transit_encryption_enabled=True in {DECLARATION}",
        rules={
            "checkov": ("CKV_AWS_30",),
            "Security Hub": ("ElastiCache.5",),
            "AWS Config": ("elasticache-repl-grp-encrypted-in-transit",),
            "Control Tower": ("CT.ELASTICACHE.PR.5",),
            "Prowler": ("elasticache_redis_cluster_in_transit_encryption_enabled",),
            "Trivy": ("AWS-0051",),
            "cfn_nag": ("F33",),
            "Guard": ("ELASTICACHE_REPLICATION_GROUP_ENCRYPTION_IN_TRANSIT",),
            "cfn-lint": ("E3704",),
            "KICS": ("1afbb3fa-cf6c-4a3d-b730-95e9f4df343e", "3b02569b-fc6f-4153-b3a3-ba91022fed68"),
        },
    ),
    Control(
        name="cache-tls-required",
        title="clear text is refused, not only discouraged",
        types=(GROUP,),
        check=attribute_is("transit_encryption_mode", expected="required"),
        cure=f'set transit_encryption_mode="required" in {DECLARATION}',
    ),
    Control(
        name="cache-encrypted-at-rest",
        title="disk and snapshots are encrypted",
        types=(GROUP,),
        check=_encrypted_at_rest,
        cure=f"set at_rest_encryption_enabled=True in {DECLARATION}; on an existing cache this replaces it",
        rules={
            "checkov": ("CKV_AWS_29",),
            "Security Hub": ("ElastiCache.4",),
            "AWS Config": ("elasticache-repl-grp-encrypted-at-rest",),
            "Control Tower": ("CT.ELASTICACHE.PR.4",),
            "Prowler": ("elasticache_redis_cluster_rest_encryption_enabled",),
            "Trivy": ("AWS-0045",),
            "cfn_nag": ("F25",),
            "Guard": ("ELASTICACHE_REPLICATION_GROUP_ENCRYPTION_AT_REST",),
            "KICS": ("76976de7-c7b1-4f64-a94f-90c1345914c2", "e4ee3903-9225-4b6a-bdfb-e62dbadef821"),
        },
    ),
    Control(
        name="cache-encrypted-throughout",
        title="encrypted both in transit and at rest",
        types=(GROUP,),
        check=_all(_encrypted_in_transit, _encrypted_at_rest),
        cure=f"set both encryptions to True in {DECLARATION}",
        rules={"cdk-nag": ("AwsSolutions-AEC3",)},
    ),
    Control(
        name="cache-customer-key",
        title="encrypted with a key of the customer's own",
        types=(GROUP,),
        check=_present("kms_key_id"),
        cure=f"set kms_key_id in {DECLARATION}; on an existing cache this replaces it",
        rules={"checkov": ("CKV_AWS_191",)},
    ),
    Control(
        name="cache-users",
        title="clients are users with rights (RBAC)",
        types=(GROUP,),
        check=_users,
        cure=f"set user_group_ids in {DECLARATION}",
        rules={
            "AWS Config": ("elasticache-rbac-auth-enabled",),
            "Control Tower": ("CT.ELASTICACHE.PR.8",),
        },
    ),
    Control(
        name="cache-encrypted-and-authenticated",
        title="encrypted in transit, and nobody comes in unasked",
        types=(GROUP,),
        check=_all(_encrypted_in_transit, _users),
        cure=f"set transit_encryption_enabled=True and user_group_ids in {DECLARATION}",
        rules={"checkov": ("CKV_AWS_31",)},
    ),
    Control(
        name="cache-no-plain-token",
        title="no AUTH token in plain text",
        types=(GROUP,),
        check=lambda group, _: "auth_token is set" if "auth_token" in group.values else None,
        cure=f"take auth_token out of {DECLARATION}: users have passwords",
        rules={"cfn_nag": ("F44",)},
    ),
    Control(
        name="cache-failover",
        title="another node takes over by itself",
        types=(GROUP,),
        check=_all(attribute_is("automatic_failover_enabled", expected=True), _replicas),
        cure=f"set automatic_failover_enabled=True in {DECLARATION}; pulumi config set cache:replicas 1 --stack STACK",
        rules={
            "checkov": ("CKV2_AWS_50",),
            "Security Hub": ("ElastiCache.3",),
            "AWS Config": ("elasticache-repl-grp-auto-failover-enabled",),
            "Control Tower": ("CT.ELASTICACHE.PR.3",),
            "Prowler": ("elasticache_redis_cluster_automatic_failover_enabled",),
            "cfn-lint": ("E3026",),
        },
    ),
    Control(
        name="cache-multi-az",
        title="the nodes are in several zones",
        types=(GROUP,),
        check=_all(attribute_is("multi_az_enabled", expected=True), _replicas),
        cure=f"set multi_az_enabled=True in {DECLARATION}; pulumi config set cache:replicas 1 --stack STACK",
        rules={
            "Prowler": ("elasticache_redis_cluster_multi_az_enabled",),
            "cdk-nag": ("AwsSolutions-AEC4",),
            "Trusted Advisor": ("Amazon ElastiCache Multi-AZ clusters",),
        },
    ),
    Control(
        name="cache-snapshots",
        title="snapshots every day",
        types=(GROUP,),
        check=_snapshots(1),
        cure=f"set snapshot_days of the tier in {DECLARATION} to 1 or more",
        rules={
            "Security Hub": ("ElastiCache.1",),
            "AWS Config": ("elasticache-automatic-backup-check-enabled",),
            "Trusted Advisor": ("ElastiCache (Redis OSS) Clusters Automatic Backup",),
        },
    ),
    Control(
        name="cache-snapshots-7-days",
        title="snapshots kept for 7 days",
        types=(GROUP,),
        check=_snapshots(7),
        cure=f"set snapshot_days of the tier in {DECLARATION} to 7 or more",
        rules={"Prowler": ("elasticache_redis_cluster_backup_enabled",)},
    ),
    Control(
        name="cache-snapshots-15-days",
        title="snapshots kept for 15 days",
        types=(GROUP,),
        check=_snapshots(15),
        cure=f"set snapshot_days of the tier in {DECLARATION} to 15 or more",
        rules={
            "AWS Config": ("elasticache-redis-cluster-automatic-backup-check",),
            "cdk-nag": (
                "HIPAA.Security-ElastiCacheRedisClusterAutomaticBackup",
                "NIST.800.53.R4-ElastiCacheRedisClusterAutomaticBackup",
                "NIST.800.53.R5-ElastiCacheRedisClusterAutomaticBackup",
            ),
        },
    ),
    Control(
        name="cache-final-snapshot",
        title="a last snapshot before it goes",
        types=(GROUP,),
        check=_present("final_snapshot_identifier"),
        cure=f"set final_snapshot_identifier in {DECLARATION}",
    ),
    Control(
        name="cache-protected",
        title="protected from deletion",
        types=(GROUP,),
        check=lambda resource, _: None if resource.protected else "a plain `pulumi destroy` deletes it",
        cure=f"set protect=True in {DECLARATION}",
    ),
    Control(
        name="cache-minor-upgrades",
        title="minor versions come by themselves",
        types=(GROUP,),
        check=attribute_is("auto_minor_version_upgrade", expected=True),
        cure=f"set auto_minor_version_upgrade=True in {DECLARATION}",
        rules={
            "Security Hub": ("ElastiCache.2",),
            "AWS Config": ("elasticache-auto-minor-version-upgrade-check",),
            "Prowler": ("elasticache_redis_cluster_auto_minor_version_upgrades",),
        },
    ),
    Control(
        name="cache-engine-version",
        title=f"a version from {OLDEST_ENGINE}.0 on, which knows users",
        types=(GROUP,),
        check=_engine,
        cure="pulumi config rm cache:engineVersion --stack STACK",
    ),
    Control(
        name="cache-own-subnets",
        title="subnets of its own choice, not the default group",
        types=(GROUP,),
        check=lambda group, plan: (
            None if plan.referred(group, "subnet_group_name") else "no subnet group of the stack's own"
        ),
        cure=f"set subnet_group_name to a SubnetGroup of the stack in {DECLARATION}",
        rules={
            "Security Hub": ("ElastiCache.7",),
            "AWS Config": ("elasticache-subnet-group-check",),
        },
    ),
    Control(
        name="cache-logs",
        title="slow log and engine log are kept",
        types=(GROUP,),
        check=_logs,
        cure=f"set log_delivery_configurations in {DECLARATION} (infra/backends/elasticache/logs.py)",
    ),
    Control(
        name="cache-unusual-port",
        title="another port than Redis's usual one",
        types=(GROUP,),
        check=_port,
        cure="",
        declined="the guide's applications expect port 6379 (REDIS_PORT); security groups close it, not its number",
        rules={
            "cdk-nag": ("AwsSolutions-AEC5",),
            "KICS": ("323db967-c68e-44e6-916c-a777f95af34b",),
        },
    ),
    Control(
        name="cache-auth-token",
        title="an AUTH token",
        types=(GROUP,),
        check=_present("auth_token"),
        cure="",
        declined="a cache has an AUTH token or users, and AWS Config and Control Tower ask for users",
        rules={"cdk-nag": ("AwsSolutions-AEC6",)},
    ),
)

NOT_ASSESSED: Final = (
    NotAssessed(
        title="AUTH on versions before 6.0",
        types=(GROUP,),
        status="n/a",
        reason="no such version is offered here, which cache-engine-version asserts; from 6.0 on there are users",
        rules={
            "Security Hub": ("ElastiCache.6",),
            "AWS Config": ("elasticache-repl-grp-redis-auth-enabled",),
            "Control Tower": ("CT.ELASTICACHE.PR.7",),
        },
    ),
    NotAssessed(
        title="AUTH or users, as Prowler judges it",
        types=(GROUP,),
        status="manual",
        reason="Prowler says MANUAL for every version from 6.0 on; cache-users asserts it here",
        rules={"Prowler": ("elasticache_redis_replication_group_auth_enabled",)},
    ),
    NotAssessed(
        title="an engine version that your organisation takes",
        types=(GROUP,),
        status="manual",
        reason="the oldest version taken is a parameter of the rule in your account",
        rules={"AWS Config": ("elasticache-supported-engine-version",)},
    ),
    NotAssessed(
        title="no subnet is public",
        types=(GROUP,),
        status="manual",
        reason="the subnets are made elsewhere, and their routes are in no plan of this stack",
        rules={"Prowler": ("elasticache_cluster_uses_public_subnet",)},
    ),
    NotAssessed(
        title="the ElastiCache chapter",
        types=(GROUP,),
        status="manual",
        reason="mostly questions to people; encryption, network, logs and access are asserted above",
        rules={"CIS": ("AWS Database Services Benchmark 1.0.0",)},
    ),
    NotAssessed(
        title="the same for a single cache cluster",
        types=(GROUP,),
        status="n/a",
        reason="they read single cache clusters in a template; a replication group is declared, and the same is "
        "asserted of it above (snapshots, minor upgrades, subnets)",
        rules={
            "checkov": ("CKV_AWS_134", "CKV_AWS_322", "CKV_AWS_323"),
            "Control Tower": ("CT.ELASTICACHE.PR.1", "CT.ELASTICACHE.PR.2", "CT.ELASTICACHE.PR.6"),
            "Trivy": ("AWS-0050",),
            "cdk-nag": ("AwsSolutions-AEC1",),
            "cfn-lint": ("E3647", "E3695"),
            "KICS": (
                "8fdb08a0-a868-4fdf-9c27-ccab0237f1ab",
                "8c849af7-a399-46f7-a34c-32d3dc96f1fc",
                "ba766c53-fe71-4bbb-be35-b6803f2ef13e",
                "4bd15dd9-8d5e-4008-8532-27eb0c3706d3",
            ),
        },
    ),
    NotAssessed(
        title="Memcached, MemoryDB, Redis on EC2, DMS",
        types=(GROUP,),
        status="n/a",
        reason="none is declared",
        rules={
            "checkov": ("CKV_AWS_201", "CKV_AWS_202", "CKV_AWS_278"),
            "Prowler": (
                "memorydb_cluster_auto_minor_version_upgrades",
                "ec2_instance_port_redis_exposed_to_internet",
                "dms_endpoint_redis_in_transit_encryption_enabled",
            ),
            "KICS": (
                "6db03a91-f933-4f13-ab38-a8b87a7de54d",
                "cfdef2e5-1fe4-4ef4-bea8-c56e08963150",
                "9b18fc19-7fb8-49b1-8452-9c757c70f926",
            ),
        },
    ),
)
