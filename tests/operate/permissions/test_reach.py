"""What the policies of one stack reach: all that is its own, and nothing of a stack that is called almost the same.

IAM's own simulator is not here, so its matching is written down below (IAM User Guide, "IAM JSON policy elements:
Resource" and "Condition operators"). It judges as if the role's holder chose everything of a request but the tags that
a resource has: tags to give it, the principal of a grant, the service that a role is passed to.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pytest

from infra import inventory
from operate.permissions.policy import PURPOSES, Place, Purpose, iam_policy

TYPES = [type_ for type_ in inventory.governance().permissions if type_.startswith("aws:")]
OTHERS = ("prod-eu", "prod2", "pro", "prod-redis7", "prod-verifier", "prod-final", "prod-001", "prod-abcdef", "eu-prod")
# What they make belongs to no stack yet. Of a rule AWS judges the group that it is for as well.
MAKES: Mapping[str, Collection[str]] = {
    ":security-group/": {"ec2:CreateSecurityGroup"},
    ":security-group-rule/": {"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress"},
}

Things = Mapping[str, Mapping[str, str]]


def place(stack: str, project: str = "cache") -> Place:
    """Return a stack in a region and an account that all of them share."""
    return Place(
        project=project, stack=stack, region="us-east-1", account="123456789012", reader="arn:aws:iam::1:role/reader"
    )


def things(stack: str, project: str = "cache") -> Things:
    """Return what a stack has at AWS, by ARNs as AWS, Pulumi and the program make them, with the tags of each."""
    name = place(stack, project).fill("{name}")
    tags = {"managed-by": "pulumi", "project": project, "stack": stack, "tier": "prod"}
    arns = [
        *(f"elasticache:us-east-1:123456789012:{kind}:{name}" for kind in ("replicationgroup", "user", "usergroup")),
        f"elasticache:us-east-1:123456789012:cluster:{name}-001",
        f"elasticache:us-east-1:123456789012:parametergroup:{name}-redis7-1a2b3c4",
        f"elasticache:us-east-1:123456789012:parametergroup:{name}-valkey8-1a2b3c4",
        f"elasticache:us-east-1:123456789012:snapshot:{name}-final-1a2b3c4d",
        f"elasticache:us-east-1:123456789012:subnetgroup:{name}-1a2b3c4",
        f"iam::123456789012:role/{name}-verifier-1a2b3c4",
        f"kms:us-east-1:123456789012:alias/{name}",
        f"kms:us-east-1:123456789012:key/00000000-0000-0000-0000-{stack}",
        f"lambda:us-east-1:123456789012:function:{name}-verifier",
        f"lambda:us-east-1:123456789012:function:{name}-verifier:$LATEST",
        *(f"logs:us-east-1:123456789012:log-group:/elasticache/{name}/{log}" for log in ("slow-log", "engine-log:*")),
        f"logs:us-east-1:123456789012:log-group:/aws/lambda/{name}-verifier",
        f"logs:us-east-1:123456789012:log-group:/aws/lambda/{name}-verifier:*",
        f"secretsmanager:us-east-1:123456789012:secret:{name}-Ab1Cd2",
        f"ssm:us-east-1:123456789012:parameter/{name}/REDIS_HOST",
        f"ec2:us-east-1:123456789012:security-group/sg-{stack}",
        f"ec2:us-east-1:123456789012:security-group-rule/sgr-{stack}",
    ]
    return {f"arn:aws:{arn}": tags for arn in arns}


def matches(pattern: str, arn: str) -> bool:
    """Match as IAM does: * is any text, ? is one character, and upper case is another letter."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), arn, re.DOTALL) is not None


def holds(condition: Mapping[str, Mapping[str, str]], tags: Mapping[str, str]) -> bool:
    """Whether a condition holds for a resource with these tags, in the worst request that one can make."""
    for operator, tests in condition.items():
        for key, value in tests.items():
            if key == "kms:ViaService":
                # The service's own resource is judged in its place.
                return False
            if not key.startswith("aws:ResourceTag/"):
                continue
            tag = tags.get(key.removeprefix("aws:ResourceTag/"))
            judged = {"StringEquals": tag == value, "Null": (tag is None) == (value == "true")}
            if not judged[operator]:
                return False
    return True


def reached(policy: Mapping[str, Any], others: Things) -> Iterator[tuple[str, str]]:
    """Return each action that a policy allows on each of the things."""
    for statement in policy["Statement"]:
        # Only for what AWS cannot limit (test_amazon.py).
        patterns = [pattern for pattern in statement["Resource"] if pattern != "*"]
        for arn, tags in others.items():
            if any(matches(pattern, arn) for pattern in patterns) and holds(statement.get("Condition", {}), tags):
                makes = {action for kind, actions in MAKES.items() if kind in arn for action in actions}
                yield from ((action, arn) for action in statement["Action"] if action not in makes)


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("other", OTHERS)
def test_a_role_reaches_nothing_of_a_stack_called_almost_the_same(purpose: Purpose, other: str) -> None:
    """In both directions."""
    for stack, theirs in (("prod", other), (other, "prod")):
        policy = iam_policy(TYPES, place(stack), purpose)
        assert sorted(reached(policy, things(theirs))) == []


def test_a_role_reaches_all_that_is_its_own() -> None:
    """Else a pattern that matches nothing would pass the test above."""
    policy = iam_policy(TYPES, place("prod"), "deploy")
    own = things("prod")
    assert {arn for _, arn in reached(policy, own)} == own.keys()
    changed = {(action.partition(":")[2], arn.rpartition("/")[2]) for action, arn in reached(policy, own)}
    assert {("DeleteSecurityGroup", "sg-prod"), ("ScheduleKeyDeletion", "00000000-0000-0000-0000-prod")} <= changed


def test_a_new_key_and_the_users_own_are_reached() -> None:
    """They have no tags; what only the stack's own key is for stays closed."""
    policy = iam_policy(TYPES, place("prod"), "deploy")
    actions = {action for action, _ in reached(policy, {"arn:aws:kms:us-east-1:123456789012:key/1": {}})}
    assert {"kms:CreateAlias", "kms:CreateGrant", "kms:EnableKeyRotation", "kms:TagResource"} <= actions
    assert not {"kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:DisableKey"} & actions


@pytest.mark.parametrize(
    ("loosened", "found"),
    [
        ({"Resource": ["arn:aws:elasticache:*:*:replicationgroup:hospitality-redis-prod*"]}, "replicationgroup"),
        ({"Resource": ["arn:aws:elasticache:*:*:subnetgroup:hospitality-redis-prod-*"]}, "subnetgroup"),
        ({"Resource": ["arn:aws:kms:*:*:key/*"]}, "key/"),
        (
            {
                "Resource": ["arn:aws:ec2:*:*:security-group/*"],
                "Condition": {"StringEquals": {"aws:RequestTag/stack": "prod"}},
            },
            "security-group/",
        ),
    ],
)
def test_a_policy_that_reaches_further_is_caught(loosened: Mapping[str, Any], found: str) -> None:
    """A star behind the name, a key without its tags, and a tag that the role's holder gives."""
    policy = {"Statement": [{"Effect": "Allow", "Action": ["x:y"], **loosened}]}
    ((_, arn),) = reached(policy, things("prod-eu"))
    assert found in arn
