"""Who may do what inside the cache: RBAC with one user named `default`, so that REDIS_PASSWORD alone is enough."""

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.rotation import Passwords

# Valkey takes users and groups of this engine too, Redis OSS takes no others (ElastiCache User Guide, "Role-Based
# Access Control"): so nothing changes here on the way from one to the other.
ENGINE: Final = "redis"


def access_string(rules: Sequence[str]) -> str:
    """Return the rules as AWS gives them back, so that the next preview shows no change.

    The provider compares strings (terraform-provider-aws issue 20334). AWS adds "-@all" before categories and commands
    where it is left out, and keeps a string that has it; docs/evidence.md has what that rests on.
    """
    return " ".join(["on", *rules])


def user_group(
    name: str, passwords: pulumi.Output[Passwords], *, rules: Sequence[str], tags: Mapping[str, str]
) -> tuple[aws.elasticache.User, aws.elasticache.UserGroup]:
    """Declare the user, with its ACL rules, and its group. A group without a user named `default` is refused by AWS."""
    user = aws.elasticache.User(
        name,
        user_id=name,
        user_name="default",
        engine=ENGINE,
        access_string=access_string(rules),
        authentication_mode=aws.elasticache.UserAuthenticationModeArgs(
            # One, and two in a rotation: the user is changed in place, and its group and the cache never are.
            type="password",
            passwords=passwords.apply(lambda known: list(known.valid)),
        ),
        tags=tags,
    )
    group = aws.elasticache.UserGroup(name, user_group_id=name, engine=ENGINE, user_ids=[user.user_id], tags=tags)
    return user, group
