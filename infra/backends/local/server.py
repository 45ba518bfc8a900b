"""One server process in one folder: started, changed in place, stopped and removed.

The folder holds everything that the server needs to come back and that we need to find it again:

    owner.json    whose it is and which binary wrote the data: written first, removed last
    server.conf   the whole configuration, with the password as a SHA-256
    server.lock   a lock that the server inherits: while it is held, the server lives
    server.pid    written by the process that becomes the server, for people: no signal is sent to what stands there
    server.log    what it printed
    data/         its append-only file or snapshot

Every operation can be cut off at any moment and done again. Nothing here holds or writes a password.
"""

import errno
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from infra import server_users
from infra.backends.local import obstacles, processes
from infra.server_users import EVERY_RIGHT
from runner import private_file

HOST: Final = "127.0.0.1"

START_SECONDS: Final = 60.0  # a large append-only file has to be read before the server answers
STOP_SECONDS: Final = 15.0  # a server that writes a snapshot on its way out
UNSEEN_SECONDS: Final = 2.0  # a process that begins is seen before that
POLL_SECONDS: Final = 0.01

# What Redis and Valkey print once data are loaded and the port is open (server.c).
READY: Final = "Ready to accept connections"

# What Redis and Valkey print of data that they cannot load (aof.c, rdb.c).
UNREADABLE_DATA: Final = ("append only file", "append-only file", "AOF", "RDB", "Fatal error loading the DB")

PERSISTENCE_DIRECTIVES: Final[Mapping[str, Mapping[str, str]]] = {
    "append-only": {"appendonly": "yes", "appendfsync": "everysec", "save": ""},
    # Redis's own default schedule (redis.conf, "SNAPSHOTTING").
    "snapshot": {"appendonly": "no", "save": "3600 1 300 100 60 10000"},
    "none": {"appendonly": "no", "save": ""},
}


class ServerError(Exception):
    """The server cannot be had as asked; the message is one line, with the cure."""


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Whose a server is, and which binary wrote its data."""

    # The place of the state, and the stack.
    owner: str
    # Which `.local` that is of (identity.py), and where it was; both empty where an earlier version wrote the record.
    identity: str = ""
    project: str = ""
    binary: str = ""


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """What a server runs with. `maxmemory` is in bytes."""

    port: int
    # The SHA-256 of each password that is valid.
    password_digests: tuple[str, ...]
    maxmemory: int
    maxmemory_policy: str
    persistence: str
    # The ACL rules of the application's user, and what its administrator's passwords are; as they were before there
    # were any.
    access: tuple[str, ...] = EVERY_RIGHT
    operator_digests: tuple[str, ...] = ()

    def mutable(self) -> Mapping[str, str]:
        """Return the directives that a running server takes by CONFIG SET."""
        return {
            "maxmemory": str(self.maxmemory),
            "maxmemory-policy": self.maxmemory_policy,
            **PERSISTENCE_DIRECTIVES[self.persistence],
        }

    def users(self) -> Mapping[str, Sequence[str]]:
        """Return the ACL rules of each user, by its name."""
        return server_users.users(self.password_digests, self.access, self.operator_digests)

    def render(self) -> str:
        """Return the text of the configuration file."""
        fixed = {
            "bind": HOST,
            "port": str(self.port),
            "daemonize": "no",
            "dir": "data",
        }
        users = [("user", f"{name} {' '.join(rules)}") for name, rules in self.users().items()]
        empty = '""'
        lines = [*fixed.items(), *users, *self.mutable().items()]
        return "".join(f"{name} {value or empty}\n" for name, value in lines)


class LocalServer:
    """The server that lives in `folder`."""

    def __init__(self, folder: Path, *, is_own_place: bool = False) -> None:
        """Take the folder as it is; nothing is made or changed yet.

        `is_own_place` where nobody else has anything in the folder, with a record or without one.
        """
        self.folder = folder
        self._is_own_place = is_own_place
        self._owner_file = folder / "owner.json"
        self._configuration_file = folder / "server.conf"
        self._lock_file = folder / "server.lock"
        self._pid_file = folder / "server.pid"
        self._log_file = folder / "server.log"
        self._data = folder / "data"

    @property
    def data(self) -> Path:
        """The folder that the server keeps its data in."""
        return self._data

    def owner(self) -> Owner | None:
        """Return whose the folder is; None where there is no record, or a damaged one."""
        try:
            return _owner(self._owner_file.read_bytes())
        except OSError:
            return None

    def has_damaged_record(self) -> bool:
        """Whether there is a record that does not tell whose the folder is."""
        return os.path.lexists(self._owner_file) and self.owner() is None

    def obstacles(self) -> list[str]:
        """Return what keeps the folder, and each file in it, from being used; the messages end with the cure."""
        problem = obstacles.of_folder(self.folder)
        if problem is not None:
            return [problem]
        is_unknown = not self._is_own_place and not os.path.lexists(self._owner_file)
        if is_unknown and self.exists() and any(self.folder.iterdir()):
            return [f"{self.folder} is not empty and is no server's folder; set cache:folder to another"]
        return [problem for path in (*self._files, self._data) if (problem := obstacles.of_file(path)) is not None]

    def is_known(self) -> bool:
        """Whether the folder has the files of a server, or had when they were removed under one that lives."""
        has_files = self._owner_file.exists() or (self._configuration_file.exists() and self._lock_file.exists())
        return has_files or bool(self._processes())

    def exists(self) -> bool:
        """Return whether the folder is there."""
        return self.folder.is_dir()

    def is_running(self) -> bool:
        """Whether the server lives: it holds the lock that it inherited, whatever a pid file says.

        Where its lock file was removed or replaced, its process is looked for.
        """
        return self._is_locked() or bool(self._processes())

    def port(self) -> int | None:
        """Return the port that the server is configured for; None where there is no configuration, or a damaged one."""
        found = re.search(r"^port (\d{1,5})$", self._configured(), re.MULTILINE | re.ASCII)
        return int(found[1]) if found else None

    def has(self, configuration: Configuration) -> bool:
        """Whether the next start takes this configuration."""
        return self._configured() == configuration.render()

    def claim(self, owner: Owner) -> None:
        """Make the folder, and write down whose it is and which binary its data belong to.

        Raises `ServerError` where the folder cannot be used.
        """
        problems = self.obstacles()
        if problems:
            raise ServerError("\n".join(problems))
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            private_file.write(self._owner_file, json.dumps(asdict(owner)))
            self._data.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from None

    def write(self, configuration: Configuration) -> None:
        """Write the configuration that the next start takes. Raises `ServerError`."""
        try:
            private_file.write(self._configuration_file, configuration.render())
        except OSError as error:
            raise unwritable(self._configuration_file, error) from None

    def start(self, binary: Path) -> None:
        """Start the server over its written configuration and wait until it answers.

        Does nothing where it runs already. Raises `ServerError` with the server's own last words.
        """
        port = self.port()
        if port is None:
            raise ServerError(f"{self._configuration_file} is missing or damaged")
        try:
            with self._alone():
                # Two servers over the same data would destroy them.
                if self.is_running():
                    return
                process, log_start = self._begin(binary)
                self._await(process, log_start, port)
        except OSError as error:
            raise unwritable(self.folder, error) from None

    def stop(self, ask: Callable[[], bool] = lambda: False) -> None:
        """End the server, in good order if it can; does nothing where none runs.

        Only processes that have its lock file open and work in its folder are sent a signal. Where there are none to be
        seen though the lock is held, `ask` asks the server itself to end, and returns whether it was there to be asked.
        Raises `ServerError` where it was not, or where the server outlives even SIGKILL.
        """
        for which in (signal.SIGTERM, signal.SIGKILL):
            began = time.monotonic()
            signalled: set[int] = set()
            while self.is_running():
                found = self._processes()
                for number in found - signalled:
                    self._send(number, which)
                signalled |= found
                if not signalled and time.monotonic() > began + UNSEEN_SECONDS and not ask():
                    raise ServerError(
                        f"a server runs in {self.folder}, and its process cannot be seen from here: it is another "
                        "user's, or a container's; end it there, or as that user, and run this again"
                    )
                if time.monotonic() > began + STOP_SECONDS:
                    break
                time.sleep(POLL_SECONDS)
            else:
                return
        raise ServerError(f"the server in {self.folder} (process {self.process() or 'unknown'}) cannot be ended")

    def process(self) -> int | None:
        """Return the number of the server's process, the first where it has several; None where none is seen."""
        return min(self._processes(), default=None)

    def remove(self, ask: Callable[[], bool] = lambda: False) -> None:
        """End the server and remove what is ours in the folder, and the folder if nothing else is in it.

        `ask` is that of `stop`. Raises `ServerError` where the server cannot be ended, or something of ours cannot be
        removed.
        """
        self.stop(ask)
        if not self.exists():
            return
        try:
            if self._data.is_dir() and not self._data.is_symlink():
                shutil.rmtree(self._data)
            # The record last: what is left by a removal that was cut off is still known for ours.
            for file in (self._data, *(file for file in self._files if file != self._owner_file), self._owner_file):
                _discard(private_file.draft_of(file))
                _discard(file)
            if not any(self.folder.iterdir()):
                self.folder.rmdir()
        except OSError as error:
            where = shlex.quote(str(self.folder))
            raise ServerError(
                f"{error.filename or self.folder} cannot be removed: {error.strerror}; look at it, remove it "
                f"(sudo rm -r {where} takes the whole server), and run this again"
            ) from None

    @property
    def _files(self) -> tuple[Path, ...]:
        return (self._owner_file, self._configuration_file, self._lock_file, self._pid_file, self._log_file)

    def _is_locked(self) -> bool:
        """Whether the lock is held, asked in a way that no other who asks takes for the server."""
        try:
            with self._lock_file.open("rb") as lock:
                return not _is_taken(lock.fileno(), fcntl.LOCK_SH)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False
        except OSError as error:
            raise unwritable(self._lock_file, error) from None

    def _processes(self) -> set[int]:
        return processes.find(*self._place)

    def _send(self, number: int, which: signal.Signals) -> None:
        try:
            processes.send(number, which, *self._place)
        except PermissionError:
            raise ServerError(
                f"the server in {self.folder} (process {number}) is another user's: end it as that user"
            ) from None

    @property
    def _place(self) -> tuple[Path, list[Path]]:
        # The server works in its data's folder, and before that in the one above.
        folder = self.folder.resolve()
        return folder / self._lock_file.name, [folder, folder / self._data.name]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until nobody else starts a server in the folder, and keep others from it meanwhile."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _begin(self, binary: Path) -> tuple[subprocess.Popen[bytes], int]:
        """Start the process, which takes over the lock; return it, and where in the log its words begin."""
        with private_file.open_to_add(self._lock_file) as lock, private_file.open_to_add(self._log_file) as log:
            # Those who ask whether the server lives hold the lock for a moment.
            while not _is_taken(lock.fileno(), fcntl.LOCK_EX):
                time.sleep(POLL_SECONDS)
            self._pid_file.unlink(missing_ok=True)
            log_start = os.lseek(log.fileno(), 0, os.SEEK_END)
            process = subprocess.Popen(
                # The shell becomes the server, so its own process number, written before anything else can
                # happen, is the server's. It reads its configuration as standard input and so knows no file that
                # a CONFIG REWRITE could write a password into.
                ["/bin/sh", "-c", 'umask 077; echo $$ >server.pid && exec "$0" - <server.conf', str(binary)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath},
                pass_fds=[lock.fileno()],
                start_new_session=True,
            )
            return process, log_start

    def _await(self, process: subprocess.Popen[bytes], log_start: int, port: int) -> None:
        """Wait until the server answers. Raises `ServerError` where it ends or takes too long."""
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

    def _configured(self) -> str:
        try:
            return self._configuration_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _printed(self, log_start: int) -> str:
        with self._log_file.open("rb") as log:
            log.seek(log_start)
            return log.read().decode(errors="replace")

    def _last_words(self, log_start: int) -> str:
        # A server that starts warns of the machine's memory overcommit, which keeps none from starting.
        lines = [line.strip() for line in self._printed(log_start).splitlines() if "overcommit" not in line]
        telling = [line for line in lines if " # " in line or "FATAL" in line] or lines
        message = " / ".join(line.split(" # ")[-1] for line in telling[-3:] if line) or "it printed nothing"
        if any(sign in message for sign in UNREADABLE_DATA):
            message += (
                f"; its data in {self._data} are damaged: mend them (redis-check-aof --fix, redis-check-rdb), or begin "
                "without them: make down, then make up"
            )
        return message


def free_port() -> int:
    """Find a port that nothing listens on now. Another process may take it before we do: be ready to ask again."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Return whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _owner(written: bytes) -> Owner | None:
    try:
        record = json.loads(written)
        owner = Owner(**record)
    except (ValueError, TypeError, RecursionError):
        return None
    is_whole = all(isinstance(value, str) for value in asdict(owner).values())
    # Every owner is a place and a stack; what is none was changed since.
    return owner if is_whole and "#" in owner.owner else None


def _is_taken(lock: int, kind: int) -> bool:
    """Take a lock if nobody holds it in a way that excludes this one; return whether it was taken."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _discard(path: Path) -> None:
    """Remove a file, a link, or a folder with nothing in it; nothing happens where there is none."""
    try:
        path.rmdir()
    except FileNotFoundError:
        return
    except NotADirectoryError:
        path.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> ServerError:
    """Return what is said where the system does not let a file be written."""
    where = error.filename or path
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            cure = "free some space, and run this again"
        case errno.EACCES | errno.EPERM:
            cure = "make it yours (after a run as root: sudo chown -R $(id -u) .local), and run this again"
        case _:
            cure = "mend it, and run this again"
    return ServerError(f"{where} cannot be written: {error.strerror}; {cure}")
