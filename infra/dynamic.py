"""What every dynamic provider of ours has in common."""

import sys

from pulumi.dynamic import ConfigureRequest, ResourceProvider


class Provider(ResourceProvider):
    """A provider that the engine keeps a reference to in every stack's state, by its class's module and name.

    So a class that moves leaves an alias behind (tests/stacks/test_identities.py). It stays for one release, and longer
    where a state may still name it: a resource that no `up` has changed since keeps the old place.
    """

    # By reference it holds no secret, and an encrypted reference would make every preview show a change.
    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Leave one line of what the provider host prints of an exception."""
        del req
        sys.tracebacklimit = 0
