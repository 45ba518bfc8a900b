"""Where the cache's logs go: a group for each, since two logs in one group cannot be told apart."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import pulumi
import pulumi_aws as aws

from infra.aws.log_group import RETENTION_DAYS

LOG_TYPES: Final = ("slow-log", "engine-log")


class LogDelivery(NamedTuple):
    """Where a log goes, in the provider's words."""

    log_type: str
    destination: str
    destination_type: str = "cloudwatch-logs"
    log_format: str = "json"


def declared(name: str) -> list[LogDelivery]:
    """Return what is declared of a replication group's logs."""
    return [LogDelivery(log_type, f"/elasticache/{name}/{log_type}") for log_type in LOG_TYPES]


def log_groups(name: str, key_arn: pulumi.Input[str], *, tags: Mapping[str, str]) -> dict[str, aws.cloudwatch.LogGroup]:
    """Declare a log group for each of the engine's logs, by the log's type."""
    return {
        delivery.log_type: aws.cloudwatch.LogGroup(
            f"{name}-{delivery.log_type}",
            name=delivery.destination,
            retention_in_days=RETENTION_DAYS,
            kms_key_id=key_arn,
            tags=tags,
        )
        for delivery in declared(name)
    }


def configurations(
    name: str, groups: Mapping[str, aws.cloudwatch.LogGroup]
) -> list[aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs]:
    """Return the declared deliveries as the replication group takes them, each of them after its log group."""
    return [
        aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
            destination=groups[delivery.log_type].name,
            destination_type=delivery.destination_type,
            log_format=delivery.log_format,
            log_type=delivery.log_type,
        )
        for delivery in declared(name)
    ]
