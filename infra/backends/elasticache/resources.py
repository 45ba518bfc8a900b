"""AWS ElastiCache: the guide's option 2, as a replication group of Redis or Valkey."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.aws import account
from infra.backend import Declaration
from infra.backends.elasticache import encryption, logs, network, rbac, running, versions
from infra.backends.elasticache.naming import name_of
from infra.backends.elasticache.replacement_guard import ReplacementGuard
from infra.backends.elasticache.running import Running
from infra.backends.elasticache.settings import ElastiCacheSettings
from infra.backends.elasticache.tier_defaults import TIER_DEFAULTS
from infra.password import Password
from infra.tags import tags_of
from infra.verifiers.lambda_network import LambdaNetwork
from verify.environment import CacheEnvironment
from verify.expectation import Expectation

# ElastiCache User Guide, "Valkey and Redis OSS parameters", maxmemory-policy, of every family here.
DEFAULT_POLICY: Final = "volatile-lru"

# Longer than the provider's own hour, which a group with several replicas of a large node can exceed.
TIMEOUTS: Final = pulumi.CustomTimeouts(create="90m", update="120m", delete="90m")


def declare(settings: ElastiCacheSettings, *, stack: str) -> Declaration:
    """Declare the replication group of a stack and everything around it."""
    name = name_of(settings.name_prefix, stack)
    defaults = TIER_DEFAULTS[settings.tier]
    here = account.find(settings.account_id)
    tags = tags_of(settings, stack)
    running.require_no_downgrade(running.find(name), settings, stack=stack)

    password = Password("password", name_prefix=settings.name_prefix)
    around = network.find(settings)
    subnet_group = network.subnet_group(name, around, zones=2 if settings.chosen_replicas else 1, tags=tags)
    groups = network.security_groups(name, around, tags=tags)
    key_arn: pulumi.Input[str] = (
        settings.kms_key_arn or encryption.key(name, here, protect=defaults.protected, tags=tags).arn
    )
    log_groups = logs.log_groups(name, key_arn, tags=tags)
    _, user_group = rbac.user_group(name, password.passwords, rules=settings.acl, tags=tags)
    guard = ReplacementGuard(
        "lineage",
        {
            "name": name,
            "engine": settings.engine,
            "engineVersion": settings.chosen_engine_version,
            "applyImmediately": settings.applies_immediately,
        },
    )
    group = aws.elasticache.ReplicationGroup(
        name,
        replication_group_id=name,
        description=f"Cache of the hospitality application, stack {stack}",
        engine=settings.engine,
        engine_version=settings.chosen_engine_version,
        auto_minor_version_upgrade=defaults.protected,
        node_type=settings.node.name,
        num_cache_clusters=1 + settings.chosen_replicas,
        automatic_failover_enabled=settings.chosen_replicas > 0,
        multi_az_enabled=settings.chosen_replicas > 0,
        parameter_group_name=_parameter_group(name, settings, tags).name,
        port=network.PORT,
        subnet_group_name=subnet_group.name,
        security_group_ids=[groups.cache.id],
        transit_encryption_enabled=True,
        transit_encryption_mode="required",
        at_rest_encryption_enabled=True,
        kms_key_id=key_arn,
        user_group_ids=[user_group.user_group_id],
        snapshot_retention_limit=defaults.snapshot_days if settings.chosen_persistence == "snapshot" else 0,
        snapshot_window=settings.chosen_snapshot_window,
        final_snapshot_identifier=guard.finalSnapshot if defaults.protected else None,
        maintenance_window=settings.maintenance_window,
        apply_immediately=settings.applies_immediately,
        log_delivery_configurations=logs.configurations(name, log_groups),
        tags=tags,
        opts=pulumi.ResourceOptions(
            protect=defaults.protected,
            # Its id is the stack's: there cannot be two at a time.
            delete_before_replace=True,
            custom_timeouts=TIMEOUTS,
            # A change of log delivery that is to wait is refused by AWS, with every other change of the same call
            # (terraform-provider-aws issue 49842).
            ignore_changes=[] if settings.applies_immediately else ["logDeliveryConfigurations"],
            # A downgrade is refused before anything is asked of AWS.
            depends_on=[guard],
        ),
    )
    # Asked again once the group is as it is to be.
    live = group.id.apply(lambda _: running.find(name))
    live.apply(lambda now: _warn(now, name, settings, region=here.region, stack=stack))
    connection = pulumi.Output.all(host=group.primary_endpoint_address, port=group.port, password=password.value).apply(
        # The certificate is of a public authority, and for AWS's own name alone: a CNAME of ours would fail it.
        lambda known: CacheEnvironment(
            host=known["host"],
            port=int(known["port"]),
            password=known["password"],
            use_tls=True,
            probe_prefix=settings.probe_prefix,
        )
    )
    return Declaration(
        connection=connection,
        expectation=_expectation(settings),
        own_variables=settings.own_variables,
        passwords=password.passwords,
        repair=f"to undo what was changed at AWS by hand: pulumi refresh --stack {stack} && make up STACK={stack}",
        lambda_network=LambdaNetwork(
            name=name,
            partition=here.partition,
            subnet_ids=subnet_group.subnet_ids,
            security_group_id=groups.verifier.id,
            kms_key_arn=key_arn,
            tags=tags,
            ready=[group, *groups.verifiers_way],
        ),
        outputs={
            "replicationGroupId": group.replication_group_id,
            "readerEndpoint": group.reader_endpoint_address,
            "nodeType": settings.node.name,
            "engineVersion": live.apply(lambda now: now and now.version),
            "securityGroupId": groups.cache.id,
            "verifierSecurityGroupId": groups.verifier.id,
            "subnetIds": subnet_group.subnet_ids,
            "kmsKeyArn": key_arn,
            "userGroupId": user_group.user_group_id,
            "logGroups": {log_type: log_group.name for log_type, log_group in log_groups.items()},
            "finalSnapshot": guard.finalSnapshot if defaults.protected else None,
        },
    )


def _parameter_group(
    name: str, settings: ElastiCacheSettings, tags: Mapping[str, str]
) -> aws.elasticache.ParameterGroup:
    """Declare the parameters, in a group that another engine's version replaces.

    AWS refuses to delete a group in use, and to have two of one name: so Pulumi makes up its name, the new one is
    made first, and the family is in the resource's own name (cloudposse/terraform-aws-elasticache-redis issue 178).
    Never with cluster-enabled: then nothing could become a cluster later (the same, issue 212).
    """
    family = versions.family(settings.engine, settings.chosen_engine_version)
    return aws.elasticache.ParameterGroup(
        f"{name}-{family}",
        family=family,
        description=f"Parameters of {name}",
        # AWS's own default is not declared: the provider reads nothing but what a user has set (Source=user), and would
        # show a change in every preview where AWS counts its default as its own.
        parameters=[
            aws.elasticache.ParameterGroupParameterArgs(name="maxmemory-policy", value=policy)
            for policy in [settings.maxmemory_policy]
            if policy != DEFAULT_POLICY
        ],
        tags=tags,
    )


def _expectation(settings: ElastiCacheSettings) -> Expectation:
    return Expectation(
        # What INFO shows is AWS's figure for the node, less its reserve. AWS may change it, and a stack asks for room
        # and not for a figure: that the node has the room is seen to before it is made (nodes.py).
        maxmemory_bytes=None,
        maxmemory_policy=settings.maxmemory_policy,
        # Snapshots are AWS's own, and CONFIG, where save points would show, is closed.
        persistence=None,
        authentication=True,
        tls=True,
        replicas=settings.chosen_replicas,
        version=_expected_version(settings),
        cluster=False,
        access=settings.access,
        access_rules=settings.access_rules,
    )


def _expected_version(settings: ElastiCacheSettings) -> str:
    """Return the pinned version, or its beginning where an upgrade may still wait for the maintenance window."""
    version = settings.chosen_engine_version
    known = version if settings.applies_immediately else version.partition(".")[0]
    return f"{settings.engine} {known}"


def _warn(now: Running | None, name: str, settings: ElastiCacheSettings, *, region: str, stack: str) -> None:
    """Describe what is not as it was asked for yet, or will not be by itself."""
    if now is None:
        return
    waiting = running.waiting(now, settings)
    if waiting:
        before = (
            f"set it before the change: pulumi config set cache:applyImmediately true --stack {stack}; once it waits: "
            if pulumi.runtime.is_dry_run()
            else ""
        )
        pulumi.log.warn(
            f"{' and '.join(waiting)} will be there after the maintenance window {settings.maintenance_window} (UTC); "
            f"to have it at once, {before}{running.upgrade_now(name, now, settings, region=region)}"
        )
    if sorted(now.logs) != sorted(logs.declared(name)):
        pulumi.log.warn(
            f"the logs of {name} are not delivered as declared, and AWS changes that at once or not at all; to put it "
            "right, and have whatever waits for the maintenance window at once: "
            f"{running.deliver_logs_now(name, region=region)}"
        )
