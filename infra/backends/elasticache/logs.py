"""Where the cache's logs go: a group for each, since two logs in one group cannot be told apart."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

LOG_TYPES: Final = ("slow-log", "engine-log")
# A year, which is the least that checkov's CKV_AWS_338 takes.
RETENTION_DAYS: Final = 365


def log_groups(name: str, key_arn: pulumi.Input[str], *, tags: Mapping[str, str]) -> dict[str, aws.cloudwatch.LogGroup]:
    """Declare a log group for each of the engine's logs, by the log's type."""
    return {
        log_type: aws.cloudwatch.LogGroup(
            f"{name}-{log_type}",
            name=f"/elasticache/{name}/{log_type}",
            retention_in_days=RETENTION_DAYS,
            kms_key_id=key_arn,
            tags=tags,
        )
        for log_type in LOG_TYPES
    }


def deliveries(
    groups: Mapping[str, aws.cloudwatch.LogGroup],
) -> list[aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs]:
    """Say which log goes where."""
    return [
        aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
            destination=group.name, destination_type="cloudwatch-logs", log_format="json", log_type=log_type
        )
        for log_type, group in groups.items()
    ]
