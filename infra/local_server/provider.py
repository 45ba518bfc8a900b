"""An old place of the provider, which states may name (infra/dynamic.py)."""

from infra.backends.local.provider import ServerProvider

__all__ = ["ServerProvider"]
