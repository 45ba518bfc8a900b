"""The backends: a folder for each target, with its settings, resources and all else that it alone needs."""

from collections.abc import Mapping
from typing import Final, Literal

BackendName = Literal["local", "docker", "elasticache", "memorystore", "rediscloud", "memory"]

# The model of each backend's settings, in its folder's settings.py.
MODELS: Final[Mapping[str, str]] = {
    "local": "LocalSettings",
    "docker": "DockerSettings",
    "elasticache": "ElastiCacheSettings",
    "memorystore": "MemorystoreSettings",
    "rediscloud": "RedisCloudSettings",
    "memory": "MemorySettings",
}
