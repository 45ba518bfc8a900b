"""What the permissions of several types of AWS's resources share, and where all of AWS's come from.

No vendor publishes a list of what Pulumi's provider asks of AWS. The rows are the calls of the provider's own code
(hashicorp/terraform-provider-aws, internal/service/*: read for the key, the replication group, the user group, the
function, the secret and the parameter, known of the rest), held by a test against two lists of AWS: which actions there
are and what they can be limited to (Service Authorization Reference), and what CloudFormation's handlers of the same
types ask for. Nothing here ran against a real account: the first `up` of a new role may be refused for something, and
AWS says which action.
"""

from collections.abc import Mapping
from typing import Final

from infra.permission import Condition, Grant

# What has no name that we could know before it is there is ours by its tags, which it is created with.
_TAGS: Final = {"managed-by": "pulumi", "project": "{project}", "stack": "{stack}"}
OURS: Final[Condition] = {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in _TAGS.items()}}
# No stack's: new, or somebody else's. The tags of another stack are never changed into ours.
OF_NO_STACK: Final[Condition] = {"Null": {"aws:ResourceTag/stack": "true"}}
CREATED_OURS: Final[Condition] = {"StringEquals": {f"aws:RequestTag/{key}": value for key, value in _TAGS.items()}}
TAGGED_OURS: Final[Condition] = {**CREATED_OURS, **OF_NO_STACK}

# What follows a name where it is made: by Pulumi, seven characters (pulumi.com, "Autonaming"); by Secrets Manager, six
# (User Guide, "What's in a secret?"). IAM's ? is one character, so that no other stack's name fits.
PULUMIS_SUFFIX: Final = "-" + 7 * "?"

KEYS: Final = ("arn:{partition}:kms:{region}:{account}:key/*",)


def on_no_others_key(
    *, reads: tuple[str, ...] = (), changes: tuple[str, ...] = (), only: Mapping[str, str] | None = None
) -> tuple[Grant, Grant]:
    """Return the grants on the stack's key, on a new one and on the user's own; `only` is compared for equality.

    A key is ours by its tags, but it can take five minutes until KMS goes by them (Developer Guide, "ABAC for AWS
    KMS"). Until then it has none, and neither has a key of the user's own.
    """
    equal = dict(only or {})
    ours = {"StringEquals": {**OURS["StringEquals"], **equal}}
    new = {**OF_NO_STACK, **({"StringEquals": equal} if equal else {})}
    return (
        Grant(on=KEYS, reads=reads, changes=changes, condition=ours),
        Grant(on=KEYS, reads=reads, changes=changes, condition=new),
    )


def through(service: str) -> Condition:
    """Return the condition that lets a key be used by a service in the role's name, and not by the role itself."""
    # Like, for a stack that takes its region from the environment: then it is any.
    return {"StringLike": {"kms:ViaService": f"{service}.{{region}}.amazonaws.com"}}
