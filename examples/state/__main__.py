"""Where Pulumi keeps the state of every stack, on AWS, and the key that the secrets in it are encrypted with.

Its outputs are the commands that put both to use.
"""

import json

import pulumi
import pulumi_aws as aws

# As long as AWS allows: without the key nobody reads a secret of any stack again.
DELETION_WINDOW_DAYS = 30
# An old version is a backup of the state: `aws s3api list-object-versions` has them all (docs/state.md).
OLD_VERSIONS_DAYS = 365
# What a broken-off upload has left is of no use to anybody.
BROKEN_UPLOADS_DAYS = 7

alias = pulumi.Config().require("alias")
identity = aws.get_caller_identity()
region = aws.get_region().region
partition = identity.arn.split(":")[1]
# Bucket names are one namespace for all of AWS.
name = f"{alias}-{identity.account_id}-{region}"
tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack(), "managed-by": "pulumi"}
kept = pulumi.ResourceOptions(protect=True)

key = aws.kms.Key(
    alias,
    description="Encrypts the state of Pulumi's stacks, and the secrets in it",
    enable_key_rotation=True,
    deletion_window_in_days=DELETION_WINDOW_DAYS,
    # The account's own IAM decides, as for every other resource: examples/ci-identity gives its roles the use of it.
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TheAccountDecides",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{partition}:iam::{identity.account_id}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    ),
    tags=tags,
    opts=kept,
)
aws.kms.Alias(alias, name=f"alias/{alias}", target_key_id=key.key_id)

bucket = aws.s3.Bucket(name, bucket=name, tags=tags, opts=kept)
versioning = aws.s3.BucketVersioning(
    name,
    bucket=bucket.id,
    versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
)
aws.s3.BucketServerSideEncryptionConfiguration(
    name,
    bucket=bucket.id,
    rules=[
        aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
            apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                sse_algorithm="aws:kms", kms_master_key_id=key.arn
            ),
            # One call of KMS for many objects: Pulumi writes the state after every step.
            bucket_key_enabled=True,
        )
    ],
)
closed = aws.s3.BucketPublicAccessBlock(
    name,
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
aws.s3.BucketOwnershipControls(
    name,
    bucket=bucket.id,
    rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
)
aws.s3.BucketPolicy(
    name,
    bucket=bucket.id,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "NothingInClearText",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [f"arn:{partition}:s3:::{name}", f"arn:{partition}:s3:::{name}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    ),
    # S3 refuses two changes of a bucket's access at a time.
    opts=pulumi.ResourceOptions(depends_on=[closed]),
)
aws.s3.BucketLifecycleConfiguration(
    name,
    bucket=bucket.id,
    rules=[
        aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="old-versions",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=OLD_VERSIONS_DAYS
            ),
            # Of a lock that was given back nothing is left but its marker, once the version is gone.
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
            abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=BROKEN_UPLOADS_DAYS
            ),
        )
    ],
    opts=pulumi.ResourceOptions(depends_on=[versioning]),
)

provider = f"awskms://alias/{alias}?region={region}"
pulumi.export("bucket", bucket.id)
pulumi.export("keyArn", key.arn)
pulumi.export("secretsProvider", provider)
pulumi.export("login", f"pulumi login 's3://{name}?region={region}'")
pulumi.export("newStack", f'pulumi stack init prod --secrets-provider="{provider}"')
pulumi.export("changeStack", f'pulumi stack change-secrets-provider --stack prod "{provider}"')
