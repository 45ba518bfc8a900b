"""Who may do what inside the cache: RBAC with one user named `default`, so that REDIS_PASSWORD alone is enough."""

from collections.abc import Mapping
from typing import Final

import pulumi
import pulumi_aws as aws

from infra.rotation import Passwords

# What the application and the checks use. CONFIG, which the checks ask for too and can do without, is closed on
# ElastiCache; HELLO and AUTH need no right.
#
# The order is that of Redis 6.2's command table, after "-@all" and without categories: AWS answers with the rules
# rewritten like that, the provider compares texts, and any other text would be a change in every preview
# (terraform-provider-aws issue 20334; aws-controllers-k8s/community pull request 677).
COMMANDS: Final = (
    *("get", "set", "setex", "del", "unlink", "exists", "mget"),
    *("select", "expire", "scan", "dbsize", "ping", "info", "ttl", "pttl"),
)
ACCESS: Final = " ".join(["on", "~*", "-@all", *(f"+{command}" for command in COMMANDS)])

# Valkey takes users and groups of this engine too, Redis OSS takes no others (ElastiCache User Guide, "Role-Based
# Access Control"): so nothing changes here on the way from one to the other.
ENGINE: Final = "redis"


def user_group(
    name: str, passwords: pulumi.Output[Passwords], *, tags: Mapping[str, str]
) -> tuple[aws.elasticache.User, aws.elasticache.UserGroup]:
    """Declare the user and its group. A group without a user named `default` is refused by AWS."""
    user = aws.elasticache.User(
        name,
        user_id=name,
        user_name="default",
        engine=ENGINE,
        access_string=ACCESS,
        authentication_mode=aws.elasticache.UserAuthenticationModeArgs(
            # One, and two in a rotation: the user is changed in place, and its group and the cache never are.
            type="password",
            passwords=passwords.apply(lambda known: list(known.valid)),
        ),
        tags=tags,
    )
    group = aws.elasticache.UserGroup(name, user_group_id=name, engine=ENGINE, user_ids=[user.user_id], tags=tags)
    return user, group
