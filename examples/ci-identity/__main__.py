"""Who a pipeline on GitHub is at AWS: for each stack a role that deploys it and one that looks at it.

GitHub signs a token for each job, AWS believes the signature, and a role says for which repository and environment.
There is no key that anybody could keep.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pulumi
import pulumi_aws as aws

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
# A cache with replicas can take AWS two hours to change; a role is good for one where nothing is said.
LONGEST_SESSION_SECONDS = 3 * 60 * 60

# What the stacks need, made from what they declare: make docs.
PERMISSIONS = Path(__file__).parent / "permissions"
STACKS = ("staging", "prod")
# The environments that .github/workflows run in. A rule of an environment, such as an approval, guards its role.
ENVIRONMENTS = {"deploy": "{stack}", "preview": "{stack}-preview"}

config = pulumi.Config()
repository = config.require("repository")
project = config.require("project")
bucket = config.require("stateBucket")
key_arn = config.require("stateKeyArn")
partition = key_arn.split(":")[1]
tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack(), "managed-by": "pulumi"}


def trust(issuer_arn: str, environment: str) -> str:
    """Let in the jobs of one environment of one repository, of whatever branch the environment lets through."""
    token = {"aud": AUDIENCE, "sub": f"repo:{repository}:environment:{environment}"}
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Federated": issuer_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                # Equals, and never Like with a star: "repo:team/*" is every repository that the team will ever have.
                "Condition": {"StringEquals": {f"{ISSUER}:{claim}": value for claim, value in token.items()}},
            }
        ]
    )


def state(stack: str, purpose: str) -> str:
    """Let a role use the state: read it, and for a deployment write this stack's part of it.

    A preview writes nothing there, and takes no lock (seen with Pulumi 3.260, on a folder). Reading is of the whole
    bucket: Pulumi lists all stacks, and a stack may read another's outputs.
    """
    files = f"arn:{partition}:s3:::{bucket}/.pulumi"
    statements: list[Mapping[str, object]] = [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:{partition}:s3:::{bucket}"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{files}/*"},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn},
    ]
    if purpose == "deploy":
        statements += [
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:DeleteObject"],
                "Resource": [
                    f"{files}/stacks/{project}/{stack}.json*",
                    *(f"{files}/{kind}/{project}/{stack}/*" for kind in ("backups", "history")),
                    f"{files}/locks/organization/{project}/{stack}/*",
                ],
            },
            {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:GenerateDataKey"], "Resource": key_arn},
        ]
    return document(statements)


def document(statements: Sequence[Mapping[str, object]]) -> str:
    """Write a policy as IAM reads it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# An account has one for each address: name the one that is there, or it is made.
known_issuer = config.get("issuerArn")
issuer_arn: pulumi.Input[str] = (
    known_issuer
    or aws.iam.OpenIdConnectProvider("github", url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], tags=tags).arn
)

for stack in STACKS:
    for purpose, pattern in ENVIRONMENTS.items():
        environment = pattern.format(stack=stack)
        name = f"{project}-{environment}"
        role = aws.iam.Role(
            name,
            name=name,
            description=f"Jobs of {repository} in its environment {environment}: to {purpose} the cache of {stack}",
            assume_role_policy=pulumi.Output.from_input(issuer_arn).apply(
                lambda arn, environment=environment: trust(arn, environment)
            ),
            max_session_duration=LONGEST_SESSION_SECONDS,
            tags=tags,
        )
        aws.iam.RolePolicy(
            f"{name}-stack",
            name="stack",
            role=role.name,
            # As one line: IAM counts the characters of all a role's policies, 10,240 at most.
            policy=json.dumps(json.loads((PERMISSIONS / f"{stack}.{purpose}.json").read_text())),
        )
        aws.iam.RolePolicy(f"{name}-state", name="state", role=role.name, policy=state(stack, purpose))
        pulumi.export(
            environment,
            role.arn.apply(
                lambda arn, environment=environment: (
                    f"gh variable set AWS_ROLE_ARN --env {environment} --body {arn} --repo {repository}"
                )
            ),
        )
