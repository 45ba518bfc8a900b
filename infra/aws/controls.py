"""What controls of several resources of AWS share."""

from typing import Final

from infra.control import Check
from infra.plan import Plan, Resource

# Keys that AWS owns in every account are named so.
AWS_KEYS: Final = "aws/"


def own_key(attribute: str) -> Check:
    """Return the check that an attribute is a key of the customer's own."""

    def check(resource: Resource, _: Plan) -> str | None:
        key = resource.values.get(attribute)
        if not key:
            return f"{attribute} is not set, so the key is AWS's own"
        return f"{attribute} is a key of AWS's own" if AWS_KEYS in str(key) else None

    return check
