"""The settings of a server that we run ourselves, on this machine or in a container."""

import ipaddress
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from infra.settings.common import CommonSettings
from infra.settings.model import Field, Known, Refusal, Wrong, rule
from infra.settings.vocabulary import Only, checked

# distribution/reference, "Grammar": what comes first is a registry where it has a dot, a port or a capital, or is
# localhost.
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_REGISTRY: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::\d+)?"
_IMAGE: Final = re.compile(
    rf"(?P<name>(?:{_REGISTRY}/)?{_PART}(?:/{_PART})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?(?P<digest>@sha256:[0-9a-f]{{64}})?",
    re.ASCII,
)
LONGEST_IMAGE_NAME: Final = 255

# A name of a host on an office's network may have an underscore.
_HOST_LABEL: Final = r"[A-Za-z0-9_](?:[\w-]*\w)?"
_HOST_NAME: Final = re.compile(rf"{_HOST_LABEL}(?:\.{_HOST_LABEL})*\.?", re.ASCII)


def _image_problem(image: str) -> str | None:
    found = _IMAGE.fullmatch(image)
    is_image = found and len(found["name"]) <= LONGEST_IMAGE_NAME
    if found and is_image and (found["digest"] or found["tag"] not in (None, "latest")):
        return None
    return "is not an image with its version, which is a tag other than latest or a digest"


def _docker_host_problem(docker_host: str) -> str | None:
    try:
        parts = urlsplit(docker_host)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is no URL"
    match parts.scheme:
        case "unix":
            is_daemon = docker_host.startswith("unix:///") and bool(parts.path.strip("/"))
        case "tcp":
            is_daemon = "@" not in parts.netloc and port != 0 and _is_host(host)
        case "ssh":
            # Docker takes no password there (docker/cli, connhelper/ssh).
            is_daemon = parts.password is None and port != 0 and _is_host(host)
        case _:
            is_daemon = False
    if not is_daemon or parts.query or parts.fragment or re.search(r"\s", docker_host):
        return "is not unix:///path, tcp://host:port or ssh://user@host"
    return None


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # All figures and dots would be an address, and is none.
        return _HOST_NAME.fullmatch(host) is not None and re.fullmatch(r"[\d.]+", host) is None
    return True


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
            other_examples=("unix:///var/run/docker.sock",),
            description="Another Docker daemon, as DOCKER_HOST names it; before a change of it: make down",
        ),
        Only("docker"),
    ] = None
    bind_address: Annotated[
        str,
        # Validated as the default too: it will not do for a daemon on another machine.
        Field(
            example="127.0.0.1",
            other_examples=("0.0.0.0",),  # noqa: S104 - for the user to choose, and the backend warns of it
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
        if address.is_multicast or address == ipaddress.IPv4Address("255.255.255.255"):
            raise Wrong("it is no address of one machine")
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
