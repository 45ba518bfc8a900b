"""A container on a developer's machine, or on another one that runs Docker: the guide's option 4.

What the provider does that is not in its documentation was seen with pulumi-docker 5.2, and stands in the comments.
"""

import ipaddress
from collections.abc import Sequence
from typing import Final

import pulumi
import pulumi_docker as docker

from infra import server_users
from infra.backend import Declaration
from infra.backends.docker import errors
from infra.backends.docker.controls import ACL_LABEL
from infra.backends.docker.errors import DATA, USER, docker_command
from infra.backends.docker.settings import DockerSettings, remote_host
from infra.naming import NAME_PREFIX, name_of
from infra.password import Password
from infra.tags import own_of
from verify.environment import DEFAULT_PORT, CacheEnvironment
from verify.expectation import Expectation, Persistence

LOOPBACK: Final = "127.0.0.1"

# `--save` alone empties the list of save points: the provider refuses the empty argument that else would say so.
PERSISTENCE: Final[dict[Persistence, Sequence[str]]] = {
    "append-only": ("--appendonly", "yes", "--appendfsync", "everysec", "--save"),
    "snapshot": ("--appendonly", "no", "--save", "3600", "1", "300", "100", "60", "10000"),
    "none": ("--appendonly", "no", "--save"),
}

# With a password set, `redis-cli ping` without one prints NOAUTH and exits 0: the server answers, which is what a
# healthcheck can see without knowing the password. That it also works is the verification's to prove.
HEALTHCHECK: Final = f"redis-cli -p {DEFAULT_PORT} ping | grep -qE 'PONG|NOAUTH'"
# Without it the provider kills, and what a server with save points had not saved yet would be lost.
STOP_SECONDS: Final = 30


def declare(settings: DockerSettings, *, stack: str) -> Declaration:
    """Declare the container of a stack, and the volume that its data outlive it on."""
    name = name_of(settings.name_prefix, stack)
    # The stack's name in it, so that no stack takes over another's data, nor those of the guide's own volume
    # `redis_data`: Docker gives an existing volume to whoever asks for it, and a destroy would then delete it.
    volume_name = f"redis_data_{stack}" if settings.name_prefix == NAME_PREFIX else f"{name}-data"
    port = settings.port or DEFAULT_PORT
    options = pulumi.ResourceOptions.merge(
        _of_daemon(settings.docker_host),
        pulumi.ResourceOptions(hooks=errors.hook(settings, name, volume_name, stack)),
    )
    labels = own_of(settings, stack)
    _warn_of_clear_text(settings.bind_address)

    password = Password("password", name_prefix=settings.name_prefix)
    operator = Password("operator", name_prefix=settings.name_prefix)
    image = docker.RemoteImage("image", name=settings.image, keep_locally=True, opts=options)
    volume = docker.Volume(
        "data",
        name=volume_name,
        labels=[docker.VolumeLabelArgs(label=key, value=value) for key, value in labels.items()],
        # Another label is another volume to the provider, and the data are lost: seen with a volume that was there
        # before, restored from a backup, say, and without labels.
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(ignore_changes=["labels"])),
    )
    memory_mb = settings.container_memory_mb
    container = docker.Container(
        "cache",
        name=name,
        image=image.image_id,
        command=pulumi.Output.all(password.passwords, operator.passwords).apply(
            lambda known: command(settings, known[0].valid, known[1].valid)
        ),
        user=USER,
        read_only=True,
        capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
        security_opts=["no-new-privileges"],
        memory=memory_mb,
        # Equal to the memory: no swap. Left out, every preview would show a change of it.
        memory_swap=memory_mb,
        volumes=[docker.ContainerVolumeArgs(volume_name=volume.name, container_path=DATA)],
        ports=[docker.ContainerPortArgs(internal=DEFAULT_PORT, external=port, ip=settings.bind_address)],
        healthcheck=docker.ContainerHealthcheckArgs(
            tests=["CMD-SHELL", HEALTHCHECK], interval="3s", timeout="2s", retries=3
        ),
        wait=True,
        wait_timeout=errors.HEALTHY_SECONDS,
        restart="unless-stopped",
        destroy_grace_seconds=STOP_SECONDS,
        log_driver="json-file",
        log_opts={"max-size": "10m", "max-file": "3"},
        labels=[
            docker.ContainerLabelArgs(label=key, value=value)
            for key, value in {**labels, ACL_LABEL: " ".join(settings.acl)}.items()
        ],
        opts=pulumi.ResourceOptions.merge(
            options,
            pulumi.ResourceOptions(
                # Its name and its port are taken as long as the old one stands.
                delete_before_replace=True,
            ),
        ),
    )
    connection = pulumi.Output.all(container.id, password.value).apply(
        lambda known: CacheEnvironment(
            host=connection_host(settings), port=port, password=known[1], probe_prefix=settings.probe_prefix
        )
    )
    return Declaration(
        connection=connection,
        expectation=Expectation(
            maxmemory_bytes=settings.maxmemory_bytes,
            maxmemory_policy=settings.maxmemory_policy,
            persistence=settings.chosen_persistence,
            authentication=True,
            tls=False,
            access=settings.access,
            access_rules=settings.access_rules,
        ),
        own_variables=settings.own_variables,
        passwords=password.passwords,
        # The configuration is the command line, so a restart undoes every CONFIG SET.
        repair="to have the server back as declared, with its data: "
        f"{' '.join(docker_command(settings.docker_host, 'restart', name))} && make up STACK={stack}",
        outputs={
            "containerName": container.name,
            "volumeName": volume.name,
            "image": image.name,
            "operatorConnection": server_users.operator_connection(connection, operator.value),
        },
    )


def command(settings: DockerSettings, passwords: Sequence[str], operator_passwords: Sequence[str]) -> list[str]:
    """Return the server's command line. It holds each password's SHA-256, which Redis takes in its place.

    So neither `docker inspect` nor a list of processes shows a password, and no file has it.
    """
    users = server_users.users(
        [server_users.digest(password) for password in passwords],
        settings.acl,
        [server_users.digest(password) for password in operator_passwords],
    )
    return [
        "redis-server",
        *("--dir", DATA),
        *("--port", str(DEFAULT_PORT)),
        *("--maxmemory", str(settings.maxmemory_bytes)),
        *("--maxmemory-policy", settings.maxmemory_policy),
        *PERSISTENCE[settings.chosen_persistence],
        *(word for name, rules in users.items() for word in ("--user", name, *rules)),
    ]


def connection_host(settings: DockerSettings) -> str:
    """Return the address that the published port is reached at from here."""
    address = ipaddress.ip_address(settings.bind_address)
    if not address.is_unspecified:
        return settings.bind_address
    return remote_host(settings.docker_host) or LOOPBACK


def _of_daemon(docker_host: str | None) -> pulumi.ResourceOptions:
    """Take the daemon that the settings name, or else the one that the provider finds by DOCKER_HOST or here."""
    if docker_host is None:
        return pulumi.ResourceOptions()
    return pulumi.ResourceOptions(provider=docker.Provider("daemon", host=docker_host))


def _warn_of_clear_text(bind_address: str) -> None:
    if not ipaddress.ip_address(bind_address).is_loopback:
        pulumi.log.warn(
            f"cache:bindAddress {bind_address} publishes Redis without TLS: the password and the data cross the "
            "network in clear text, and Docker's own rules go before those of the machine's firewall"
        )
