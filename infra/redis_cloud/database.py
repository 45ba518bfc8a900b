"""An old place of the provider, which states may name (infra/dynamic.py)."""

from infra.backends.rediscloud.database import DatabaseProvider

__all__ = ["DatabaseProvider"]
