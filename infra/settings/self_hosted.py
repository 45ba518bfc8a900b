"""The settings of a server that we run ourselves, on this machine or in a container."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from infra.settings.common import CommonSettings
from infra.settings.model import Field, Known, Refusal, Wrong, rule
from infra.settings.vocabulary import Only, checked


def _image_problem(image: str) -> str | None:
    if re.fullmatch(r"[a-z0-9][\w./:-]*(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})", image, re.ASCII):
        return None
    return "is not an image with its version, which is a tag other than latest or a digest"


def _docker_host_problem(docker_host: str) -> str | None:
    try:
        parts = urlsplit(docker_host)
    except ValueError:
        return "is no URL"
    is_daemon = (parts.scheme == "unix" and parts.path) or (parts.scheme in {"tcp", "ssh"} and parts.hostname)
    return None if is_daemon else "is not unix:///path, tcp://host:port or ssh://user@host"


class SelfHostedSettings(CommonSettings):
    """What is asked of the local server and of the container."""

    port: Annotated[
        int | None,
        Field(example="6379", ge=0, le=65535, description="The TCP port; for local, 0 picks a free one and keeps it"),
        Only("local", "docker"),
    ] = None
    folder: Annotated[
        str | None,
        Field(
            example="~/cache",
            may_be_empty=False,
            description="Where the server's files are kept; relative to the project",
        ),
        Only("local"),
    ] = None
    image: Annotated[
        str,
        checked(_image_problem),
        Field(example="redis:7-alpine", description="An image of Redis with a user named redis, and a tag or digest"),
        Only("docker"),
    ] = "redis:7-alpine"
    docker_host: Annotated[
        str | None,
        checked(_docker_host_problem),
        Field(
            example="ssh://you@host",
            description="Another Docker daemon, as DOCKER_HOST names it; before a change of it: make down",
        ),
        Only("docker"),
    ] = None
    bind_address: Annotated[
        str,
        # Validated as the default too: it will not do for a daemon on another machine.
        Field(
            example="127.0.0.1",
            description="The address of the daemon's machine that the port is published on",
            validate_default=True,
        ),
        Only("docker"),
    ] = "127.0.0.1"

    @rule("port")
    @staticmethod
    def _a_published_port_is_chosen(port: int | None, known: Known) -> None:
        if port == 0 and known.get("backend") == "docker":
            raise Refusal("0 will not do for docker, which would pick another port at every start", example="6379")

    @rule("bind_address")
    @staticmethod
    def _bind_address_can_be_reached(bind_address: str, known: Known) -> None:
        try:
            address = ipaddress.ip_address(bind_address)
        except ValueError:
            raise Wrong("it is not an IP address") from None
        daemon = remote_host(known.get("docker_host"))
        if daemon is not None and address.is_loopback:
            raise Refusal(
                f"{bind_address} is reached from {daemon} alone, where cache:dockerHost has the daemon",
                example="0.0.0.0",  # noqa: S104 - for the user to choose, and the backend warns of it
            )


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
