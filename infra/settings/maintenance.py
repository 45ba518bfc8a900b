"""The setting of the vendors that maintain a cache by themselves."""

from typing import Annotated

from pydantic import Field, field_validator

from infra import windows
from infra.settings.common import CommonSettings
from infra.settings.vocabulary import Only, wrong


class MaintenanceSettings(CommonSettings):
    """When the vendor may do it."""

    maintenance_window: Annotated[
        str,
        Field(
            examples=["sun:03:00-sun:04:00"],
            description="When the vendor may maintain the cache, UTC; Google takes one hour",
        ),
        Only("elasticache", "memorystore"),
    ] = "sun:03:00-sun:04:00"

    @field_validator("maintenance_window")
    @classmethod
    def _maintenance_is_once_a_week(cls, window: str) -> str:
        try:
            windows.weekly(window)
        except ValueError as problem:
            raise wrong(f"it {problem}") from None
        return window
