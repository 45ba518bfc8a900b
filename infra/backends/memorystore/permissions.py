"""Which of Google's roles Pulumi's provider needs for the resources of Memorystore.

Source: cloud.google.com/iam/docs/roles-permissions, pages redis, compute and servicenetworking. Google publishes them
nowhere that a test here could read.
"""

from typing import Final

from infra.permission import Permissions, Roles

NETWORK: Final = Roles(reads=("roles/compute.networkViewer",), changes=("roles/compute.networkAdmin",))

PERMISSIONS: Final[Permissions] = {
    "gcp:compute/globalAddress:GlobalAddress": (NETWORK,),
    "gcp:redis/instance:Instance": (Roles(reads=("roles/redis.viewer",), changes=("roles/redis.admin",)),),
    "gcp:servicenetworking/connection:Connection": (NETWORK,),
}
