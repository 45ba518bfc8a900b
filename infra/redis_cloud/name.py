"""An old place of the provider, which states may name (infra/dynamic.py)."""

from infra.backends.rediscloud.name import NameProvider

__all__ = ["NameProvider"]
