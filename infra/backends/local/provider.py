"""The local server as a Pulumi resource.

The engine keeps a reference to this class by module and name, so a move needs an alias in every stack's state
(a test pins it). Pulumi prints what a provider raises with its traceback; so what can be known beforehand is
refused in `check`, which prints cleanly, and `configure` cuts the traceback of the rest.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypedDict

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

from infra.backends.local import binary, ownership, server
from infra.backends.local.binary import BinaryError
from infra.backends.local.server import Configuration, LocalServer, Owner, ServerError
from infra.dynamic import Provider
from infra.server_users import APPLICATION, EVERY_RIGHT, OPERATOR, digest

# Imported where it is used: a run that changes nothing needs none.
if TYPE_CHECKING:
    import redis

REPLACING: Final = ("requestedPort", "folder")
CHANGING: Final = (
    *("owner", "identity", "maxmemory", "maxmemoryPolicy", "persistence", "passwords", "access", "operatorPasswords"),
)
# What of it is secret.
SECRETS: Final = ("passwords", "operatorPasswords")

PORT_ATTEMPTS: Final = 5
# What a change of settings may take, and the question whose server it is.
CHANGE_SECONDS: Final = 60.0
PROBE_SECONDS: Final = 2.0


class ServerInputs(TypedDict):
    """What a server is asked to be. `maxmemory` is in bytes; port 0 means any free one, kept from then on.

    `owner` is the place of the state and the stack, `identity` the number of the `.local` that this is of
    (identity.py). `passwords` are all of the application's that are valid, the newest first, and `operatorPasswords`
    those of the user that administers. `access` are the ACL rules of the application's user.
    """

    folder: str
    owner: str
    identity: str
    requestedPort: int
    maxmemory: int
    maxmemoryPolicy: str
    persistence: str
    passwords: pulumi.Input[list[str]]
    access: list[str]
    operatorPasswords: pulumi.Input[list[str]]


class Login(NamedTuple):
    """A user and a password of it."""

    user: str
    password: str


class ServerProvider(Provider):
    """Creates, changes, watches and removes a `LocalServer`."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what cannot work, before anything is touched and in a preview already."""
        here = ownership.server_in(news["folder"])
        record = here.owner()
        problems = here.obstacles()
        if not problems and here.has_damaged_record() and not ownership.is_own_place(here.folder):
            problems = [ownership.damaged(news)]
        elif not problems and record is not None and not ownership.is_ours(record, news, olds):
            problems = [ownership.belongs_to_another(news, record)]
        failures = [CheckFailure("folder", problem) for problem in problems]
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
        here = ownership.server_in(props["folder"])
        fresh = not here.exists()
        try:
            chosen = _binary(here.owner())
            here.claim(_owner(props, chosen))
            here.stop(partial(_shut_down, here, _logins(props)))
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
        """See only whether the server is there and lives, with the files that it was started with.

        Its settings are left as they are: putting them right here would hide from the verification that
        somebody had changed them.
        """
        here = ownership.server_in(props["folder"])
        # What cannot be used is said by the check, which comes later and prints cleanly.
        if here.obstacles():
            return ReadResult(id_, props)
        if not here.exists():
            return ReadResult("", {})
        # Other files than those of the state: one of the two is an older one, or damaged.
        is_as_left = here.owner() is not None and here.has(_configuration(props, int(props["port"])))
        return ReadResult(id_, {**props, "running": is_as_left and here.is_running()})

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Write the new configuration, and give it to the server: in place if it lives, else by a start.

        Raises `ServerError` where the server is dead and its port is another process's by now, and where it refuses the
        change.
        """
        here = ownership.server_in(news["folder"])
        port = int(olds["port"])
        logins = _logins(news, olds)
        if not server.is_free(port) and not _has_port(here, port, logins):
            raise ServerError(_taken(here, port, logins))
        chosen = binary.resolve(str(olds["binary"]))
        configuration = _configuration(news, port)
        here.claim(_owner(news, chosen))
        here.write(configuration)
        before = dict(olds)
        if before.pop("password", None):
            print("warning: the server has another password from now on: whatever uses it reads it anew", flush=True)
        # A change that was cut off may have been made already: the server takes the new ones or those of before.
        if not (here.is_running() and _apply(here, configuration, news["passwords"][0], logins)):
            here.stop(partial(_shut_down, here, logins))
            here.start(chosen.path)
            _apply(here, configuration, news["passwords"][0], logins)
        return UpdateResult({**before, **_outputs(news), "version": chosen.version, "running": True})

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """End the server and remove its data; nothing happens where they are gone, or are another stack's.

        Raises `ServerError` where nothing tells whose the server or the folder is, or where they cannot be removed.
        """
        here = ownership.server_in(props["folder"])
        record = here.owner()
        if record is None and here.exists() and not ownership.is_own_place(here.folder):
            if here.is_running() or here.has_damaged_record():
                raise ServerError(ownership.unknown(here))
        elif record is not None and not ownership.is_ours(record, props):
            print(f"warning: nothing was removed: {ownership.belongs_to_another(props, record)}", flush=True)
        else:
            here.remove(partial(_shut_down, here, _logins(props)))


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
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=list(SECRETS))),
        )


def _outputs(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs as they are kept in the state; numbers arrive from the engine as floats."""
    numbers = ("requestedPort", "maxmemory")
    return {name: int(props[name]) if name in numbers else props[name] for name in ServerInputs.__annotations__}


def _binary(record: Owner | None) -> binary.Binary:
    """Choose the binary that wrote the data in the folder, where there are any."""
    return binary.resolve(record.binary) if record and record.binary else binary.find()


def _owner(props: Mapping[str, Any], chosen: binary.Binary) -> Owner:
    return Owner(owner=props["owner"], identity=props["identity"], project=str(ownership.PROJECT), binary=chosen.pin)


def _passwords(props: Mapping[str, Any]) -> list[str]:
    """Return the passwords of a state; one of the time before rotations has one, by another name."""
    return props["passwords"] if props.get("passwords") else [props["password"]]


def _logins(*states: Mapping[str, Any]) -> list[Login]:
    """Return what the server may take: the operator's, and where it has no operator yet, the application's."""
    operator = [Login(OPERATOR, password) for props in states for password in props.get("operatorPasswords") or ()]
    application = [Login(APPLICATION, password) for props in states for password in _passwords(props)]
    return list(dict.fromkeys([*operator, *application]))


def _configuration(props: Mapping[str, Any], port: int) -> Configuration:
    return Configuration(
        port=port,
        password_digests=tuple(digest(password) for password in _passwords(props)),
        maxmemory=int(props["maxmemory"]),
        maxmemory_policy=props["maxmemoryPolicy"],
        persistence=props["persistence"],
        # A state of the time before there was an operator has neither.
        access=tuple(props.get("access") or EVERY_RIGHT),
        operator_digests=tuple(digest(password) for password in props.get("operatorPasswords") or ()),
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
        _apply(here, configuration, props["passwords"][0], _logins(props))
        return configuration.port
    raise ServerError("no free port was found")


def _apply(here: LocalServer, configuration: Configuration, newest: str, logins: Iterable[Login]) -> bool:
    """Set the settings and the users of a running server, with the first of the logins that it takes.

    Return whether it took one. Raises `ServerError` where the login has not the right to.

    The newest password as `requirepass` as well, of which the file has a hash alone: only then does
    `CONFIG SET requirepass` act on the server as everybody expects. Without it, Redis ignores one that sets "" (seen
    on 7.0 and Valkey 9.1). It takes the user's other passwords away, so both change in one transaction: no client that
    connects meanwhile is refused. The operator is first: a server of the time before has none, and its application's
    user administers for the last time.
    """
    import redis

    for login in logins:
        try:
            with _client(configuration.port, login, CHANGE_SECONDS) as client:
                # A server without a password takes any: it may be anybody's.
                if _folder(client) != here.folder.resolve():
                    continue
                users = configuration.users()
                if OPERATOR in users:
                    client.execute_command("ACL", "SETUSER", OPERATOR, "reset", *users[OPERATOR])
                for name, value in configuration.mutable().items():
                    client.config_set(name, value)
                with client.pipeline(transaction=True) as together:
                    together.config_set("requirepass", newest)
                    together.execute_command("ACL", "SETUSER", APPLICATION, "reset", *users[APPLICATION])
                    together.execute()
        except redis.exceptions.NoPermissionError as refusal:
            refused = _refused(here, login, refusal)
        except redis.RedisError:
            continue
        else:
            return True
        raise refused
    return False


def _refused(here: LocalServer, login: Login, refusal: Exception) -> ServerError:
    """Return the error for a login without the right to a command. The driver's own text may hold a password."""
    named = re.search(r"'([\w|-]+)' command", str(refusal))
    command = named[1].replace("|", " ").upper() if named else "a command"
    folder = shlex.quote(str(here.folder))
    return ServerError(
        f"the server in {here.folder} refuses its user {login.user} {command}: its users were changed by hand; a start "
        "has them as they were declared, and loses the data where cache:persistence is none: "
        f"{ownership.END} {folder}, and run this again"
    )


def _taken(here: LocalServer, port: int, logins: Iterable[Login]) -> str:
    """Return why a server cannot have its port again, and the ways on."""
    other = _folder_of(port, logins)
    if other is not None:
        return (
            f"port {port}, which this server had, is that of the server in {other}, of which this project's folder is "
            f"a copy: set cache:port to another, which makes a new server and loses what is in {here.folder}; or take "
            "the other one down in its own project"
        )
    return (
        f"port {port}, which this server had, is taken by another process: end that process, which keeps the "
        "data; or set cache:port to a free port, which makes a new server and loses the data"
    )


def _has_port(here: LocalServer, port: int, logins: Iterable[Login]) -> bool:
    """Whether it is our server that listens on a port."""
    if not here.is_running():
        return False
    return here.port() == port or _folder_of(port, logins) == here.folder.resolve()


def _folder_of(port: int, logins: Iterable[Login]) -> Path | None:
    """Return the folder of the server on a port that takes one of our logins; None where there is none."""
    import redis

    for login in logins:
        with _client(port, login, PROBE_SECONDS) as client:
            try:
                return _folder(client)
            except redis.RedisError:
                continue
    return None


def _shut_down(here: LocalServer, logins: Iterable[Login]) -> bool:
    """Ask a server that holds our lock, and whose process is not seen, to end; return whether one takes our login.

    It may be in a container, which has another name for the folder. Raises `ServerError` where the login has not the
    right to.
    """
    import redis

    port = here.port()
    # Whoever asks for no password takes ours as well, and may be anybody.
    if port is None or not _asks_for_a_password(port):
        return False
    for login in logins:
        with _client(port, login, PROBE_SECONDS) as client:
            try:
                client.ping()
                client.shutdown()
            except redis.exceptions.NoPermissionError as refusal:
                refused = _refused(here, login, refusal)
            except redis.RedisError:
                continue
            else:
                return True
        raise refused
    return False


def _asks_for_a_password(port: int) -> bool:
    import redis

    with _client(port, None, PROBE_SECONDS) as client:
        try:
            client.ping()
        except redis.AuthenticationError:
            return True
        except redis.RedisError:
            pass
    return False


def _folder(client: redis.Redis) -> Path | None:
    """Return the folder of the server that a client is connected to. Raises `RedisError`."""
    answer: Any = client.config_get("dir")
    data = answer.get("dir") if isinstance(answer, Mapping) else None
    return Path(str(data)).resolve().parent if data else None


def _client(port: int, login: Login | None, seconds: float) -> redis.Redis:
    """Return a client that tries once: redis-py tries a wrong password again and again, for four seconds."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return redis.Redis(
        host=server.HOST,
        port=port,
        username=login and login.user,
        password=login and login.password,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=seconds,
        decode_responses=True,
    )
