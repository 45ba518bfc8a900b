"""What every dynamic provider of ours has in common."""

import sys

from pulumi.dynamic import ConfigureRequest, ResourceProvider


class Provider(ResourceProvider):
    """A provider that the engine keeps a reference to in every stack's state, by its class's module and name.

    So a class that moves needs an alias there, and each has a test that pins its place.
    """

    # By reference it holds no secret, and an encrypted reference would make every preview show a change.
    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Leave one line of what the provider host prints of an exception."""
        del req
        sys.tracebacklimit = 0
