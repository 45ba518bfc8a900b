"""The settings that vendors who run a cache themselves have in common."""

from typing import Annotated

from infra import windows
from infra.settings.common import CommonSettings
from infra.settings.model import Check, Field, Wrong
from infra.settings.vocabulary import Only


def _maintenance_is_once_a_week(window: str) -> None:
    try:
        windows.weekly(window)
    except ValueError as problem:
        raise Wrong(f"it {problem}") from None


class ManagedSettings(CommonSettings):
    """What is asked of several of the vendors."""

    maintenance_window: Annotated[
        str,
        Check(_maintenance_is_once_a_week),
        Field(
            example="sun:03:00-sun:04:00",
            other_examples=("sun:11:00-sun:12:00", "sun:19:00-sun:20:00"),
            description="When the vendor may maintain the cache, UTC; Google takes one hour",
        ),
        Only("elasticache", "memorystore"),
    ] = "sun:03:00-sun:04:00"
    deletion_protection: Annotated[
        bool | None,
        Field(
            example="true",
            description="Whether a destroy is refused; false takes effect with an `up` before it; unset: in prod",
        ),
        Only("memorystore", "rediscloud"),
    ] = None

    @property
    def is_protected(self) -> bool:
        """Whether a destroy is refused: as asked, or in prod."""
        return self.tier == "prod" if self.deletion_protection is None else self.deletion_protection
