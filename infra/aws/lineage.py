"""An old place of the provider, which states may name (infra/dynamic.py)."""

from infra.backends.elasticache.replacement_guard import LineageProvider

__all__ = ["LineageProvider"]
