"""A function of AWS Lambda in the cache's own subnets.

The connection travels in the call and nowhere else: not in the function's environment, its code or its log. So the
function needs no way out of the network, and no right to read a secret.
"""

import json
from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.aws.logs import RETENTION_DAYS
from infra.aws.place import Place
from infra.backends import Declaration
from infra.connection import Connection
from infra.vantages import bundle
from verify.report import Report

RUNTIME: Final = "python3.13"
HANDLER: Final = "verify.function.handle"
MEMORY_MB: Final = 512
# The checks take a second; a cache that is not ready is waited for, and a black hole costs four timeouts of 5 s.
WAIT_SECONDS: Final = 30
TIMEOUT_SECONDS: Final = 90

TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# A network interface in the subnets, and a log (AWS, "AWS managed policies for Lambda features").
EXECUTION_POLICY: Final = "arn:{partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"


class AwsLambda:
    """A function that verifies the cache from inside its network."""

    def __init__(self, place: Place, *, stack: str) -> None:
        """Declare the function, its role and its log."""
        name = f"{place.name}-verifier"
        root = Path(pulumi.runtime.get_root_directory() or ".")
        archive = bundle.build(root / ".local" / "bundles")
        role = aws.iam.Role(name, assume_role_policy=json.dumps(TRUST), tags=place.tags)
        policy = aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=EXECUTION_POLICY.format(partition=place.partition)
        )
        log = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{name}",
            retention_in_days=RETENTION_DAYS,
            kms_key_id=place.kms_key_arn,
            tags=place.tags,
        )
        self._stack = stack
        self._function = aws.lambda_.Function(
            name,
            name=name,
            description="Verifies the cache from inside its network",
            runtime=RUNTIME,
            architectures=["arm64"],
            handler=HANDLER,
            # Relative to the project, so that the state holds no path of this machine.
            code=pulumi.FileArchive(str(archive.relative_to(root))),
            memory_size=MEMORY_MB,
            timeout=TIMEOUT_SECONDS,
            role=role.arn,
            vpc_config=aws.lambda_.FunctionVpcConfigArgs(
                subnet_ids=place.subnet_ids, security_group_ids=[place.security_group_id]
            ),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(log_format="JSON", log_group=log.name),
            tags=place.tags,
            opts=pulumi.ResourceOptions(depends_on=[policy, *place.ready]),
        )

    async def check(self, connection: Connection, declaration: Declaration) -> Report:
        """Call the function and take its report."""
        call = {
            "environment": connection.environment(),
            "expectation": declaration.expectation.to_json(),
            "waitSeconds": WAIT_SECONDS,
        }
        # By Pulumi's own provider and not by an SDK of ours: it has the credentials that everything else was made
        # with. A function's result is in no state.
        answer = aws.lambda_.get_invocation_output(
            function_name=self._function.name, input=pulumi.Output.secret(json.dumps(call))
        )
        try:
            result = await answer.result.future()
        except Exception as error:  # noqa: BLE001 - the SDK raises nothing more exact for what the provider says
            raise pulumi.RunError(
                f"the verifier of stack {self._stack} could not be called: {_without(connection, str(error))}; its log "
                f"is in CloudWatch, and to do without it: pulumi config set cache:verifyFrom here --stack {self._stack}"
            ) from None
        body = json.loads(str(result))
        if "report" not in body:
            raise pulumi.RunError(f"the verifier of stack {self._stack} gave no report: {body.get('problem', body)}")
        return Report.from_json(body["report"])


def _without(connection: Connection, words: str) -> str:
    """Leave the password out of what a provider says about a call that holds it."""
    return words.replace(connection.password, "****") if connection.password else words
