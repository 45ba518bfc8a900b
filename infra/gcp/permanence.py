"""An old place of the provider, which states may name (infra/dynamic.py)."""

from infra.backends.memorystore.replacement_guard import PermanenceProvider

__all__ = ["PermanenceProvider"]
