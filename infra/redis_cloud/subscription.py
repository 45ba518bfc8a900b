"""An old place of the provider, which states may name (infra/dynamic.py)."""

from infra.backends.rediscloud.subscription import SubscriptionProvider

__all__ = ["SubscriptionProvider"]
