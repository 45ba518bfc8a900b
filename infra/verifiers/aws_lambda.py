"""A function of AWS Lambda in the cache's own subnets.

The connection travels in the call and nowhere else: not in the function's environment, its code or its log. So the
function needs no way out of the network, and no right to read a secret.
"""

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pulumi

from infra.aws import log_group
from infra.aws.grants import PULUMIS_SUFFIX
from infra.backend import Declaration
from infra.connection import variables
from infra.control import Exemption
from infra.governance import Governance
from infra.permission import EVERYWHERE, Grant, Permissions
from infra.plan import Plan, Resource
from infra.verifiers import bundle
from infra.verifiers.lambda_network import LambdaNetwork
from verify import redaction
from verify.checks.passwords import OtherPasswords
from verify.environment import CacheEnvironment
from verify.report import Report

RUNTIME: Final = "python3.13"
ARCHITECTURE: Final = "arm64"
HANDLER: Final = "verify.function.handle"
MEMORY_MB: Final = 512
# The checks take a second; a cache that is not ready is waited for, and a black hole costs four timeouts of 5 s.
WAIT_SECONDS: Final = 30
TIMEOUT_SECONDS: Final = 120

TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# A network interface in the subnets, and a log: what Lambda itself does in the function's name (AWS Lambda Developer
# Guide, "AWS managed policies for Lambda features"). The code inside can use neither, for lack of a way to AWS.
EXECUTION_POLICY: Final = "arn:{partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


class AwsLambda:
    """A function that verifies the cache from inside its network."""

    name = "aws-lambda"

    def __init__(self, network: LambdaNetwork, *, stack: str) -> None:
        """Declare the function, its role and its log."""
        # Not above: GOVERNANCE is read where the SDK is not installed, too.
        import pulumi_aws as aws

        name = f"{network.name}-verifier"
        root = Path(pulumi.runtime.get_root_directory() or ".")
        archive = bundle.build(root / ".local" / "bundles")
        role = aws.iam.Role(name, assume_role_policy=json.dumps(TRUST), tags=network.tags)
        policy = aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=EXECUTION_POLICY.format(partition=network.partition)
        )
        log = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{name}",
            retention_in_days=log_group.RETENTION_DAYS,
            kms_key_id=network.kms_key_arn,
            tags=network.tags,
        )
        self._stack = stack
        self._name = name
        self._ready = network.ready
        self._function = aws.lambda_.Function(
            name,
            name=name,
            description="Verifies the cache from inside its network",
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=HANDLER,
            # Relative to the project, so that the state holds no path of this machine.
            code=pulumi.FileArchive(archive.relative_to(root).as_posix()),
            memory_size=MEMORY_MB,
            timeout=TIMEOUT_SECONDS,
            role=role.arn,
            vpc_config=aws.lambda_.FunctionVpcConfigArgs(
                subnet_ids=network.subnet_ids, security_group_ids=[network.security_group_id]
            ),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=log.name),
            # What Lambda takes where nothing is said, written down for whoever audits the plan.
            tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode="PassThrough"),
            tags=network.tags,
            opts=pulumi.ResourceOptions(depends_on=[policy]),
        )

    async def check(self, connection: CacheEnvironment, declaration: Declaration, others: OtherPasswords) -> Report:
        """Call the function and take its report."""
        import pulumi_aws as aws

        call = {
            "environment": variables(connection),
            "expectation": declaration.expectation.to_json(),
            "otherPasswords": asdict(others),
            "waitSeconds": WAIT_SECONDS,
        }
        # By Pulumi's own provider and not by an SDK of ours: it has the credentials that everything else was made
        # with. A function's result is in no state.
        answer = aws.lambda_.get_invocation_output(
            function_name=self._function.name,
            input=pulumi.Output.secret(json.dumps(call)),
            opts=pulumi.InvokeOutputOptions(depends_on=self._ready),
        )
        # Recovered and not caught: an output that failed would end the program with the provider's own words.
        result = await answer.result.recover(lambda error: json.dumps({"problem": _cause(str(error))})).future()
        body = json.loads(result or "{}")
        passwords = (connection.password or "", others.previous, others.retired)
        if "report" not in body:
            problem = redaction.fit(str(body.get("problem", "it was not called")), passwords, shortest=1)
            raise pulumi.RunError(
                f"the verifier {self._name} gave no report: {problem}; its log is /aws/lambda/{self._name} in "
                "CloudWatch, and to verify from where this runs instead: "
                f"pulumi config set cache:verifyFrom here --stack {self._stack}"
            )
        return Report.from_json(body["report"]).redacted(passwords)


def _cause(message: str) -> str:
    """Return in one line why a call failed: what the function raised, or what the provider says."""
    raised = re.search(r'"errorMessage": ?("(?:[^"\\]|\\.)*")', message)
    return " ".join((json.loads(raised[1]) if raised else message).split())


FUNCTION: Final = "aws_lambda_function"
FUNCTION_ARN: Final = (
    "arn:{partition}:lambda:{region}:{account}:function:{name}-verifier",
    # With its version, as it is called.
    "arn:{partition}:lambda:{region}:{account}:function:{name}-verifier:*",
)
ROLE_ARN: Final = (f"arn:{{partition}}:iam::{{account}}:role/{{name}}-verifier{PULUMIS_SUFFIX}",)


def _verifier(resource: Resource, _: Plan) -> bool:
    return resource.type == FUNCTION and resource.name.endswith("_verifier")


EXEMPTIONS: Final = (
    Exemption(
        rule="CKV_AWS_115",
        title="a function has a reserved concurrency",
        holds=_verifier,
        status="conflict",
        reason="the reserve is taken from the account's limit, of which a new account has none to give; an `up` calls "
        "the function once",
    ),
    Exemption(
        rule="CKV_AWS_116",
        title="a function has a dead letter queue",
        holds=_verifier,
        status="n/a",
        reason="the queue is for calls that nobody waits for, and an `up` waits for this one's answer",
    ),
    Exemption(
        rule="CKV_AWS_272",
        title="a function's code is signed",
        holds=_verifier,
        status="conflict",
        reason="the bundle is made and placed by the same `up`: whoever could change it there could sign it too",
    ),
)

PERMISSIONS: Final[Permissions] = {
    "aws:iam/role:Role": (
        Grant(
            on=ROLE_ARN,
            reads=("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"),
            changes=(
                "iam:CreateRole",
                "iam:DeleteRole",
                "iam:ListInstanceProfilesForRole",
                "iam:TagRole",
                "iam:UntagRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:UpdateRole",
            ),
        ),
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
        Grant(
            on=ROLE_ARN,
            reads=("iam:ListAttachedRolePolicies",),
        ),
        # That policy and no other: who may attach any may do anything.
        Grant(
            on=ROLE_ARN,
            changes=("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
            condition={
                "ArnEquals": {
                    "iam:PolicyARN": "arn:{partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
                }
            },
        ),
    ),
    "aws:lambda/function:Function": (
        Grant(
            on=FUNCTION_ARN,
            reads=(
                "lambda:GetFunction",
                "lambda:GetFunctionCodeSigningConfig",
                "lambda:GetFunctionConfiguration",
                "lambda:ListTags",
                "lambda:ListVersionsByFunction",
            ),
            changes=(
                "lambda:CreateFunction",
                "lambda:DeleteFunction",
                # The verification, in every `up`.
                "lambda:InvokeFunction",
                "lambda:TagResource",
                "lambda:UntagResource",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ),
        ),
        Grant(
            on=ROLE_ARN,
            changes=("iam:PassRole",),
            condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        ),
        # Lambda looks at the network in the role's name (Developer Guide, "Giving Lambda functions access to resources
        # in an Amazon VPC", "Required IAM permissions").
        Grant(
            on=EVERYWHERE,
            changes=(
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ),
        ),
    ),
    **log_group.PERMISSIONS,
}

GOVERNANCE: Final = Governance(exemptions=EXEMPTIONS, permissions=PERMISSIONS)
