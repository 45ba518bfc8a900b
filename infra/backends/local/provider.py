"""The local server as a Pulumi resource.

The engine keeps a reference to this class by module and name, so a move needs an alias in every stack's state
(a test pins it). Pulumi prints what a provider raises with its traceback; so what can be known beforehand is
refused in `check`, which prints cleanly, and `configure` cuts the traceback of the rest.
"""

import json
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypedDict

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    UpdateResult,
)

from infra.backends.local import binary, server
from infra.backends.local.binary import BinaryError
from infra.backends.local.server import Configuration, LocalServer, ServerError
from infra.dynamic import Provider

# State holds the folder relative to the project, so that a project can be moved with its state.
PROJECT: Final = Path(__file__).resolve().parents[3]

REPLACING: Final = ("requestedPort", "folder")
CHANGING: Final = ("owner", "maxmemory", "maxmemoryPolicy", "persistence", "passwords")

PORT_ATTEMPTS: Final = 5


class ServerInputs(TypedDict):
    """What a server is asked to be. `maxmemory` is in bytes; port 0 means any free one, kept from then on.

    `passwords` are all that are valid, the newest first.
    """

    folder: str
    owner: str
    requestedPort: int
    maxmemory: int
    maxmemoryPolicy: str
    persistence: str
    passwords: pulumi.Input[list[str]]


class ServerProvider(Provider):
    """Creates, changes, watches and removes a `LocalServer`."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what cannot work, before anything is touched and in a preview already."""
        here = LocalServer(PROJECT / news["folder"])
        failures = []
        record = here.owner()
        if here.has_damaged_record():
            failures.append(CheckFailure("folder", _damaged(news["folder"], news["owner"])))
        elif record is not None and record["owner"] != news["owner"]:
            failures.append(CheckFailure("folder", _belongs_to_another(news["folder"], record)))
        elif (obstacle := _obstacle(here.folder)) is not None:
            failures.append(CheckFailure("folder", f"{news['folder']} {obstacle}; set cache:folder to another"))
        port = int(news["requestedPort"])
        if port and not server.is_free(port) and not (here.is_running() and here.port() == port):
            failures.append(
                CheckFailure(
                    "requestedPort",
                    f"port {port} is taken by another process; set cache:port to another, or to 0 for a free one",
                )
            )
        try:
            _binary(record)
        except BinaryError as error:
            failures.append(CheckFailure("binary", str(error)))
        return CheckResult(news, failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Change in place what Redis can change in place; another port or folder is another server."""
        replaces = [name for name in REPLACING if olds.get(name) != news.get(name)]
        changed = [name for name in CHANGING if olds.get(name) != news.get(name)]
        return DiffResult(
            changes=bool(replaces or changed or olds.get("running") is False),
            replaces=replaces,
            delete_before_replace=True,
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Start a server, over whatever data a cut-off creation left in the folder."""
        here = LocalServer(PROJECT / props["folder"])
        fresh = not here.exists()
        try:
            chosen = _binary(here.owner())
            here.claim(props["owner"], chosen.pin)
            here.stop()
            port = _start(here, chosen.path, props)
        except (BinaryError, ServerError):
            if fresh:
                here.remove()
            raise
        return CreateResult(
            props["folder"],
            _outputs(props)
            | {
                "host": server.HOST,
                "port": port,
                "binary": chosen.pin,
                "version": chosen.version,
                "running": True,
            },
        )

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """See only whether the server is there and lives.

        Its settings are left as they are: putting them right here would hide from the verification that
        somebody had changed them.
        """
        here = LocalServer(PROJECT / props["folder"])
        if not here.exists():
            return ReadResult("", {})
        return ReadResult(id_, {**props, "running": here.is_running()})

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Write the new configuration, and give it to the server: in place if it lives, else by a start.

        Raises `ServerError` where the server is dead and its port is another process's by now.
        """
        here = LocalServer(PROJECT / news["folder"])
        port = int(olds["port"])
        if not here.is_running() and not server.is_free(port):
            raise ServerError(
                f"port {port}, which this server had, is taken by another process: end that process, which keeps the "
                "data; or set cache:port to a free port, which makes a new server and loses the data"
            )
        chosen = binary.resolve(str(olds["binary"]))
        configuration = _configuration(news, port)
        here.claim(news["owner"], chosen.pin)
        here.write(configuration)
        # A state of the time before rotations has one password.
        before = dict(olds)
        of_before = before.get("passwords") or [before.pop("password")]
        if "passwords" not in before:
            print("warning: the server has another password from now on: whatever uses it reads it anew", flush=True)
        # A change that was cut off may have been made already: the server takes the new ones or those of before.
        logins = dict.fromkeys([*news["passwords"], *of_before])
        if not (here.is_running() and _apply(configuration, news["passwords"][0], logins)):
            here.stop()
            here.start(chosen.path)
            _apply(configuration, news["passwords"][0], logins)
        return UpdateResult({**before, **_outputs(news), "version": chosen.version, "running": True})

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """End the server and remove its data; nothing happens where they are gone, or are another stack's.

        Raises `ServerError` where a server lives there and nothing says whose it is.
        """
        here = LocalServer(PROJECT / props["folder"])
        record = here.owner()
        if record is None or record["owner"] == props["owner"]:
            here.remove()


class Server(Resource, module="local", name="Server"):
    """A Redis server that runs on this machine as long as the stack exists."""

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    version: pulumi.Output[str]
    binary: pulumi.Output[str]

    def __init__(self, name: str, inputs: ServerInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the server."""
        unknown_until_created = dict.fromkeys(("host", "port", "version", "binary", "running"))
        super().__init__(
            ServerProvider(),
            name,
            {**inputs, **unknown_until_created},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["passwords"])),
        )


def _outputs(props: Mapping[str, Any]) -> dict[str, Any]:
    """Give the inputs as they are kept in the state; numbers arrive from the engine as floats."""
    numbers = ("requestedPort", "maxmemory")
    return {name: int(props[name]) if name in numbers else props[name] for name in ServerInputs.__annotations__}


def _binary(record: Mapping[str, str] | None) -> binary.Binary:
    """Choose the binary that wrote the data in the folder, where there are any."""
    return binary.resolve(record["binary"]) if record and "binary" in record else binary.find()


def _configuration(props: Mapping[str, Any], port: int) -> Configuration:
    return Configuration(
        port=port,
        password_digests=tuple(server.sha256(password) for password in props["passwords"]),
        maxmemory=int(props["maxmemory"]),
        maxmemory_policy=props["maxmemoryPolicy"],
        persistence=props["persistence"],
    )


def _start(here: LocalServer, path: Path, props: Mapping[str, Any]) -> int:
    """Start the server on the port asked for, or on a free one, and give the port."""
    requested = int(props["requestedPort"])
    # A free port can be taken by somebody else before the server has it.
    for attempts_left in reversed(range(1 if requested else PORT_ATTEMPTS)):
        configuration = _configuration(props, requested or server.free_port())
        here.write(configuration)
        try:
            here.start(path)
        except ServerError:
            if attempts_left and not server.is_free(configuration.port):
                continue
            raise
        _apply(configuration, props["passwords"][0], props["passwords"])
        return configuration.port
    raise ServerError("no free port was found")


def _apply(configuration: Configuration, newest: str, logins: Iterable[str]) -> bool:
    """Give a running server its settings, with the first of the logins that it takes; False where it takes none.

    The newest password as `requirepass` as well, of which the file has a hash alone: only then does
    `CONFIG SET requirepass` act on the server as everybody expects. Without it, Redis ignores one that sets "" (seen
    on 7.0 and Valkey 9.1). It takes the user's other passwords away, so both change in one transaction: no client that
    connects meanwhile is refused.
    """
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    for login in logins:
        try:
            # redis-py tries a wrong password again and again, for four seconds.
            retry = Retry(NoBackoff(), 0)
            with redis.Redis(host=server.HOST, port=configuration.port, password=login, retry=retry) as client:
                for name, value in configuration.mutable().items():
                    client.config_set(name, value)
                with client.pipeline(transaction=True) as together:
                    together.config_set("requirepass", newest)
                    together.execute_command(
                        "ACL", "SETUSER", "default", "resetpass", *configuration.password_rules().split()
                    )
                    together.execute()
        except redis.RedisError:
            continue
        return True
    return False


def _obstacle(folder: Path) -> str | None:
    """Say why the folder cannot become or be a server's, if so."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir():
        return f"cannot be made: {nearest} is a file"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"cannot be written: you may not write in {nearest}"
    if folder.exists() and LocalServer(folder).owner() is None and any(folder.iterdir()):
        return "is not empty and is no server's folder"
    return None


def _damaged(folder: str, owner: str) -> str:
    file, record = shlex.quote(f"{folder}/owner.json"), shlex.quote(json.dumps({"owner": owner}))
    return (
        f"{folder}/owner.json is damaged, and does not say whose server is in {folder}; if it is this stack's, write "
        f"it again: echo {record} > {file}; if not, set cache:folder to another"
    )


def _belongs_to_another(folder: str, record: Mapping[str, str]) -> str:
    return f"{folder} holds the server of another owner, {record['owner']}; {take_down(record['owner'])}"


def take_down(owner: str) -> str:
    """Say which command takes down the server of an owner."""
    backend, _, stack = owner.rpartition("#")
    if backend.startswith("inprocess:"):
        return f"to take it down: make down STACK={stack} ENGINE=inprocess"
    if backend.endswith("/.local/state"):
        return f"to take it down: make down STACK={stack} ENGINE=pulumi"
    return f"to take it down: PULUMI_BACKEND_URL={backend} pulumi destroy --stack {stack}"
