"""Which of Google's predefined roles Pulumi's provider needs, for each type of resource that a stack can declare.

Sources: cloud.google.com/iam/docs/roles-permissions, pages redis, compute, servicenetworking and secretmanager. Google
publishes them nowhere that a test here could read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Roles:
    """`reads` is what a preview with a refresh needs, `changes` what an `up` needs in its place."""

    reads: tuple[str, ...]
    changes: tuple[str, ...]


_SECRETS: Final = Roles(
    # A refresh compares the value itself.
    reads=("roles/secretmanager.secretAccessor", "roles/secretmanager.viewer"),
    changes=("roles/secretmanager.admin",),
)

ROLES: Final[Mapping[str, Roles]] = {
    "gcp:compute/globalAddress:GlobalAddress": Roles(
        reads=("roles/compute.networkViewer",), changes=("roles/compute.networkAdmin",)
    ),
    "gcp:redis/instance:Instance": Roles(reads=("roles/redis.viewer",), changes=("roles/redis.admin",)),
    "gcp:secretmanager/secret:Secret": _SECRETS,
    "gcp:secretmanager/secretIamMember:SecretIamMember": _SECRETS,
    "gcp:secretmanager/secretVersion:SecretVersion": _SECRETS,
    "gcp:servicenetworking/connection:Connection": Roles(
        reads=("roles/compute.networkViewer",), changes=("roles/compute.networkAdmin",)
    ),
}
