"""The settings of a stack without a Redis."""

from typing import ClassVar, Final, Literal

from infra.capabilities import Capabilities, PasswordSupport
from infra.settings.delivery import Settings


class MemorySettings(Settings):
    """Nothing is asked beside what every stack has."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=PasswordSupport("nobody"),
        tls="no",
        largest_replicas=0,
        persistence=frozenset({"none"}),
        default_persistence="none",
        policies=frozenset({"allkeys-lru"}),
        in_place_resize=True,
        private_network=True,
    )
    default_sinks: ClassVar[tuple[str, ...]] = ("dotenv",)
    backend: Literal["memory"] = "memory"


SETTINGS: Final = MemorySettings
