"""By what everything of one stack is known in a cloud: AWS's tags, Google's and Docker's labels."""

import re
from collections.abc import Mapping
from typing import Final

import pulumi

from infra.naming import project_tag
from infra.settings import Settings

LONGEST_LABEL: Final = 63


def tags_of(settings: Settings, stack: str) -> Mapping[str, str]:
    """Return the tags. A pipeline's role may change what has them (infra/aws/grants.py)."""
    return {**own_of(settings, stack), "tier": settings.tier}


def own_of(settings: Settings, stack: str) -> Mapping[str, str]:
    """Return the tags that do not change with the tier: the user's, and those that tell whose something is."""
    return {
        **dict(settings.tags),
        "managed-by": "pulumi",
        "project": project_tag(pulumi.get_project(), settings.name_prefix),
        "stack": stack,
    }


def labels_of(settings: Settings, stack: str) -> Mapping[str, str]:
    """Return the tags as Google's labels.

    A label's value has at most 63 lower-case letters, digits, underscores and hyphens (Resource Manager, "Requirements
    for labels"); the names of a Pulumi project and of a stack may have more characters, and others.
    """
    return {
        key: re.sub(r"[^a-z0-9_-]", "-", value.lower())[:LONGEST_LABEL]
        for key, value in tags_of(settings, stack).items()
    }
