"""Backup and restore of a server whose data folder can be reached: by its own RDB file, which it writes and checks.

A file is what `BGSAVE` writes (redis.io/docs, "Persistence"). What is in one, and whether it is whole, the server's
`redis-check-rdb` says: the engine, its version, the number of keys, and the checksum at the end.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, cast

from infra.backup import BackupError, Manifest, RunningCache, Sampled
from verify.environment import CacheEnvironment

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis

# A million keys take two seconds; a busy disk and the largest tier take longer.
SAVE_SECONDS: Final = 1800.0
ANSWER_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.05

_AUXILIARY: Final = re.compile(r"AUX FIELD (redis|valkey)-ver = '([^']*)'")
_KEYS: Final = re.compile(r"\[info\] (\d+) keys read")

# Beside the server's own dump.rdb, which its next save replaces while this one is read. A server without snapshots has
# none of its own, and a start without persistence would load it.
_HOLD: Final[Mapping[str, str]] = {
    "snapshot": "ln -f dump.rdb backup.rdb && redis-check-rdb backup.rdb",
    "append-only": "mv -f dump.rdb backup.rdb && redis-check-rdb backup.rdb",
    "none": "mv -f dump.rdb backup.rdb && redis-check-rdb backup.rdb",
}
_READ: Final = "cat backup.rdb"
_RELEASE: Final = "rm -f backup.rdb"

_WRITE: Final = "umask 077 && cat >restore.rdb && redis-check-rdb restore.rdb"
_DISCARD: Final = "rm -f restore.rdb"
# One rename each: what a start loads is what was there before or what is restored. An append-only file begins with a
# base, which may be an RDB file, and its manifest says which (redis.io/docs, "Persistence", since 7.0).
_SWITCH: Final[Mapping[str, str]] = {
    "snapshot": "mv -f restore.rdb dump.rdb",
    "none": "mv -f restore.rdb dump.rdb",
    "append-only": """
        set -e; umask 077; mkdir -p appendonlydir; cd appendonlydir
        base=restored-$(date +%s)-$$.base.rdb
        mv -f ../restore.rdb "$base"
        printf 'file %s seq 1 type b\\n' "$base" >restored.manifest
        mv -f restored.manifest appendonly.aof.manifest
        for file in *; do case $file in "$base"|appendonly.aof.manifest) ;; *) rm -f "$file" ;; esac; done
    """,
}
_SETTLE: Final[Mapping[str, str]] = {"snapshot": ":", "append-only": "rm -f dump.rdb", "none": "rm -f dump.rdb"}


# By the type that TYPE says; of what a module added nothing is compared but its life.
READ: Final[Mapping[str, Callable[[redis.Redis, str], object]]] = {
    "string": lambda server, key: server.get(key),
    "list": lambda server, key: server.lrange(key, 0, -1),
    "hash": lambda server, key: server.hgetall(key),
    "set": lambda server, key: server.smembers(key),
    "zset": lambda server, key: server.zrange(key, 0, -1, withscores=True),
    "stream": lambda server, key: server.xrange(key),
}


class DataFolder(Protocol):
    """The data folder of a server, with the server's own tools beside it."""

    def run(self, script: str, *, given: IO[bytes] | None = None, taken: IO[bytes] | None = None) -> str:
        """Run a script of the POSIX shell in the folder, whether the server lives or not; return what it printed.

        `given` is its standard input, `taken` gets what it prints. Raises `BackupError` with its last words.
        """

    def stop(self) -> None:
        """End the server in good order. Raises `BackupError`."""

    def start(self) -> None:
        """Start the server again. Raises `BackupError`."""


@dataclass(frozen=True)
class RdbBackups:
    """What a backend offers whose servers' data folders can be reached (`infra.backup.Backups`)."""

    # Finds the data folder of a stack's server. Raises `BackupError` where it is gone.
    folder_of: Callable[[RunningCache], DataFolder]
    # The settings with which a second stack stands beside one (`infra.backup.Backups`).
    beside: Callable[[], Mapping[str, str | None]]

    def sample(self, cache: RunningCache, keys: Collection[str] = (), *, size: int = 0) -> Mapping[str, Sampled]:
        """Read these keys, or some of the cache's, `size` at most. Raises `BackupError`."""
        import redis

        try:
            with client(cache) as server:
                return _sampled(server, keys or _some(server, size))
        except redis.RedisError as error:
            raise BackupError(f"the cache of stack {cache.stack} could not be read: {error}") from None

    def take(self, cache: RunningCache, target: Path) -> Manifest:
        """Have the server save, and copy its file. Raises `BackupError`."""
        folder = self.folder_of(cache)
        try:
            save(cache)
            checked = folder.run(_HOLD[persistence_of(cache)])
            with target.open("xb") as copy:
                target.chmod(0o600)
                folder.run(_READ, taken=copy)
                copy.flush()
                os.fsync(copy.fileno())
        finally:
            folder.run(_RELEASE)
        return _manifest(checked, target, stack=cache.stack, tier=cache.tier, backend=str(cache.outputs["backend"]))

    def inspect(self, cache: RunningCache, source: Path) -> Manifest:
        """Have the server's tool read the file, and compare it with what the server can read. Raises `BackupError`."""
        folder = self.folder_of(cache)
        try:
            with source.open("rb") as given:
                checked = folder.run(_WRITE, given=given)
        except OSError as error:
            raise BackupError(f"{source} cannot be read: {error.strerror}") from None
        except BackupError as error:
            raise BackupError(f"{source} is damaged, or no RDB file that this server can read: {error}") from None
        finally:
            folder.run(_DISCARD)
        manifest = _manifest(checked, source)
        with client(cache) as server:
            engine, version = _engine(server)
        if manifest.engine != engine or _numbers(manifest.version) > _numbers(version):
            raise BackupError(
                f"{source} is of {manifest.engine} {manifest.version}, and the cache is {engine} {version}, which "
                "cannot be relied on to read it: restore it into a stack of that engine, of the same version or a newer"
            )
        return manifest

    def restore(self, cache: RunningCache, source: Path) -> None:
        """Put the file in the place of the server's data. Raises `BackupError`."""
        folder, persistence = self.folder_of(cache), persistence_of(cache)
        with source.open("rb") as given:
            folder.run(_WRITE, given=given)
        if persistence == "none":
            # Its data are nowhere else: what its next start loads is there before it ends.
            folder.run(_SWITCH[persistence])
            folder.stop()
        else:
            folder.stop()
            folder.run(_SWITCH[persistence])
        folder.start()

    def settle(self, cache: RunningCache) -> None:
        """Remove the file that a server without snapshots was started from. Raises `BackupError`."""
        self.folder_of(cache).run(_SETTLE[persistence_of(cache)])


def save(cache: RunningCache) -> None:
    """Have the server write its dump.rdb, and wait for it. Raises `BackupError`."""
    import redis

    deadline = time.monotonic() + SAVE_SECONDS
    try:
        with client(cache) as server:
            # While one is under way already, or an append-only file is rewritten, a save is refused.
            while not _began(server) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
            while (state := _persistence(server))["rdb_bgsave_in_progress"] and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
    except redis.RedisError as error:
        raise BackupError(f"the cache of stack {cache.stack} could not be asked to save: {error}") from None
    if state["rdb_bgsave_in_progress"]:
        raise BackupError(f"the cache of stack {cache.stack} did not end its save within {SAVE_SECONDS:.0f} s")
    if state["rdb_last_bgsave_status"] != "ok":
        raise BackupError(
            f"the cache of stack {cache.stack} could not write its file: its log says why (a full disk is the rule)"
        )


@contextmanager
def client(cache: RunningCache) -> Iterator[redis.Redis]:
    """Connect as the user that administers the cache, where there is one, else as the application's."""
    import redis

    known = CacheEnvironment.from_mapping(cache.outputs.get("operatorConnection") or cache.outputs["connection"])
    with redis.Redis(
        host=str(known.host),
        port=known.port,
        username=known.username,
        password=known.password,
        socket_timeout=ANSWER_SECONDS,
        # A key or a value may be any bytes, and a key is sent back.
        encoding_errors="surrogateescape",
        decode_responses=True,
    ) as server:
        yield server


def persistence_of(cache: RunningCache) -> str:
    """Return how the cache's data outlive a restart, as its stack asked for it."""
    return str(cache.outputs["expectation"]["persistence"])


def _began(server: redis.Redis) -> bool:
    import redis

    if _persistence(server)["rdb_bgsave_in_progress"] or _persistence(server)["aof_rewrite_in_progress"]:
        return False
    try:
        server.bgsave(schedule=False)
    except redis.ResponseError as error:
        if "in progress" in str(error):
            return False
        raise
    return True


def _persistence(server: redis.Redis) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", server.info("persistence"))


def _engine(server: redis.Redis) -> tuple[str, str]:
    known = cast("Mapping[str, Any]", server.info("server"))
    if "valkey_version" in known:
        return "valkey", str(known["valkey_version"])
    return "redis", str(known["redis_version"])


def _some(server: redis.Redis, size: int) -> Collection[str]:
    with server.pipeline(transaction=False) as together:
        for _ in range(size):
            together.randomkey()
        return {key for key in together.execute() if key is not None}


def _sampled(server: redis.Redis, keys: Collection[str]) -> Mapping[str, Sampled]:
    """Read each key in one transaction. How long it was idle is asked first: the reading is a use of it."""
    found = {}
    for key in keys:
        with server.pipeline(transaction=True) as together:
            together.object("idletime", key)
            together.type(key)
            together.execute_command("PEXPIRETIME", key)
            idle, kind, expires_at = together.execute(raise_on_error=False)
        value = READ[kind](server, key) if kind in READ else None
        found[key] = Sampled(value, expires_at, idle if isinstance(idle, int) else None)
    return found


def _manifest(checked: str, file: Path, *, stack: str = "", tier: str = "", backend: str = "") -> Manifest:
    found, keys = _AUXILIARY.search(checked), _KEYS.search(checked)
    if found is None or keys is None:
        raise BackupError(f"{file} does not say which engine wrote it")
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Manifest(
        engine=found[1],
        version=found[2],
        keys=int(keys[1]),
        bytes=file.stat().st_size,
        sha256=digest,
        taken_at=datetime.now(UTC).isoformat(timespec="seconds"),
        stack=stack,
        tier=tier,
        backend=backend,
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def run_command(command: list[str], *, given: IO[bytes] | None, taken: IO[bytes] | None, **options: Any) -> str:
    """Run a program for a data folder; return what it printed. Raises `BackupError` with its last words."""
    try:
        done = subprocess.run(
            command,
            stdin=given or subprocess.DEVNULL,
            stdout=taken or subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
            **options,
        )
    except OSError as error:
        raise BackupError(f"{command[0]} cannot be run: {error.strerror}") from None
    printed = (done.stdout or b"").decode(errors="replace")
    if done.returncode:
        lines = [line for line in (printed + done.stderr.decode(errors="replace")).splitlines() if line.strip()]
        raise BackupError(" / ".join(lines[-3:]) or f"{command[0]} failed")
    return printed
