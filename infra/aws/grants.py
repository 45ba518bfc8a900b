"""What the permissions of several types of AWS's resources share, and where all of AWS's come from.

No vendor publishes a list of what Pulumi's provider asks of AWS. The rows are the calls of the provider's own code
(hashicorp/terraform-provider-aws, internal/service/*: read for the key, the replication group, the user group, the
function, the secret and the parameter, known of the rest), held by a test against two lists of AWS: which actions there
are and what they can be limited to (Service Authorization Reference), and what CloudFormation's handlers of the same
types ask for. Nothing here ran against a real account: the first `up` of a new role may be refused for something, and
AWS says which action.
"""

from typing import Final

from infra.permission import Condition

# What has no name that we could know before it is there is ours by its tags, which it is created with.
OURS: Final[Condition] = {"StringEquals": {"aws:ResourceTag/managed-by": "pulumi", "aws:ResourceTag/stack": "{stack}"}}
MARKED_OURS: Final[Condition] = {
    "StringEquals": {"aws:RequestTag/managed-by": "pulumi", "aws:RequestTag/stack": "{stack}"}
}

KEYS: Final = ("arn:{partition}:kms:{region}:{account}:key/*",)


def through(service: str) -> Condition:
    """Return the condition that lets a key be used by a service in the role's name, and not by the role itself."""
    # Like, for a stack that takes its region from the environment: then it is any.
    return {"StringLike": {"kms:ViaService": f"{service}.{{region}}.amazonaws.com"}}
