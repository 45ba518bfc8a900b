"""What the providers of the subscription and the database have in common."""

import sys
from typing import Final

from pulumi.dynamic import ConfigureRequest, ResourceProvider

from infra.redis_cloud.api import Api

# What the vendor's own provider allows (terraform-provider-rediscloud, essentials_subscription, Timeouts).
CHANGE_SECONDS: Final = 30 * 60
READ_SECONDS: Final = 5 * 60
# How long a creation whose answer was lost is looked for.
LOST_SECONDS: Final = 60.0


class CloudProvider(ResourceProvider):
    """A provider over the REST API. The keys come from the environment of whoever runs it, and stay there."""

    # By reference it holds no secret, and an encrypted reference would make every preview show a change.
    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Leave one line of what the provider host prints of an exception."""
        del req
        sys.tracebacklimit = 0


def changing() -> Api:
    """Give the API for one change. Raises `CloudError` where the environment has no keys."""
    return Api.from_environment(seconds=CHANGE_SECONDS)


def reading() -> Api:
    """Give the API for a look. Raises `CloudError` where the environment has no keys."""
    return Api.from_environment(seconds=READ_SECONDS)
