"""Each fault made for real: a server in that state, TLS before a server that has none, or a bad socket."""

import contextlib
import shutil
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import redis

from benchmarks.certificates import Authority
from benchmarks.listeners import answering, black_hole, closing, listener, silent, tls_terminator
from benchmarks.servers import RedisServer, dead_port, free_port, until
from verify.cache import Cache
from verify.environment import CacheEnvironment
from verify.expectation import Expectation

# For a port that will never answer; every other one may take its time on a busy machine.
PATIENCE_MS = 300
NOTHING = Expectation()


class Workbench:
    """What a fault is made with: servers and listeners that end with `stack`."""

    def __init__(self, stack: contextlib.ExitStack, folder: Path, authority: Authority) -> None:
        self._stack = stack
        self.folder = folder
        self.authority = authority

    def server(self, password: str | None = None, **settings: str) -> RedisServer:
        """Start a server; underscores in the names of settings stand for hyphens."""
        folder = self.folder / f"server-{len(list(self.folder.iterdir()))}"
        lines = {name.replace("_", "-"): value for name, value in settings.items()}
        return self._stack.enter_context(RedisServer(folder, password=password, settings=lines))

    def enter(self, manager: contextlib.AbstractContextManager[int]) -> int:
        """Keep a listener open; return its port."""
        return self._stack.enter_context(manager)

    def open(self, port: int) -> socket.socket:
        """Open a connection and keep it."""
        return self._stack.enter_context(socket.create_connection(("127.0.0.1", port)))

    def secured(self, *names: str, expires: timedelta = timedelta(days=90), **options: object) -> int:
        """Put TLS before a server, with a certificate for these names."""
        certificate = self.authority.certify(self.folder, *names, expires=expires)
        handler = tls_terminator(self.server().port, certificate, **options)  # type: ignore[arg-type] # passed on
        return self.enter(listener(handler))


def plain(port: int, **changes: object) -> CacheEnvironment:
    """Return the environment of a client of that port."""
    known = CacheEnvironment(host="127.0.0.1", port=port, connect_timeout_ms=60_000, max_retries=2)
    return replace(known, **changes)  # type: ignore[arg-type] # fields of the environment


def secure(port: int, **changes: object) -> CacheEnvironment:
    """Return the environment of a client of TLS."""
    return plain(port, **{"use_tls": True, "host": "localhost", **changes})


def of(server: RedisServer, **changes: object) -> CacheEnvironment:
    """Return the environment of a client of that server."""
    return plain(server.port, **{"password": server.password, **changes})


def nothing_listens(bench: Workbench) -> CacheEnvironment:
    """The port refuses."""
    return plain(bench.enter(dead_port()))


def name_is_unknown(_: Workbench) -> CacheEnvironment:
    """`.invalid` is nobody's name (RFC 2606); the resolver may take its time to say so."""
    return plain(6379, host="cache.invalid", connect_timeout_ms=5000)


def nobody_accepts(bench: Workbench) -> CacheEnvironment:
    """The port does not answer a request to connect."""
    return plain(bench.enter(black_hole()), connect_timeout_ms=PATIENCE_MS)


def nobody_answers(bench: Workbench) -> CacheEnvironment:
    """The port connects, and is silent."""
    return plain(bench.enter(listener(silent)), connect_timeout_ms=PATIENCE_MS)


def nobody_answers_tls(bench: Workbench) -> CacheEnvironment:
    """The same, to a client that greets in TLS."""
    return secure(bench.enter(listener(silent)), connect_timeout_ms=PATIENCE_MS)


def it_hangs_up(bench: Workbench) -> CacheEnvironment:
    """The port connects, and closes at the first word."""
    return plain(bench.enter(listener(closing)))


def it_hangs_up_in_the_handshake(bench: Workbench) -> CacheEnvironment:
    """The port connects, hears the greeting in TLS, and closes."""
    return secure(bench.enter(listener(closing)))


def it_hangs_up_at_once(bench: Workbench) -> CacheEnvironment:
    """A proxy whose backend is down closes before the greeting is through."""
    return secure(bench.enter(listener(lambda _: None)))


def it_answers_half_a_line(bench: Workbench) -> CacheEnvironment:
    """The answer is cut off: it says neither that a password is asked for nor that none is."""
    return plain(bench.enter(listener(answering(b"-NOAUTH Auth"))))


def it_speaks_http(bench: Workbench) -> CacheEnvironment:
    """A web server has the port."""
    return plain(bench.enter(listener(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"))))


def tls_meets_plain_text(bench: Workbench) -> CacheEnvironment:
    """A real server waits for the end of what it takes for a command, and answers a second look in as long."""
    return secure(bench.server().port, connect_timeout_ms=2000)


def tls_meets_http(bench: Workbench) -> CacheEnvironment:
    """A web server answers the TLS greeting in plain text."""
    return secure(bench.enter(listener(answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"))))


def plain_text_meets_tls(bench: Workbench) -> CacheEnvironment:
    """The port wants TLS."""
    return plain(bench.secured("localhost"), host="localhost")


def certificate_is_untrusted(bench: Workbench) -> CacheEnvironment:
    """The authority is not in this system's list."""
    return secure(bench.secured("localhost"))


def certificate_has_expired(bench: Workbench) -> CacheEnvironment:
    """It ended yesterday."""
    port = bench.secured("localhost", expires=timedelta(days=-1))
    return secure(port, tls_ca=bench.authority.pem)


def certificate_has_another_name(bench: Workbench) -> CacheEnvironment:
    """It is for another host."""
    return secure(bench.secured("other.example"), tls_ca=bench.authority.pem)


def certificate_is_not_for_the_server_name(bench: Workbench) -> CacheEnvironment:
    """REDIS_TLS_SERVER_NAME asks for a name that it has not."""
    port = bench.secured("127.0.0.1")
    return secure(port, host="127.0.0.1", tls_ca=bench.authority.pem, tls_server_name="other.example")


def client_certificate_is_required(bench: Workbench) -> CacheEnvironment:
    """In TLS 1.3 the refusal comes after the handshake."""
    port = bench.secured("localhost", client_authority=bench.authority.pem)
    return secure(port, tls_ca=bench.authority.pem)


def client_certificate_is_required_in_tls_12(bench: Workbench) -> CacheEnvironment:
    """In TLS 1.2 it comes within."""
    port = bench.secured("localhost", client_authority=bench.authority.pem, newest=ssl.TLSVersion.TLSv1_2)
    return secure(port, tls_ca=bench.authority.pem)


def tls_is_too_old(bench: Workbench) -> CacheEnvironment:
    """The server speaks TLS 1.1 at best."""
    port = bench.secured("localhost", newest=ssl.TLSVersion.TLSv1_1)
    return secure(port, tls_ca=bench.authority.pem)


def authority_is_no_certificate(bench: Workbench) -> CacheEnvironment:
    """An environment that was made by hand, past the parser that would refuse it."""
    return secure(bench.secured("localhost"), tls_ca="not a certificate")


def password_is_wrong(bench: Workbench) -> CacheEnvironment:
    """The server has another one."""
    return of(bench.server("right"), password="wrong")  # noqa: S106 - of a server that lives for a second


def user_is_unknown(bench: Workbench) -> CacheEnvironment:
    """The server has no such user."""
    return of(bench.server("right"), username="nobody")


def user_is_off(bench: Workbench) -> CacheEnvironment:
    """The user may not log in."""
    server = bench.server("right")
    server.client().execute_command("ACL", "SETUSER", "app", "off", ">right")
    return of(server, username="app")


def password_is_missing(bench: Workbench) -> CacheEnvironment:
    """The environment has none."""
    return of(bench.server("right"), password=None)


def password_is_wanted_by_nobody(bench: Workbench) -> CacheEnvironment:
    """With HELLO a server without a password takes any; only the older AUTH says so."""
    return of(bench.server(rename_command='HELLO ""'), password="unasked")  # noqa: S106 - the same


def command_is_forbidden(bench: Workbench) -> CacheEnvironment:
    """The user may neither read nor write."""
    server = bench.server("right")
    server.client().execute_command("ACL", "SETUSER", "app", "on", ">right", "~*", "+@all", "-set", "-get")
    return of(server, username="app")


def key_is_forbidden(bench: Workbench) -> CacheEnvironment:
    """The user has another application's keys."""
    server = bench.server("right")
    server.client().execute_command("ACL", "SETUSER", "app", "on", ">right", "~app:*", "+@all")
    return of(server, username="app")


def protected_mode(bench: Workbench) -> CacheEnvironment:
    """A real server says so to other machines alone; these are its words (networking.c)."""
    return plain(bench.enter(listener(answering(b"-DENIED Redis is running in protected mode because\r\n"))))


def data_are_loading(bench: Workbench) -> CacheEnvironment:
    """A server that reads its snapshot for minutes, and answers after each kilobyte of it."""
    server = bench.server(
        dbfilename="dump.rdb", rdbcompression="no", key_load_delay="30000", loading_process_events_interval_bytes="1024"
    )
    admin = server.client()
    with admin.pipeline(transaction=False) as pipeline:
        for number in range(5000):
            pipeline.set(f"key-{number}", b"x" * 1024)
        pipeline.execute()
    admin.save()
    server.stop()
    server.start()
    return of(server)


def clients_are_too_many(bench: Workbench) -> CacheEnvironment:
    """The one client that the server may have is there already."""
    server = bench.server()
    server.client().config_set("maxclients", 1)
    return of(server)


def memory_is_full(bench: Workbench) -> CacheEnvironment:
    """Nothing may be evicted."""
    return of(bench.server(maxmemory="1kb", maxmemory_policy="noeviction"))


def memory_is_full_of_lasting_keys(bench: Workbench) -> CacheEnvironment:
    """Only keys with a TTL may be evicted, and there are none."""
    server = bench.server(maxmemory_policy="volatile-lru")
    server.client().set("lasting", "x" * 100_000)
    server.client().config_set("maxmemory", "100kb")
    return of(server)


def server_is_a_replica(bench: Workbench) -> CacheEnvironment:
    """It takes no writes."""
    return of(bench.server(replicaof=f"127.0.0.1 {bench.enter(dead_port())}"))


def primary_is_lost(bench: Workbench) -> CacheEnvironment:
    """Nor does it serve what it still has."""
    return of(bench.server(replicaof=f"127.0.0.1 {bench.enter(dead_port())}", replica_serve_stale_data="no"))


def replicas_are_too_few(bench: Workbench) -> CacheEnvironment:
    """The server wants one in sync, and has none."""
    return of(bench.server(min_replicas_to_write="1"))


def disk_is_gone(bench: Workbench) -> CacheEnvironment:
    """The last snapshot failed."""
    server = bench.server(save="3600 1")
    admin = server.client()
    admin.set("key", "value", ex=60)
    shutil.rmtree(server.folder)
    with contextlib.suppress(redis.ResponseError):
        admin.bgsave()
    until(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err")
    return of(server)


def script_runs_for_ever(bench: Workbench) -> CacheEnvironment:
    """The server answers nobody else."""
    server = bench.server(lua_time_limit="1")
    script = bench.open(server.port)
    script.sendall(b'EVAL "while true do end" 0\r\n')
    until(lambda: _says(server, "BUSY"))
    return of(server)


def server_is_a_cluster_node(bench: Workbench) -> CacheEnvironment:
    """It has no slots, so no key belongs to it."""
    return of(bench.server(cluster_enabled="yes", cluster_port=str(free_port())))


def read_and_write(cache: Cache) -> None:
    """Do what an application does: some faults refuse the one, some the other."""
    cache.get("some-key")
    cache.set("some-key", b"value", ttl_seconds=60)


def _says(server: RedisServer, word: str) -> bool:
    try:
        server.client().ping()
    except redis.RedisError as error:
        return word in str(error)
    return False


@dataclass(frozen=True)
class Case:
    """How to make a fault, its code, a word of its remedy, and what it may cost."""

    make: Callable[[Workbench], CacheEnvironment]
    code: str
    remedy: str
    retryable: bool = False
    at_a_command: bool = False  # the server greets, and refuses the command


CASES = (
    Case(nothing_listens, "connection-refused", "REDIS_PORT", retryable=True),
    Case(name_is_unknown, "name-not-resolved", "REDIS_HOST", retryable=True),
    Case(nobody_accepts, "connect-timeout", "security group", retryable=True),
    Case(nobody_answers, "no-answer", "REDIS_USE_TLS=true", retryable=True),
    Case(nobody_answers_tls, "no-answer", "REDIS_PORT", retryable=True),
    Case(it_hangs_up, "connection-closed", "REDIS_USE_TLS=true", retryable=True),
    Case(it_speaks_http, "not-redis", "REDIS_PORT"),
    Case(tls_meets_plain_text, "tls-not-spoken", "REDIS_USE_TLS=false"),
    Case(tls_meets_http, "tls-not-spoken", "REDIS_USE_TLS=false"),
    Case(plain_text_meets_tls, "tls-required", "REDIS_USE_TLS=true"),
    Case(certificate_is_untrusted, "certificate-untrusted", "REDIS_TLS_CA"),
    Case(certificate_has_expired, "certificate-out-of-date", "Renew"),
    Case(certificate_has_another_name, "certificate-name", "REDIS_TLS_SERVER_NAME"),
    Case(certificate_is_not_for_the_server_name, "certificate-name", "REDIS_TLS_SERVER_NAME"),
    Case(client_certificate_is_required, "client-certificate-required", "tls-auth-clients"),
    Case(client_certificate_is_required_in_tls_12, "client-certificate-required", "tls-auth-clients"),
    Case(it_hangs_up_in_the_handshake, "tls-closed", "a restart", retryable=True),
    Case(it_hangs_up_at_once, "tls-closed", "a restart", retryable=True),
    Case(it_answers_half_a_line, "connection-closed", "a restart", retryable=True),
    Case(tls_is_too_old, "tls-version", "tls-protocols"),
    Case(authority_is_no_certificate, "ca-unreadable", "REDIS_TLS_CA"),
    Case(password_is_wrong, "wrong-password", "REDIS_PASSWORD"),
    Case(user_is_unknown, "wrong-password", "REDIS_USERNAME"),
    Case(user_is_off, "wrong-password", "REDIS_USERNAME"),
    Case(password_is_missing, "password-missing", "REDIS_PASSWORD"),
    Case(password_is_wanted_by_nobody, "password-not-asked", "empty REDIS_PASSWORD"),
    Case(command_is_forbidden, "not-permitted", "ACL", at_a_command=True),
    Case(key_is_forbidden, "not-permitted", "ACL", at_a_command=True),
    Case(protected_mode, "protected-mode", "requirepass"),
    Case(data_are_loading, "loading", "--wait", retryable=True),
    Case(clients_are_too_many, "too-many-clients", "maxclients", retryable=True),
    Case(memory_is_full, "out-of-memory", "cache:memoryMb", at_a_command=True),
    Case(memory_is_full_of_lasting_keys, "out-of-memory", "TTLs", at_a_command=True),
    Case(server_is_a_replica, "read-only", "primary endpoint", retryable=True, at_a_command=True),
    Case(primary_is_lost, "master-down", "primary endpoint", retryable=True),
    Case(replicas_are_too_few, "too-few-replicas", "min-replicas-to-write", retryable=True, at_a_command=True),
    Case(disk_is_gone, "save-failed", "disk"),
    Case(script_runs_for_ever, "busy-script", "SCRIPT KILL", retryable=True),
    Case(server_is_a_cluster_node, "cluster-mode", "cluster mode disabled", at_a_command=True),
)
