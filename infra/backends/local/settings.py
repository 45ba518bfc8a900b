"""The settings of the server on this machine."""

from typing import Annotated, Literal

from pydantic import Field

from infra.settings.delivery import Settings


class LocalSettings(Settings):
    """What is asked of the local server."""

    backend: Literal["local"] = "local"
    port: Annotated[
        int | None,
        Field(
            examples=["6379"], ge=0, le=65535, description="The TCP port; for local, 0 picks a free one and keeps it"
        ),
    ] = None
    folder: Annotated[
        str | None,
        Field(
            examples=["~/cache"],
            min_length=1,
            description="Where the server's files are kept; relative to the project",
        ),
    ] = None
