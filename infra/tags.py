"""By what everything of one stack is known in a cloud: AWS's tags, Google's labels."""

import re
from collections.abc import Mapping
from typing import Final

import pulumi

from infra.sizing import TierName

LONGEST_LABEL: Final = 63


def tags_of(stack: str, tier: TierName) -> Mapping[str, str]:
    """Return the tags. A pipeline's role may change what has them (infra/aws/grants.py)."""
    return {"project": pulumi.get_project(), "stack": stack, "tier": tier, "managed-by": "pulumi"}


def labels_of(stack: str, tier: TierName) -> Mapping[str, str]:
    """Return the tags as Google's labels.

    A label's value has at most 63 lower-case letters, digits, underscores and hyphens (Resource Manager, "Requirements
    for labels"); the names of a Pulumi project and of a stack may have more characters, and others.
    """
    return {
        key: re.sub(r"[^a-z0-9_-]", "-", value.lower())[:LONGEST_LABEL] for key, value in tags_of(stack, tier).items()
    }
