"""Who a pipeline on GitHub is at Google Cloud: for each stack an account that deploys it and one that looks at it.

GitHub signs a token for each job, Google believes the signature, and a binding says for which repository and
environment. There is no key that anybody could keep.
"""

import json
from pathlib import Path

import pulumi
import pulumi_gcp as gcp

ISSUER = "https://token.actions.githubusercontent.com"

# The roles for a stack on Memorystore, made from what the backend and the sinks declare: make docs.
PERMISSIONS = Path(__file__).parent / "permissions"
STACKS = ("staging", "prod")
# The environments that .github/workflows run in. A rule of an environment, such as an approval, guards its account.
ENVIRONMENTS = {"deploy": "{stack}", "preview": "{stack}-preview"}
STATE_ROLES = {"deploy": "roles/storage.objectUser", "preview": "roles/storage.objectViewer"}
KEY_ROLES = {"deploy": "roles/cloudkms.cryptoKeyEncrypterDecrypter", "preview": "roles/cloudkms.cryptoKeyDecrypter"}

config = pulumi.Config()
repository = config.require("repository")
bucket = config.require("stateBucket")
key = config.require("stateKey")
project = pulumi.Config("gcp").require("project")

pool = gcp.iam.WorkloadIdentityPool(
    "github", workload_identity_pool_id=config.require("pool"), display_name="Pipelines on GitHub"
)
provider = gcp.iam.WorkloadIdentityPoolProvider(
    "github",
    workload_identity_pool_id=pool.workload_identity_pool_id,
    workload_identity_pool_provider_id="github",
    oidc=gcp.iam.WorkloadIdentityPoolProviderOidcArgs(issuer_uri=ISSUER),
    attribute_mapping={"google.subject": "assertion.sub", "attribute.repository": "assertion.repository"},
    # Without it every repository on GitHub has an identity in the pool.
    attribute_condition=f"assertion.repository == '{repository}'",
)

for stack in STACKS:
    for purpose, pattern in ENVIRONMENTS.items():
        environment = pattern.format(stack=stack)
        name = f"cache-{environment}"
        account = gcp.serviceaccount.Account(
            name,
            account_id=name,
            display_name=f"Pipelines in {environment}",
            description=f"Jobs of {repository} in its environment {environment}: to {purpose} the cache of {stack}",
        )
        gcp.serviceaccount.IAMMember(
            name,
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            member=pool.name.apply(
                lambda pool_name, environment=environment: (
                    f"principal://iam.googleapis.com/{pool_name}/subject/repo:{repository}:environment:{environment}"
                )
            ),
        )
        member = account.member
        for role in json.loads((PERMISSIONS / f"{purpose}.json").read_text())["roles"]:
            gcp.projects.IAMMember(f"{name}-{role.removeprefix('roles/')}", project=project, role=role, member=member)
        gcp.storage.BucketIAMMember(f"{name}-state", bucket=bucket, role=STATE_ROLES[purpose], member=member)
        gcp.kms.CryptoKeyIAMMember(f"{name}-key", crypto_key_id=key, role=KEY_ROLES[purpose], member=member)
        pulumi.export(
            environment,
            pulumi.Output.all(provider.name, account.email).apply(
                lambda known, environment=environment: [
                    f"gh variable set {variable} --env {environment} --body {value} --repo {repository}"
                    for variable, value in zip(
                        ("GOOGLE_WORKLOAD_IDENTITY_PROVIDER", "GOOGLE_SERVICE_ACCOUNT"), known, strict=True
                    )
                ]
            ),
        )
