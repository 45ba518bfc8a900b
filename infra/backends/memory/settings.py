"""The settings of a stack without a Redis."""

from typing import Literal

from infra.settings.delivery import Settings


class MemorySettings(Settings):
    """Nothing is asked beside what every stack has."""

    backend: Literal["memory"] = "memory"
