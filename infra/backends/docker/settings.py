"""The settings of a container on a machine that runs Docker."""

import ipaddress
import re
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from infra.capabilities import Capabilities, PasswordSupport, TagRules
from infra.settings.access import AccessSettings
from infra.settings.base import Refusal, Wrong, checked
from infra.sizing import MEBIBYTE

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


# What a container gets beside its data, for the server itself.
SERVER_MB: Final = 64


# docs.docker.com, "Docker object labels": the guidelines for keys, and the reserved namespaces.
LABEL_RULES: Final = TagRules(
    "Docker",
    re.compile(r"(?!acl$|(com|io)\.docker\.|org\.dockerproject\.)[a-z]([a-z0-9]|[.-](?=[a-z0-9]))*"),
    "lower-case letters, digits and single . and -, with a letter first, and neither one of Docker's own nor acl",
    re.compile(r"[^\x00-\x1f\x7f]*"),
    "one line of text",
    100,
)


class DockerSettings(AccessSettings):
    """What is asked of the container."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=PasswordSupport("us", 2),
        tls="no",
        largest_replicas=0,
        persistence=frozenset({"append-only", "snapshot", "none"}),
        default_persistence="append-only",
        in_place_resize=False,  # another argument is another container; the data stay on the volume
        private_network=True,
        tag_rules=LABEL_RULES,
    )
    default_sinks: ClassVar[tuple[str, ...]] = ("dotenv",)
    backend: Literal["docker"] = "docker"
    port: Annotated[
        int | None, Field(examples=["6379"], ge=0, le=65535, description="TCP port that is published; unset: 6379")
    ] = None
    image: Annotated[
        str,
        checked(_image_problem),
        Field(examples=["redis:7-alpine"], description="Image of Redis with a user named redis, by tag or digest"),
    ] = "redis:7-alpine"
    docker_host: Annotated[
        str | None,
        checked(_docker_host_problem),
        Field(
            examples=["ssh://you@host", "unix:///var/run/docker.sock"],
            description="Docker daemon, as a URL like DOCKER_HOST's; unset: DOCKER_HOST; before a change: make down",
        ),
    ] = None
    bind_address: Annotated[
        str,
        # Validated as the default too: it will not do for a daemon on another machine.
        Field(
            examples=["127.0.0.1", "0.0.0.0"],  # noqa: S104 - for the user to choose, and the backend warns of it
            description="Address on the daemon's machine that publishes the port",
            validate_default=True,
        ),
    ] = "127.0.0.1"

    @field_validator("port")
    @classmethod
    def _a_published_port_is_chosen(cls, port: int | None) -> int | None:
        if port == 0:
            raise Refusal("{port} will not do for docker, which would pick another port at every start", example="")
        return port

    @field_validator("bind_address")
    @classmethod
    def _bind_address_can_be_reached(cls, bind_address: str, info: ValidationInfo) -> str:
        try:
            address = ipaddress.ip_address(bind_address)
        except ValueError:
            raise Wrong("it is not an IP address") from None
        if address.is_multicast or address == ipaddress.IPv4Address("255.255.255.255"):
            raise Wrong("it is no address of one machine")
        daemon = remote_host(info.data.get("docker_host"))
        if daemon is not None and address.is_loopback:
            raise Refusal(
                "{bind_address} is reached from {docker_host} alone, where cache:dockerHost has the daemon",
                example="0.0.0.0",  # noqa: S104 - for the user to choose, and the backend warns of it
                docker_host=daemon,
            )
        return bind_address

    @property
    def container_memory_mb(self) -> int:
        """Return a container's limit in MiB: twice the usable memory, and some for the server itself.

        While Redis saves or rewrites its file, a fork of it shares the memory, and each page that is written to
        meanwhile exists twice: "up to 2 times the memory normally used" (redis.io, "Redis administration"). A tighter
        limit would have the kernel kill the server in the middle of a save.
        """
        return 2 * self.maxmemory_bytes // MEBIBYTE + SERVER_MB

    @property
    def size_description(self) -> str:
        """What the stack takes of its machine."""
        return f"{super().size_description} in a container of {self.container_memory_mb} MiB"


def remote_host(docker_host: str | None) -> str | None:
    """Return the machine of a Docker daemon that is not this one."""
    parts = urlsplit(docker_host or "")
    name = parts.hostname if parts.scheme in {"tcp", "ssh"} else None
    if name is None or name == "localhost":
        return None
    try:
        return None if ipaddress.ip_address(name).is_loopback else name
    except ValueError:
        return name


SETTINGS: Final = DockerSettings
