"""The function that verifies the cache from inside its network: where checkov's rules for functions do not fit it."""

from typing import Final

from compliance.demand import Exemption
from compliance.terraform import Plan, Resource

FUNCTION: Final = "aws_lambda_function"


def _verifier(resource: Resource, _: Plan) -> bool:
    return resource.type == FUNCTION and resource.name.endswith("_verifier")


EXEMPTIONS: Final = (
    Exemption(
        rule="CKV_AWS_115",
        words="a function has a reserved concurrency",
        holds=_verifier,
        status="conflict",
        reason="the reserve is taken from the account's limit, of which a new account has none to give; an `up` calls "
        "the function once",
    ),
    Exemption(
        rule="CKV_AWS_116",
        words="a function has a dead letter queue",
        holds=_verifier,
        status="n/a",
        reason="the queue is for calls that nobody waits for, and an `up` waits for this one's answer",
    ),
    Exemption(
        rule="CKV_AWS_272",
        words="a function's code is signed",
        holds=_verifier,
        status="conflict",
        reason="the bundle is made and placed by the same `up`: whoever could change it there could sign it too",
    ),
)
