"""Where Pulumi keeps the state of every stack, on Google Cloud, and the key that the secrets in it are encrypted with.

Its outputs are the commands that put both to use.
"""

import pulumi
import pulumi_gcp as gcp

# Ninety days, as Google's own advice for a key that encrypts and decrypts.
ROTATION_SECONDS = 90 * 24 * 60 * 60
OLD_VERSIONS_DAYS = 365

ring_name = pulumi.Config().require("keyRing")
project = gcp.config.project or pulumi.Config("gcp").require("project")
region = gcp.config.region or pulumi.Config("gcp").require("region")
kept = pulumi.ResourceOptions(protect=True)

# A key ring and a key can never be deleted at Google, only a key's versions can.
ring = gcp.kms.KeyRing(ring_name, name=ring_name, location=region)
key = gcp.kms.CryptoKey("secrets", name="secrets", key_ring=ring.id, rotation_period=f"{ROTATION_SECONDS}s", opts=kept)

# Bucket names are one namespace for all of Google Cloud. What lies in it is encrypted by Google in any case, and the
# secrets in it by the key above.
bucket = gcp.storage.Bucket(
    f"{ring_name}-{project}",
    name=f"{ring_name}-{project}",
    location=region,
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    versioning=gcp.storage.BucketVersioningArgs(enabled=True),
    lifecycle_rules=[
        gcp.storage.BucketLifecycleRuleArgs(
            action=gcp.storage.BucketLifecycleRuleActionArgs(type="Delete"),
            condition=gcp.storage.BucketLifecycleRuleConditionArgs(days_since_noncurrent_time=OLD_VERSIONS_DAYS),
        )
    ],
    labels={"project": pulumi.get_project(), "stack": pulumi.get_stack(), "managed-by": "pulumi"},
    opts=kept,
)

provider = key.id.apply(lambda known: f"gcpkms://{known}")
pulumi.export("bucket", bucket.name)
pulumi.export("secretsProvider", provider)
pulumi.export("login", bucket.name.apply(lambda known: f"pulumi login gs://{known}"))
pulumi.export("newStack", provider.apply(lambda known: f'pulumi stack init prod --secrets-provider="{known}"'))
pulumi.export(
    "changeStack", provider.apply(lambda known: f'pulumi stack change-secrets-provider --stack prod "{known}"')
)
