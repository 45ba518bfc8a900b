"""One server process in one folder: started, changed in place, stopped and removed.

The folder holds everything that the server needs to come back and that we need to find it again:

    owner.json    whose it is and which binary wrote the data: written first, removed last
    server.conf   the whole configuration, with the password as a SHA-256
    server.lock   a lock that the server inherits: while it is held, the server lives
    server.pid    written by the process that becomes the server
    server.log    what it printed
    data/         its append-only file or snapshot

Every operation can be cut off at any moment and done again. Nothing here holds or writes a password.
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"

START_SECONDS: Final = 60.0  # a large append-only file has to be read before the server answers
STOP_SECONDS: Final = 15.0  # a server that writes a snapshot on its way out
POLL_SECONDS: Final = 0.01

# What Redis and Valkey print once data are loaded and the port is open (server.c).
READY: Final = "Ready to accept connections"

PERSISTENCE_DIRECTIVES: Final[Mapping[str, Mapping[str, str]]] = {
    "append-only": {"appendonly": "yes", "appendfsync": "everysec", "save": ""},
    # Redis's own default schedule (redis.conf, "SNAPSHOTTING").
    "snapshot": {"appendonly": "no", "save": "3600 1 300 100 60 10000"},
    "none": {"appendonly": "no", "save": ""},
}


class ServerError(Exception):
    """The server cannot be had as asked; the message is one line, with the cure."""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What a server runs with. `maxmemory` is in bytes."""

    port: int
    # The SHA-256 of each password that is valid.
    password_digests: tuple[str, ...]
    maxmemory: int
    maxmemory_policy: str
    persistence: str

    def mutable(self) -> Mapping[str, str]:
        """Give the directives that a running server takes by CONFIG SET."""
        return {
            "maxmemory": str(self.maxmemory),
            "maxmemory-policy": self.maxmemory_policy,
            **PERSISTENCE_DIRECTIVES[self.persistence],
        }

    def password_rules(self) -> str:
        """Give the rules that make these passwords the user's (redis.io/docs, "ACL SETUSER", `#<hashedpassword>`)."""
        return " ".join(f"#{digest}" for digest in self.password_digests)

    def render(self) -> str:
        """Give the text of the configuration file."""
        fixed = {
            "bind": HOST,
            "port": str(self.port),
            "daemonize": "no",
            "dir": "data",
            # A hash stands where a password would, so that no file or argument list ever holds one.
            "user": f"default on {self.password_rules()} ~* &* +@all",
        }
        empty = '""'
        return "".join(f"{name} {value or empty}\n" for name, value in (fixed | dict(self.mutable())).items())


def sha256(password: str) -> str:
    """Hash a password as Redis's ACL does."""
    return hashlib.sha256(password.encode()).hexdigest()


class LocalServer:
    """The server that lives in `folder`."""

    def __init__(self, folder: Path) -> None:
        """Take the folder as it is; nothing is made or changed yet."""
        self.folder = folder
        self._owner_file = folder / "owner.json"
        self._configuration_file = folder / "server.conf"
        self._lock_file = folder / "server.lock"
        self._pid_file = folder / "server.pid"
        self._log_file = folder / "server.log"
        self._data = folder / "data"

    def owner(self) -> Mapping[str, str] | None:
        """Say whose the folder is: `owner` and, once its server was started, the `binary` of its data.

        None where there is no record, or a damaged one.
        """
        written = self._written_record()
        return None if written is None else _record(written)

    def has_damaged_record(self) -> bool:
        """Say whether there is a record that does not say whose the folder is."""
        written = self._written_record()
        return written is not None and _record(written) is None

    def exists(self) -> bool:
        """Say whether the folder is there."""
        return self.folder.is_dir()

    def is_running(self) -> bool:
        """Say whether the server lives: it holds the lock that it inherited, whatever a pid file says."""
        try:
            with self._lock_file.open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except BlockingIOError:
            return True
        return False

    def port(self) -> int | None:
        """Say which port the server is configured for; None where there is no configuration."""
        try:
            lines = self._configuration_file.read_text().splitlines()
        except OSError:
            return None
        return next((int(line.split()[1]) for line in lines if line.startswith("port ")), None)

    def claim(self, owner: str, binary_pin: str) -> None:
        """Make the folder, and write down whose it is and which binary its data belong to.

        Raises `ServerError` where the folder cannot be made or written, or holds something that is not ours.
        """
        try:
            if self.owner() is None and self.exists() and any(self.folder.iterdir()):
                raise ServerError(f"{self.folder} is not empty and is no server's folder; choose another")
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(self._owner_file, json.dumps({"owner": owner, "binary": binary_pin}))
            self._data.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise ServerError(f"{self.folder} cannot be written: {error.strerror}") from None

    def write(self, configuration: Configuration) -> None:
        """Write the configuration that the next start takes."""
        _write(self._configuration_file, configuration.render())

    def start(self, binary: Path) -> None:
        """Start the server over its written configuration and wait until it answers.

        Does nothing where it runs already. Raises `ServerError` with the server's own last words.
        """
        port = self.port()
        if port is None:
            raise ServerError(f"{self.folder} has no server.conf")
        with self._lock_file.open("ab") as lock, self._log_file.open("ab") as log:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._pid_file.unlink(missing_ok=True)
            log_start = log.tell()
            process = subprocess.Popen(
                # The shell becomes the server, so its own process number, written before anything else can
                # happen, is the server's. It reads its configuration as standard input and so knows no file that
                # a CONFIG REWRITE could write a password into.
                ["/bin/sh", "-c", 'echo $$ >server.pid && exec "$0" - <server.conf', str(binary)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath},
                pass_fds=[lock.fileno()],
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        # Its own log and not its port: a foreign server that took the port meanwhile would answer there as well.
        while READY not in self._printed(log_start):
            if process.poll() is not None:
                raise ServerError(f"the server did not start on port {port}: {self._last_words(log_start)}")
            if time.monotonic() > deadline:
                self.stop()
                process.wait()
                raise ServerError(
                    f"the server did not answer on port {port} within {START_SECONDS:.0f} s: "
                    f"{self._last_words(log_start)}"
                )
            time.sleep(POLL_SECONDS)
        # The server outlives this program on purpose; Popen would warn of a child that nobody waited for.
        process.returncode = 0

    def stop(self) -> None:
        """End the server, in good order if it can; does nothing where none runs.

        Raises `ServerError` where it outlives even SIGKILL.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            deadline = time.monotonic() + STOP_SECONDS
            signalled = False
            while self.is_running():
                if not signalled and (pid := self._pid()) is not None:
                    signalled = _kill(pid, number)
                if time.monotonic() > deadline:
                    break
                time.sleep(POLL_SECONDS)
            else:
                return
        raise ServerError(f"the server in {self.folder} (process {self._pid()}) cannot be ended")

    def remove(self) -> None:
        """End the server and remove what is ours in the folder, and the folder if nothing else is in it.

        Does nothing where no record says that a server's files are there. Raises `ServerError` where a server
        lives there all the same, or cannot be ended.
        """
        if self.owner() is None:
            if self.is_running():
                raise ServerError(
                    f"{self.folder} is held by a living server, process {self._pid() or 'unknown'}, and its owner.json "
                    "is missing or damaged, so nothing was removed; end that process (kill), remove the folder, and "
                    "try again"
                )
            return
        self.stop()
        shutil.rmtree(self._data, ignore_errors=True)
        for file in (self._configuration_file, self._pid_file, self._log_file, self._lock_file):
            file.unlink(missing_ok=True)
        self._owner_file.unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _written_record(self) -> bytes | None:
        try:
            return self._owner_file.read_bytes()
        except OSError:
            return None

    def _pid(self) -> int | None:
        try:
            return int(self._pid_file.read_text())
        except (OSError, ValueError):
            return None

    def _printed(self, log_start: int) -> str:
        with self._log_file.open("rb") as log:
            log.seek(log_start)
            return log.read().decode(errors="replace")

    def _last_words(self, log_start: int) -> str:
        # A server that starts warns of the machine's memory overcommit, which keeps none from starting.
        lines = [line.strip() for line in self._printed(log_start).splitlines() if "overcommit" not in line]
        wanted = [line for line in lines if " # " in line or "FATAL" in line] or lines
        return " / ".join(line.split(" # ")[-1] for line in wanted[-3:] if line) or "it printed nothing"


def free_port() -> int:
    """Find a port that nothing listens on now. Another process may take it before we do: be ready to ask again."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _record(written: bytes) -> Mapping[str, str] | None:
    try:
        record = json.loads(written)
    except ValueError:
        return None
    if not isinstance(record, dict) or "owner" not in record:
        return None
    return record if all(isinstance(value, str) for value in record.values()) else None


def _kill(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def _write(file: Path, text: str) -> None:
    """Write a file that only its owner may read, all of it or nothing."""
    draft = file.with_name(f"{file.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
