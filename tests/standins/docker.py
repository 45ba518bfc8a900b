"""A stand-in for the docker provider: its resources made on a real Docker Engine, through Docker's own Python SDK.

It serves the in-process engine with the types that the docker backend declares, and their inputs: another input is
refused by name, so that nothing is declared and not tried. What it does beyond creating and deleting is what
pulumi-docker 5.2 was seen to do on an engine, or is read from its source (kreuzwerker/terraform-provider-docker,
internal/provider/resource_docker_{container,image,volume}_funcs.go):

- memory, memorySwap and restart change in place; every other change of a container replaces it, the old one first.
  An option of the provider itself (how long to wait, how long to let it stop) changes nothing.
- memory without memorySwap reads back as a memorySwap that nobody asked for: every preview shows a change.
- A container that does not run reads back without its ports, and is replaced by one that does.
- A creation waits until healthy once a second, and its error says nothing else. The container stays.
- An empty word in the command is refused; a name that is taken is Docker's own conflict.
- It is killed at once where destroyGraceSeconds is not set; its anonymous volumes go with it.
- An image that is there is not pulled; with keepLocally it outlives the stack.
- A volume that exists is taken over, whoever made it.

Not tried here, since the in-process engine cannot: the provider reads a volume's labels back, and replaces the volume
where they differ; the declaration has it ignore them.

Unlike the provider, it removes what an earlier creation of the same stack left half-made: the real engine has that
in its state. One stand-in serves one stack, whose `pulumi:providers:docker`, if it has one, names the daemon.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import docker  # type: ignore[import-untyped]
from docker.errors import APIError, ImageNotFound, NotFound  # type: ignore[import-untyped]

from runner.inprocess.providers import Diff, Properties, Provider

MEBIBYTE: Final = 1024 * 1024
NANOSECONDS: Final = 1_000_000_000

# Options of a registration that mean nothing here, or that this stand-in and the engine with error hooks see to.
HONOURED: Final = ("version", "provider", "hooks")

# What of a container is changed in place, and what is the provider's own affair.
IN_PLACE: Final = frozenset({"memory", "memorySwap", "restart"})
PROVIDERS_OWN: Final = frozenset({"wait", "waitTimeout", "destroyGraceSeconds"})


@dataclass
class DockerProvider:
    """The provider's resources, by type. `host` is DOCKER_HOST's, unless the stack has a provider of its own."""

    host: str | None = None
    done: list[str] = field(default_factory=list)

    @cached_property
    def engine(self) -> docker.APIClient:
        """The daemon. The stack's own provider, if it has one, is settled before anything else asks."""
        return docker.APIClient(base_url=self.host, version="auto") if self.host else docker.from_env().api

    def close(self) -> None:
        """Leave the daemon."""
        self.engine.close()

    def find(self, type_: str, properties: Mapping[str, Any]) -> Provider | None:
        """Find the resource of a type."""
        if type_ == "pulumi:providers:docker":
            self.host = properties["host"]
        resource = RESOURCES.get(type_)
        return resource(self) if resource else None


class Resource:
    """What all of them do alike."""

    inputs: frozenset[str] = frozenset()
    in_place: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()

    def __init__(self, provider: DockerProvider) -> None:
        self.provider = provider

    @property
    def engine(self) -> docker.APIClient:
        """The daemon."""
        return self.provider.engine

    def check(self, _olds: Properties, news: Properties) -> tuple[Properties, list[str]]:
        """Refuse inputs that this stand-in would leave out."""
        return news, [f"the stand-in does not know {name}" for name in sorted(news.keys() - self.inputs)]

    def diff(self, _id: str, _olds: Properties, outputs: Properties, news: Properties) -> Diff:
        """Compare what is declared with what was read."""
        changed = [name for name in sorted(self.inputs) if self.differs(name, outputs, news)]
        replaces = [name for name in changed if name not in self.in_place | self.own]
        return Diff(changes=bool(changed), replaces=replaces, delete_before_replace=True)

    def differs(self, name: str, outputs: Properties, news: Properties) -> bool:
        """Return whether an input is not what it was."""
        return bool(news.get(name) != outputs.get(name))


class Daemon(Resource):
    """pulumi:providers:docker: it makes nothing, and says where everything else is made."""

    inputs = frozenset({"host", "version"})
    in_place = inputs

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Know the daemon."""
        return "daemon", dict(news)

    def read(self, _id: str, outputs: Properties) -> Properties:
        """Know it again."""
        return outputs

    def update(self, _id: str, _outputs: Properties, news: Properties) -> Properties:
        """Know another."""
        return dict(news)

    def delete(self, _id: str, _outputs: Properties) -> None:
        """Forget it."""


class Image(Resource):
    """docker:index/remoteImage:RemoteImage."""

    inputs = frozenset({"name", "keepLocally"})
    in_place = frozenset({"keepLocally"})

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Pull it, unless it is there."""
        if self._known(news["name"]) is None:
            try:
                self.engine.pull(news["name"])
            except APIError as error:
                raise RuntimeError(f"Unable to read Docker image into resource: {error.explanation}") from None
        outputs = self.read("", news)
        assert outputs is not None
        return outputs["imageId"] + news["name"], outputs

    def read(self, _id: str, outputs: Properties) -> Properties | None:
        """Look it up by its name."""
        known = self._known(outputs["name"])
        if known is None:
            return None
        digest = next(iter(known["RepoDigests"] or []), "")
        return {**outputs, "imageId": known["Id"], "repoDigest": digest}

    def update(self, _id: str, outputs: Properties, news: Properties) -> Properties:
        """Only the provider's own options change."""
        return {**outputs, **news}

    def delete(self, _id: str, outputs: Properties) -> None:
        """Remove it, unless it is to be kept."""
        if not outputs.get("keepLocally") and self._known(outputs["name"]) is not None:
            self.engine.remove_image(outputs["name"])

    def _known(self, name: str) -> Any:
        try:
            return self.engine.inspect_image(name)
        except ImageNotFound:
            return None


class Volume(Resource):
    """docker:index/volume:Volume."""

    inputs = frozenset({"name", "labels"})

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Make it, or take over what has its name."""
        self.provider.done.append("create volume")
        self.engine.create_volume(news["name"], labels=_labels(news))
        outputs = self.read(news["name"], news)
        assert outputs is not None
        return news["name"], outputs

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        """Look it up."""
        try:
            known = self.engine.inspect_volume(id_)
        except NotFound:
            return None
        return {**outputs, "driver": known["Driver"], "mountpoint": known["Mountpoint"]}

    def update(self, _id: str, _outputs: Properties, _news: Properties) -> Properties:
        """Nothing about a volume changes in place."""
        raise AssertionError("a volume is replaced")

    def delete(self, id_: str, outputs: Properties) -> None:
        """Remove it."""
        self.provider.done.append("delete volume")
        try:
            self.engine.remove_volume(id_ or outputs["name"])
        except NotFound:
            return


class Container(Resource):
    """docker:index/container:Container."""

    inputs = frozenset(
        {
            *("name", "image", "command", "user", "readOnly", "capabilities", "securityOpts", "labels"),
            *("volumes", "ports", "healthcheck", "logDriver", "logOpts"),
            *IN_PLACE,
            *PROVIDERS_OWN,
        }
    )
    in_place = IN_PLACE
    own = PROVIDERS_OWN

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Make it, start it, and wait until it is healthy."""
        self.provider.done.append("create container")
        if not all(news["command"]):
            raise RuntimeError("values for command may not be empty")
        self._remove_half_made(news)
        try:
            id_ = self.engine.create_container(**_configuration(news), host_config=self._host(news))["Id"]
        except APIError as error:
            raise RuntimeError(f"Unable to create container: Error response from daemon: {error.explanation}") from None
        try:
            self.engine.start(id_)
        except APIError as error:
            raise RuntimeError(f"Unable to start container: Error response from daemon: {error.explanation}") from None
        if news.get("wait"):
            self._wait(id_, float(news.get("waitTimeout", 60)))
        outputs = self.read(id_, news)
        assert outputs is not None
        return id_, outputs

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        """Look at it as it is."""
        try:
            known = self.engine.inspect_container(id_)
        except NotFound:
            return None
        host = known["HostConfig"]
        return {
            **outputs,
            "name": known["Name"].removeprefix("/"),
            "image": known["Image"],
            "command": known["Config"]["Cmd"],
            "user": known["Config"]["User"],
            "readOnly": host["ReadonlyRootfs"],
            "capabilities": {"drops": host["CapDrop"]},
            "securityOpts": host["SecurityOpt"],
            "memory": host["Memory"] // MEBIBYTE,
            "memorySwap": host["MemorySwap"] // MEBIBYTE,
            "restart": host["RestartPolicy"]["Name"],
            "logDriver": host["LogConfig"]["Type"],
            "logOpts": host["LogConfig"]["Config"],
            "ports": outputs["ports"] if known["State"]["Running"] else [],
        }

    def update(self, id_: str, outputs: Properties, news: Properties) -> Properties:
        """Change what can be changed in place."""
        self.provider.done.append("update container")
        self.engine.update_container(
            id_,
            mem_limit=news.get("memory", 0) * MEBIBYTE,
            memswap_limit=news.get("memorySwap", 0) * MEBIBYTE,
            restart_policy={"Name": news.get("restart", "no")},
        )
        found = self.read(id_, {**outputs, **news})
        assert found is not None
        return found

    def delete(self, id_: str, outputs: Properties) -> None:
        """Stop it, at once unless there is a grace, and remove it."""
        self.provider.done.append("delete container")
        target = id_ or outputs["name"]
        try:
            self.engine.stop(target, timeout=outputs.get("destroyGraceSeconds", 0))
            self.engine.remove_container(target, v=True, force=True)
        except NotFound:
            return

    def _host(self, news: Properties) -> Any:
        return self.engine.create_host_config(
            binds=[f"{volume['volumeName']}:{volume['containerPath']}:rw" for volume in news["volumes"]],
            port_bindings={
                port["internal"]: (port.get("ip", "0.0.0.0"), port.get("external"))  # noqa: S104 - the provider's default
                for port in news["ports"]
            },
            read_only=news.get("readOnly", False),
            cap_drop=news.get("capabilities", {}).get("drops"),
            security_opt=news.get("securityOpts"),
            mem_limit=news.get("memory", 0) * MEBIBYTE,
            memswap_limit=news.get("memorySwap", 0) * MEBIBYTE or None,
            restart_policy={"Name": news.get("restart", "no"), "MaximumRetryCount": 0},
            log_config={"type": news.get("logDriver"), "config": news.get("logOpts", {})},
        )

    def _remove_half_made(self, news: Properties) -> None:
        try:
            known = self.engine.inspect_container(news["name"])
        except NotFound:
            return
        if _labels(news).items() <= known["Config"]["Labels"].items():
            self.engine.remove_container(known["Id"], v=True, force=True)

    def _wait(self, id_: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self.engine.inspect_container(id_)["State"]["Health"]["Status"] != "healthy":
            if time.monotonic() > deadline:
                raise RuntimeError("container failed to be in healthy state")
            time.sleep(1)


RESOURCES: Final[Mapping[str, type[Daemon | Image | Volume | Container]]] = {
    "pulumi:providers:docker": Daemon,
    "docker:index/remoteImage:RemoteImage": Image,
    "docker:index/volume:Volume": Volume,
    "docker:index/container:Container": Container,
}


def _configuration(news: Properties) -> dict[str, Any]:
    health = news["healthcheck"]
    return {
        "image": news["image"],
        "name": news["name"],
        "command": news["command"],
        "user": news.get("user"),
        "labels": _labels(news),
        "ports": [port["internal"] for port in news["ports"]],
        "healthcheck": {
            "test": health["tests"],
            "interval": _nanoseconds(health["interval"]),
            "timeout": _nanoseconds(health["timeout"]),
            "retries": health["retries"],
        },
    }


def _labels(properties: Properties) -> dict[str, str]:
    return {entry["label"]: entry["value"] for entry in properties.get("labels", [])}


def _nanoseconds(duration: str) -> int:
    return int(duration.removesuffix("s")) * NANOSECONDS
