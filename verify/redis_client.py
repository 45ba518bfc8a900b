"""A redis-py client with every option chosen for what managed services are and allow.

What redis-py does by default and this does not: ask CLIENT for a name, for library data and for maintenance
notifications (four round trips, and Memorystore blocks CLIENT); build a new TLS context for every connection
(40 ms); try a wrong password four times; give up where HELLO is unknown, as on Redis before 6 and some proxies; keep
the other connections to a server that has become a replica; refuse a thread that finds all connections in use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.client import Pipeline
from redis.connection import BlockingConnectionPool, Connection, DefaultParser
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from verify import deadline, preflight
from verify.diagnosis import cache_error, diagnose
from verify.environment import CacheEnvironment
from verify.faults import (
    ANSWER_WITHOUT_END,
    CONNECTION_CLOSED,
    LOADING,
    MASTER_DOWN,
    NO_ANSWER,
    NOT_REDIS,
    PASSWORD_MISSING,
    PASSWORD_NOT_ASKED,
    PROTECTED_MODE,
    READ_ONLY,
    WRONG_PASSWORD,
    CacheError,
)

_RESP2: Final = 2
_RESP3: Final = 3
_FIRST_PAUSE_SECONDS: Final = 0.1
_LONGEST_PAUSE_SECONDS: Final = 1.0
_ABOUT_THE_LOGIN: Final = (WRONG_PASSWORD, PASSWORD_NOT_ASKED, PROTECTED_MODE)
# What a port of TLS looks like to a client of plain text, and what a refusal in TLS may look like.
_MISTAKABLE: Final = (CONNECTION_CLOSED, NOT_REDIS)
_MOST_CONNECTIONS: Final = 100  # redis-py's own default
# After one of these the endpoint may lead to another server.
_FAILOVER: Final = (READ_ONLY, MASTER_DOWN, LOADING, CONNECTION_CLOSED, NO_ANSWER)


def open_client(environment: CacheEnvironment, *, retries: int | None = None) -> redis.Redis:
    """Return a client that connects at its first command, safe to share between threads.

    `retries` stands in for the environment's; only faults that a retry can cure are tried again. A thread that finds
    all 100 connections in use waits for one, as long as one attempt to connect may take.
    """
    pool = BlockingConnectionPool(
        max_connections=_MOST_CONNECTIONS,
        timeout=environment.connect_timeout_seconds,
        connection_class=_Connection,
        environment=environment,
        # Whoever tries nothing again looks at the server that it is connected to.
        failovers=_Failovers() if retries is None else None,
        host=environment.host,
        port=environment.port,
        username=environment.username,
        password=environment.password,
        protocol=_RESP3,
        socket_connect_timeout=environment.connect_timeout_seconds,
        socket_timeout=environment.connect_timeout_seconds,
        retry=_Retry(environment, environment.max_retries if retries is None else retries),
        client_name=None,
        driver_info=None,
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    client = _Client(connection_pool=pool)
    # The pool is this client's alone; redis-py closes it with the client only when it is told so.
    client.auto_close_connection_pool = True
    return client


class _Client(redis.Redis):
    """A client whose pipelines leave an error as the server worded it."""

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:  # noqa: FBT001, FBT002 — redis-py's signature
        """Return a pipeline on this client's connections."""
        return _Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class _Pipeline(Pipeline):
    def annotate_exception(self, exception: Exception, number: int, command: Any) -> None:
        """Leave the error alone: redis-py puts the command before it, with the application's value in it."""


@dataclass
class _Failovers:
    """How many failovers the connections of one client have met."""

    count: int = 0


class _Retry(Retry):
    """Retries what a retry can cure: redis-py retries a wrong password and an untrusted certificate too."""

    def __init__(self, environment: CacheEnvironment, retries: int) -> None:
        # Every error is looked at, since redis-py's own choice leaves out BUSY, MASTERDOWN and NOREPLICAS. What is
        # done again are reads, and writes that come to the same when they are done twice.
        super().__init__(
            ExponentialWithJitterBackoff(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS),
            retries,
            supported_errors=(redis.RedisError, OSError, CacheError),
        )
        self._tls = environment.use_tls

    def call_with_retry(
        self,
        do: Callable[[], Any],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,  # noqa: FBT001, FBT002 — redis-py's signature
    ) -> Any:
        """Do it, and again after a fault that may pass; redis-py's own condition holds too."""

        def curable(error: Exception) -> bool:
            return (is_retryable is None or is_retryable(error)) and diagnose(error, tls=self._tls).retryable

        return super().call_with_retry(do, fail, curable, with_failure_count)


class _Connection(Connection):
    """A connection, in TLS where the environment asks for it.

    It goes on with RESP2 where HELLO is refused (redis-py issue 4089). One that was made before a failover is closed
    before it is used again: its server may be a replica by now, which answers reads with old data. Only the thread that
    uses a connection closes it.
    """

    def __init__(self, *, environment: CacheEnvironment, failovers: _Failovers | None, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call] # redis-py leaves it so
        self._environment = environment
        self._failovers = failovers or _Failovers()
        self._notes_failovers = failovers is not None
        self._made_after = 0

    def connect(self) -> None:
        """Connect, unless a connection stands that is younger than the last failover."""
        if self._made_after != self._failovers.count:
            self.disconnect()  # type: ignore[no-untyped-call] # redis-py leaves it so
        super().connect()  # type: ignore[no-untyped-call] # redis-py leaves it so

    def connect_check_health(self, check_health: bool = True, retry_socket_connect: bool = True) -> None:  # noqa: FBT001, FBT002 — redis-py's signature
        """Connect in one attempt: the command that wants the connection is tried again as a whole."""
        del retry_socket_connect
        super().connect_check_health(check_health, retry_socket_connect=False)

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Read an answer, note one that shows a failover, and refuse one that is none."""
        try:
            return super().read_response(*arguments, **options)
        except RecursionError:
            # Lists in lists, or messages that nobody asked for, one after the other.
            raise CacheError(ANSWER_WITHOUT_END) from None
        except (ValueError, TypeError) as error:
            # What redis-py's parser makes of a length that is no number, or of a key that is a list.
            raise redis.InvalidResponse(f"Protocol Error: {error}") from None
        except redis.RedisError as error:
            is_first = self._notes_failovers and self._made_after == self._failovers.count
            if is_first and diagnose(error, tls=self._environment.use_tls) in _FAILOVER:
                self._failovers.count += 1
            raise

    def _connect(self) -> Any:
        self._made_after = self._failovers.count
        # A name server that is silent holds redis-py's own way for long.
        plain = (
            preflight.connect(self._environment, self._environment.connect_timeout_seconds)
            if deadline.is_set()
            else super()._connect()  # type: ignore[no-untyped-call] # redis-py leaves it so
        )
        try:
            return deadline.guard(preflight.secure(plain, self._environment))
        except BaseException:
            plain.close()
            raise

    def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 — redis-py's signature
        """Greet the server, in the older protocol if it refuses the newer one.

        Where it closes or speaks no Redis, look once more: the port may want TLS, and what TLS says of the client may
        be lost with the connection.
        """
        try:
            self._greet(check_health=check_health)
        except redis.RedisError as error:
            told = cache_error(error, self._environment)
            better = told if told.fault not in _MISTAKABLE else preflight.better_named(told, self._environment)
            if better is told:
                raise
            raise redis.ConnectionError(better.detail) from better

    def _greet(self, *, check_health: bool) -> None:
        try:
            super().on_connect_check_health(check_health=check_health)
        except (redis.RedisError, AttributeError) as error:
            if self.protocol == _RESP2 or not self._refuses_hello(error):
                raise
            self.protocol = _RESP2
            # The parser of the newer protocol waits for ever behind the older one's null.
            self.set_parser(DefaultParser)  # type: ignore[no-untyped-call] # redis-py leaves it so
            if self.is_connected:
                super().on_connect_check_health(check_health=check_health)
            else:
                # NOAUTH has cost the connection.
                self.connect()

    def _refuses_hello(self, error: Exception) -> bool:
        """Whether the server has no HELLO 3: any refusal that is not about the login, and an answer that is none."""
        if isinstance(error, AttributeError) or str(error) == "Invalid RESP version":
            # What redis-py makes of an answer that is no map, and of one that names the older protocol.
            return True
        fault = diagnose(error, tls=self._environment.use_tls)
        if fault is PASSWORD_MISSING:
            # Valkey says so to a client that has brought a password.
            return self.password is not None
        return isinstance(error, redis.ResponseError) and fault not in _ABOUT_THE_LOGIN and not fault.retryable
