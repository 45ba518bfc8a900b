"""Log groups of CloudWatch: the cache's, and its verifier's."""

from typing import Final

from infra.permission import EVERYWHERE, Grant, Permissions

# A year, which is the least that checkov's CKV_AWS_338 takes.
RETENTION_DAYS: Final = 365
LOGS: Final = (
    "arn:{partition}:logs:{region}:{account}:log-group:/elasticache/{name}/*",
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{name}-verifier",
    # As most of CloudWatch's actions name it.
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{name}-verifier:*",
)

PERMISSIONS: Final[Permissions] = {
    "aws:cloudwatch/logGroup:LogGroup": (
        Grant(on=EVERYWHERE, reads=("logs:DescribeLogGroups",)),
        Grant(
            on=LOGS,
            reads=("logs:ListTagsForResource",),
            changes=(
                "logs:AssociateKmsKey",
                "logs:CreateLogGroup",
                "logs:DeleteLogGroup",
                "logs:DeleteRetentionPolicy",
                "logs:DisassociateKmsKey",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
                "logs:UntagResource",
            ),
        ),
    ),
}
