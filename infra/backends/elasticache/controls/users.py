"""ElastiCache's users: nobody without a password, and nobody with every right. checkov looks at none of it."""

from typing import Final

from infra.backends.elasticache.controls.replication_group import GROUP
from infra.control import Control
from infra.plan import Plan, Resource
from verify.access import ADMINISTRATION

USER: Final = "aws_elasticache_user"
DECLARATION: Final = "infra/backends/elasticache/rbac.py"

# What of an access string lets in without a password (Redis, "ACL rules").
NOBODY_ASKED: Final = "nopass"


def _password(user: Resource, _: Plan) -> str | None:
    if user.known("no_password_required"):
        return "no_password_required is true"
    if NOBODY_ASKED in _access(user):
        return f"the access string says {NOBODY_ASKED}"
    modes = user.blocks("authentication_mode")
    if any(mode.get("type") == "iam" for mode in modes):
        return None
    # Passwords are not known before there is one; that there is one is.
    if any(mode.get("type") == "password" and mode.get("passwords") for mode in modes) or user.values.get("passwords"):
        return None
    return "no password is set"


def _least_access(user: Resource, _: Plan) -> str | None:
    access = _access(user)
    if not access:
        return "the access string is not known"
    broad = [word for word in access if word in ADMINISTRATION]
    return f"the access string says {' '.join(broad)}" if broad else None


def _default_user(group: Resource, plan: Plan) -> str | None:
    """ElastiCache lets whoever sends no name in as `default`: it has to be one of ours, with a password or off."""
    users = [
        user
        for user_group in plan.referred(group, "user_group_ids")
        for user in plan.referred(user_group, "user_ids")
        if user.known("user_name") == "default"
    ]
    if not users:
        return "no user named default is declared, so AWS's own comes in without a password"
    problems = [problem for user in users if "off" not in _access(user) and (problem := _password(user, plan))]
    return "; ".join(problems) or None


def _access(user: Resource) -> list[str]:
    return str(user.known("access_string") or "").lower().split()


CONTROLS: Final = (
    Control(
        name="user-password",
        title="every user has a password",
        types=(USER,),
        check=_password,
        cure=f"give the user an authentication_mode with a password in {DECLARATION}",
    ),
    Control(
        name="user-least-access",
        title="no user has every right",
        types=(USER,),
        check=_least_access,
        cure="pulumi config set cache:access data --stack STACK, and take what is named out of cache:accessRules",
    ),
    Control(
        name="cache-default-user",
        title="the user `default` is ours, with a password",
        types=(GROUP,),
        check=_default_user,
        cure=f"declare a user named default, with a password or off, in the cache's user group ({DECLARATION})",
    ),
)
