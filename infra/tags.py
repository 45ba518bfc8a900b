"""By what everything of one stack is known in a cloud: AWS's tags, Google's labels."""

from collections.abc import Mapping

import pulumi

from infra.sizing import TierName


def tags_of(stack: str, tier: TierName) -> Mapping[str, str]:
    """Give them. A pipeline's role may change what has them (operate/permissions/amazon.py)."""
    return {"project": pulumi.get_project(), "stack": stack, "tier": tier, "managed-by": "pulumi"}
