"""The settings of a server that we run ourselves, on this machine or in a container."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from infra.settings.common import CommonSettings
from infra.settings.vocabulary import Only, refusal, wrong


class SelfHostedSettings(CommonSettings):
    """What is asked of the local server and of the container."""

    port: Annotated[
        int | None,
        Field(
            examples=["6379"], ge=0, le=65535, description="The TCP port; for local, 0 picks a free one and keeps it"
        ),
        Only("local", "docker"),
    ] = None
    folder: Annotated[
        str | None,
        Field(
            examples=["~/cache"],
            min_length=1,
            description="Where the server's files are kept; relative to the project",
        ),
        Only("local"),
    ] = None
    image: Annotated[
        str,
        Field(
            examples=["redis:7-alpine"], description="An image of Redis with a user named redis, and a tag or digest"
        ),
        Only("docker"),
    ] = "redis:7-alpine"
    docker_host: Annotated[
        str | None,
        Field(
            examples=["ssh://you@host"],
            description="Another Docker daemon, as DOCKER_HOST names it; before a change of it: make down",
        ),
        Only("docker"),
    ] = None
    bind_address: Annotated[
        str,
        # Validated as the default too: it will not do for a daemon on another machine.
        Field(
            examples=["127.0.0.1"],
            description="The address of the daemon's machine that the port is published on",
            validate_default=True,
        ),
        Only("docker"),
    ] = "127.0.0.1"

    @field_validator("port")
    @classmethod
    def _a_published_port_is_chosen(cls, port: int | None, info: ValidationInfo) -> int | None:
        if port == 0 and info.data.get("backend") == "docker":
            raise refusal("0 will not do for docker, which would pick another port at every start", example="6379")
        return port

    @field_validator("image")
    @classmethod
    def _image_names_its_version(cls, image: str) -> str:
        if re.fullmatch(r"[a-z0-9][\w./:-]*(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})", image, re.ASCII):
            return image
        raise wrong("it is not an image with its version, which is a tag other than latest or a digest")

    @field_validator("docker_host")
    @classmethod
    def _docker_host_is_a_daemon(cls, docker_host: str | None) -> str | None:
        if docker_host is None:
            return None
        parts = urlsplit(docker_host)
        if (parts.scheme == "unix" and parts.path) or (parts.scheme in {"tcp", "ssh"} and parts.hostname):
            return docker_host
        raise wrong("it is not unix:///path, tcp://host:port or ssh://user@host")

    @field_validator("bind_address")
    @classmethod
    def _bind_address_can_be_reached(cls, bind_address: str, info: ValidationInfo) -> str:
        try:
            address = ipaddress.ip_address(bind_address)
        except ValueError:
            raise wrong("it is not an IP address") from None
        daemon = remote_host(info.data.get("docker_host"))
        if daemon is not None and address.is_loopback:
            raise refusal(
                f"{bind_address} is reached from {daemon} alone, where cache:dockerHost has the daemon",
                example="0.0.0.0",  # noqa: S104 - for the user to choose, and the backend warns of it
            )
        return bind_address


def remote_host(docker_host: str | None) -> str | None:
    """Give the machine of a Docker daemon that is not this one."""
    parts = urlsplit(docker_host or "")
    name = parts.hostname if parts.scheme in {"tcp", "ssh"} else None
    if name is None or name == "localhost":
        return None
    try:
        return None if ipaddress.ip_address(name).is_loopback else name
    except ValueError:
        return name
