"""Why Docker or its provider could not do something, and the command that cures it.

The provider passes the daemon's words on and says no more. They were seen with Docker Engine 20.10 and its
client 28, or stand in the page that is named beside them.
"""

import asyncio
import re
import subprocess
from typing import Final

import pulumi

from infra.backends.docker.settings import DockerSettings
from verify.environment import DEFAULT_PORT

USER: Final = "redis"
DATA: Final = "/data"
HEALTHY_SECONDS: Final = 60

LOG_LINES: Final = 20
LOG_SECONDS: Final = 10

# Amazon's copy of the official images, which Docker Hub's limit does not count.
MIRROR: Final = "public.ecr.aws/docker/library/redis:7-alpine"
OTHER_PORTS: Final = (6380, 6381)

# By words of the error. The first that is found explains: a socket that is not permitted is also a daemon that does not
# answer.
EXPLANATIONS: Final = {
    "port is already allocated|address already in use": (
        "port {port} is taken; pulumi config set cache:port {other_port} --stack {stack}"
    ),
    "cannot expose privileged port|bind: permission denied": (
        "port {port} is one that only root may publish; pulumi config set cache:port {other_port} --stack {stack}"
    ),
    "permission denied while trying to connect|docker.sock: connect: permission denied": (
        "Docker's socket is not yours to use: sudo usermod --append --groups docker $USER, then log in again (who is "
        "in the group docker can become root on this machine)"
    ),
    # The third: https://github.com/pulumi/pulumi-docker/issues/1106
    "Cannot connect to the Docker daemon|failed to connect to the docker API|failed to connect to any docker daemon": (
        "no Docker daemon answers: start Docker Desktop, or sudo systemctl start docker; whether it runs: {docker} "
        "info; one elsewhere: pulumi config set cache:dockerHost unix:///path/to/docker.sock --stack {stack}"
    ),
    "no matching manifest for|exec format error": (
        "image {image} is not built for the machine that Docker runs on; what it is built for: {docker} manifest "
        "inspect {image}; another one: pulumi config set cache:image {mirror} --stack {stack}"
    ),
    # https://docs.docker.com/docker-hub/usage/pulls/
    "toomanyrequests|pull rate limit": (
        "Docker Hub allows no more pulls for now; a user has more: {docker} login; Amazon's copy of the image: "
        "pulumi config set cache:image {mirror} --stack {stack}"
    ),
    "pull access denied|manifest unknown|repository does not exist": (
        "there is no image {image}, or it wants a login; to see which: {docker} pull {image}; to log in: {docker} login"
    ),
    "no such host|i/o timeout|TLS handshake timeout|proxyconnect|signed by unknown authority": (
        "Docker does not reach the image's registry; to try again: {docker} pull {image}; a proxy is the daemon's to "
        "know (https://docs.docker.com/engine/daemon/proxy/)"
    ),
    "no space left on device": "the disk of the machine that Docker runs on is full; what takes it: {docker} system df",
}


def hook(settings: DockerSettings, container: str, volume: str, stack: str) -> pulumi.ResourceHookBinding:
    """Return what adds to the provider's error why it happened and what to do.

    The engine calls it when a resource could not be made, and interrupts the program right after, so nothing else of
    ours would come to say it.
    """

    async def explain(failure: pulumi.ErrorHookArgs) -> bool:
        # In a thread: it asks Docker for the log, and the engine's calls go on meanwhile.
        message = await asyncio.to_thread(explanation, settings, container, volume, stack, "\n".join(failure.errors))
        if message:
            pulumi.log.error(message)
        return False

    return pulumi.ResourceHookBinding(on_error=[pulumi.ErrorHook("docker-explanation", explain)])


def explanation(settings: DockerSettings, container: str, volume: str, stack: str, error: str) -> str:
    """Return why a resource could not be made and what cures it; nothing where the error says it."""
    if "failed to be in healthy state" in error:
        return _unhealthy(settings, container, volume)
    if "is already in use by container" in error:
        remove = docker_command(settings.docker_host, "rm", "--force", container)
        return f"{container} is there and not this stack's; if nobody needs it: {' '.join(remove)}"
    port = settings.port or DEFAULT_PORT
    found = next((message for pattern, message in EXPLANATIONS.items() if re.search(pattern, error)), "")
    return found.format(
        port=port,
        other_port=next(other for other in OTHER_PORTS if other != port),
        stack=stack,
        docker=" ".join(docker_command(settings.docker_host)),
        image=settings.image,
        mirror=MIRROR,
    )


def _unhealthy(settings: DockerSettings, container: str, volume: str) -> str:
    log = last_lines(settings.docker_host, container)
    message = f"{container} was not healthy within {HEALTHY_SECONDS} s; the last lines of its log:\n{log}"
    if "Permission denied" not in log:
        return message
    # So a container that ran as root left it.
    own = ("run", "--rm", "--user", "root", "--entrypoint", "chown", "--volume", f"{volume}:{DATA}", settings.image)
    cure = docker_command(settings.docker_host, *own, "-R", f"{USER}:{USER}", DATA)
    return f"{message}\n  The files of volume {volume} are not {USER}'s; to give them: {' '.join(cure)}"


def last_lines(docker_host: str | None, name: str) -> str:
    """Return the last lines of a container's log, or how to get them where there is no docker command."""
    ask = docker_command(docker_host, "logs", "--tail", str(LOG_LINES), name)
    try:
        done = subprocess.run(
            ask, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LOG_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return f"  {' '.join(ask)}"
    return "\n".join(f"  {line}" for line in done.stdout.splitlines())


def docker_command(docker_host: str | None, *arguments: str) -> list[str]:
    """Return a command for the daemon that the settings name, or for the user's own."""
    return ["docker", *(["--host", docker_host] if docker_host else []), *arguments]
