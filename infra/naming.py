"""How every name of a stack begins, wherever it is, so that two copies of the project in one account do not meet."""

import re
from typing import Final

NAME_PREFIX: Final = "hospitality-redis"

# With it the stacks staging and prod have names that every vendor takes: Redis Cloud's are the shortest, and end in
# seven characters of their own (infra/backends/rediscloud/naming.py).
LONGEST_PREFIX: Final = 24
_RULE: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Systems Manager API reference, PutParameter, Name: "A parameter name can't be prefixed with 'aws' or 'ssm'". EC2 API
# reference, CreateSecurityGroup, GroupName: "can't start with sg-".
_RESERVED: Final = re.compile(r"aws|ssm|sg(-|$)")


def prefix_problem(prefix: str) -> str | None:
    """Explain why a prefix will not do, in every way at once, as predicates; None where it will.

    The rules are the vendors' strictest, so that a stack may change its backend: ElastiCache and Memorystore take
    lower-case letters, digits and hyphens, ElastiCache no two together, and Redis Cloud and ElastiCache a letter first
    (the sources stand in the backends' naming.py).
    """
    problems = {
        "is not lower-case letters, digits and single hyphens, with a letter first": not _RULE.fullmatch(prefix),
        f"has {len(prefix)} characters, and at most {LONGEST_PREFIX} leave room for the stack's name": (
            len(prefix) > LONGEST_PREFIX
        ),
        "begins with aws, ssm or sg-, which AWS keeps for itself": _RESERVED.match(prefix) is not None,
    }
    return "; it ".join(problem for problem, is_so in problems.items() if is_so) or None


def name_of(prefix: str, stack: str) -> str:
    """Return the name of a stack's cache, and the beginning of its other names."""
    return f"{prefix}-{stack}"


def project_tag(project: str, prefix: str) -> str:
    """Return the value of the tag `project`, by which a policy tells apart two stacks of one name in an account."""
    return project if prefix == NAME_PREFIX else f"{project}/{prefix}"
