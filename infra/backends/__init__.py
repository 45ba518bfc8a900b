"""The backends: a folder for each target, with its settings, resources and all else that it alone needs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

# Only to be typed with: the settings of a backend derive from those of every stack, which ask for this table.
if TYPE_CHECKING:
    from infra.settings.delivery import Settings

# The table: the name of a backend is that of its folder. backend.py there says what the backend is.
BACKENDS: Final = ("local", "docker", "elasticache", "memorystore", "rediscloud", "memory")


def settings_of(name: str) -> type[Settings]:
    """Return the model of a backend's settings."""
    model: type[Settings] = import_module(f"infra.backends.{name}.settings").SETTINGS
    return model
