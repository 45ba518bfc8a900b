"""The key that the cache's disk, snapshots and logs are encrypted with."""

import json
from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.aws.account import Account

# As long as AWS allows: whoever deletes the key by mistake has lost every snapshot.
DELETION_WINDOW_DAYS: Final = 30
USES: Final = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey")


def key(name: str, account: Account, *, protect: bool, tags: Mapping[str, str]) -> aws.kms.Key:
    """Declare a key of the stack's own, renewed every year, and its name for people."""
    made = aws.kms.Key(
        name,
        description=f"Encrypts {name}: its disk, snapshots and logs",
        enable_key_rotation=True,
        deletion_window_in_days=DELETION_WINDOW_DAYS,
        policy=json.dumps(policy(name, account)),
        tags=tags,
        opts=pulumi.ResourceOptions(protect=protect),
    )
    aws.kms.Alias(name, name=f"alias/{name}", target_key_id=made.key_id)
    return made


def policy(name: str, account: Account) -> Mapping[str, object]:
    """Return who may use the key: whom the account's IAM lets, and the two services, for this cache's things alone.

    Sources: CloudWatch Logs User Guide, "Encrypt log data using AWS KMS"; aws-samples/amazon-elasticache-samples,
    blogs/elasticache-valkey/terraform/node-based/kms.tf.
    """
    logs = f"arn:{account.partition}:logs:{account.region}:{account.id}:log-group:"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TheAccountDecides",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{account.partition}:iam::{account.id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "ElastiCacheEncryptsTheCache",
                "Effect": "Allow",
                "Principal": {"Service": "elasticache.amazonaws.com"},
                "Action": [*USES, "kms:CreateGrant"],
                "Resource": "*",
                "Condition": {"StringEquals": {"kms:ViaService": f"elasticache.{account.region}.amazonaws.com"}},
            },
            {
                "Sid": "CloudWatchEncryptsTheLogs",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{account.region}.amazonaws.com"},
                "Action": list(USES),
                "Resource": "*",
                "Condition": {
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": [
                            f"{logs}/elasticache/{name}/*",
                            f"{logs}/aws/lambda/{name}-verifier",
                        ]
                    }
                },
            },
        ],
    }
