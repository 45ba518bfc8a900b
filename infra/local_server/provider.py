"""The provider's place of before, which the states of that time name."""

from infra.backends.local.provider import ServerProvider

__all__ = ["ServerProvider"]
