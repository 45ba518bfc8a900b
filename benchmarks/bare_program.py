"""The smallest Pulumi program that declares by hand the server that the stack `local` has.

It takes the place of __main__.py in a copy of the project, so that the same engine runs it.
"""

import pulumi

from infra.backends.local.provider import Server
from verify.access import PRESETS

server = Server(
    "cache",
    {
        "folder": ".local/servers/local",
        "owner": "the bare program#local",
        "identity": "the bare program",
        "requestedPort": 0,
        "maxmemory": 256 * 1024 * 1024,
        "maxmemoryPolicy": "allkeys-lru",
        "persistence": "append-only",
        "passwords": ["of a benchmark"],
        "access": list(PRESETS["data"]),
        "operatorPasswords": ["of its operator"],
    },
)
pulumi.export("host", server.host)
pulumi.export("port", server.port)
