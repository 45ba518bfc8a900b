"""What runs at AWS now. The state does not say it.

Since v6.58.0 the provider writes what waits for the maintenance window over the node type and both versions of a
replication group (terraform-provider-aws, applyReplicationGroupPendingModifications). Its data sources read what runs.
"""

import json
import re
from collections.abc import Sequence
from typing import Final, NamedTuple, cast

import pulumi
import pulumi_aws as aws

from infra.backends.elasticache import nodes, versions
from infra.backends.elasticache.logs import LogDelivery, declared
from infra.backends.elasticache.settings import ElastiCacheSettings

# What the data source says where there is no such group, in its newer and older words (terraform-provider-aws,
# SingularDataSourceFindError, and internal/retry).
_NOT_FOUND: Final = re.compile(r"no matching .*Replication Group|couldn't find resource|empty result")


class Running(NamedTuple):
    """A replication group as it is. `version` is in full, like "7.1.0"."""

    engine: nodes.Engine
    version: str
    node_type: str
    logs: Sequence[LogDelivery]

    @property
    def minor_version(self) -> str:
        """The version as a stack pins it, like "7.1"."""
        return ".".join(self.version.split(".")[:2])


def find(name: str) -> Running | None:
    """Ask AWS for a replication group; None where there is none.

    Raises `pulumi.RunError` where AWS does not answer.
    """
    try:
        group = aws.elasticache.get_replication_group(replication_group_id=name)
        if not group.member_clusters:
            return None
        # The version is a node's: a group has none.
        node = aws.elasticache.get_cluster(cluster_id=min(group.member_clusters))
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing more exact for what the provider says
        if _NOT_FOUND.search(str(error)):
            return None
        raise pulumi.RunError(f"AWS does not say what {name} runs: {error}") from None
    return Running(
        engine=cast("nodes.Engine", node.engine),
        version=node.engine_version,
        node_type=group.node_type,
        logs=[
            LogDelivery(each.log_type, each.destination, each.destination_type, each.log_format)
            for each in group.log_delivery_configurations
        ],
    )


def require_no_downgrade(running: Running | None, settings: ElastiCacheSettings, *, stack: str) -> None:
    """Refuse settings for which the provider would replace what runs, whoever upgraded it. Raises `pulumi.RunError`.

    AWS upgrades by itself at the end of a version's life, also where minor upgrades are off.
    """
    if running is None:
        return
    problem = versions.change_problem(
        (running.engine, running.minor_version),
        (settings.engine, settings.chosen_engine_version),
        apply_immediately=settings.applies_immediately,
    )
    if problem is None:
        return
    raise pulumi.RunError(
        f"AWS runs {running.engine} {running.version}: {problem}; nothing was changed. To keep what runs:\n"
        f"      {_keep(running, settings, stack=stack)}"
    )


def _keep(running: Running, settings: ElastiCacheSettings, *, stack: str) -> str:
    if running.minor_version not in versions.VERSIONS.get(running.engine, ()):
        unknown = f"{running.engine} {running.minor_version}"
        return f"add {unknown} to infra/backends/elasticache/versions.py, which does not know it yet"
    changed: dict[str, str] = {"engine": running.engine} if running.engine != settings.engine else {}
    changed["engineVersion"] = running.minor_version
    return " && ".join(f"pulumi config set cache:{key} {value} --stack {stack}" for key, value in changed.items())


def waiting(running: Running, settings: ElastiCacheSettings) -> Sequence[str]:
    """Name what was asked of AWS and does not run yet."""
    found = []
    if not f"{running.version}.".startswith(f"{settings.chosen_engine_version}."):
        found.append(f"version {settings.chosen_engine_version} (now {running.version})")
    if running.node_type != settings.node.name:
        found.append(f"node type {settings.node.name} (now {running.node_type})")
    return found


def upgrade_now(name: str, running: Running, settings: ElastiCacheSettings, *, region: str) -> str:
    """Return the command that has AWS do at once what waits: the provider sends nothing a second time."""
    change = []
    if running.node_type != settings.node.name:
        change += ["--cache-node-type", settings.node.name]
    if not f"{running.version}.".startswith(f"{settings.chosen_engine_version}."):
        # Both, as the provider sends them (resourceReplicationGroupUpdate).
        change += ["--engine", settings.engine, "--engine-version", settings.chosen_engine_version]
    return _modify_now(name, *change, region=region)


def deliver_logs_now(name: str, *, region: str) -> str:
    """Return the command that has AWS deliver the logs as they are declared."""
    deliveries = [
        {
            "LogType": each.log_type,
            "DestinationType": each.destination_type,
            "DestinationDetails": {"CloudWatchLogsDetails": {"LogGroup": each.destination}},
            "LogFormat": each.log_format,
        }
        for each in declared(name)
    ]
    return _modify_now(name, "--log-delivery-configurations", f"'{json.dumps(deliveries)}'", region=region)


def _modify_now(name: str, *change: str, region: str) -> str:
    return " ".join(
        (
            "aws elasticache modify-replication-group --apply-immediately",
            *("--region", region, "--replication-group-id", name),
            *change,
        )
    )
