"""Every fault that we know: a stable code, its cause, its remedy, and the signs that it shows itself by.

The order of the table is the order in which the signs are tried, and the order of docs/faults.md. The codes
are part of the interface: dashboards and alarms match on them, so they are never renamed.
"""

import socket
import ssl
from dataclasses import dataclass, field
from typing import Final, Literal

from verify.exit_code import ExitCode
from verify.redaction import legible

Layer = Literal["configuration", "name", "network", "tls", "authentication", "server", "expectation", "application"]
Phase = Literal["resolve", "connect", "handshake", "answer"]


@dataclass(frozen=True, kw_only=True)
class Sign:
    """One way in which a fault shows itself; whatever is given must hold.

    `reply` is how the server's error reply begins, `words` a text somewhere in the error or one that caused
    it, `raised` the class of one of them, `certificate` OpenSSL's verification result (X509_V_ERR_*), `phase`
    how far the connection had come, and `tls` whether we spoke TLS.
    """

    reply: str | None = None
    message: str | None = None
    raised: type[BaseException] | None = None
    certificate: tuple[int, ...] = ()
    phase: Phase | None = None
    tls: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong, why, and what cures it.

    Two are the same whose codes are: cause and remedy may name more of what was seen.

    A `retryable` fault may be gone at the next attempt; any other stops at once. `exit_code` is what
    `python -m verify` ends with when the cache cannot be reached for it.
    """

    code: str
    layer: Layer
    cause: str = field(compare=False)
    remedy: str = field(compare=False)
    retryable: bool = False
    exit_code: ExitCode = ExitCode.FAILED
    signs: tuple[Sign, ...] = field(default=(), repr=False)


class CacheError(Exception):
    """The cache did not do what it was asked; `fault` says why, and `detail` in the driver's words, for logs.

    It is raised without the driver's own error in its chain, which repeats what the server said, passwords too. A
    traceback shows the detail instead, in a note.
    """

    def __init__(self, fault: Fault, detail: str = "") -> None:
        """Word the error for people: cause and remedy, and no text of the driver.

        The detail must hold no secret: `verify.diagnosis.cache_error` sees to that.
        """
        super().__init__(f"{fault.code}: {fault.cause}. {fault.remedy}.")
        self.fault = fault
        self.detail = legible(detail)
        if detail:
            self.add_note(self.detail)


# --- configuration ---------------------------------------------------------------------------------------

NO_HOST = Fault(
    code="no-host",
    layer="configuration",
    cause="REDIS_HOST is empty: nothing to verify",
    remedy="Set REDIS_HOST, for example with the lines of `make env`",
    exit_code=ExitCode.CONFIGURATION,
)
CLIENT_MISSING = Fault(
    code="client-missing",
    layer="configuration",
    cause="the client library redis-py is not installed here",
    remedy="Install the requirements with `make install`, or `pip install redis` where verify ships alone",
    exit_code=ExitCode.CONFIGURATION,
    signs=(Sign(raised=ModuleNotFoundError, message="No module named 'redis'"),),
)

# --- name ------------------------------------------------------------------------------------------------

NAME_NOT_RESOLVED = Fault(
    code="name-not-resolved",
    layer="name",
    cause="the name in REDIS_HOST does not resolve from here",
    remedy="Check REDIS_HOST for a typo; a private endpoint resolves only inside its network, so run from there",
    retryable=True,
    exit_code=ExitCode.UNREACHABLE,
    signs=(Sign(raised=socket.gaierror), Sign(raised=UnicodeError, phase="resolve")),
)

# --- network ---------------------------------------------------------------------------------------------

CONNECTION_REFUSED = Fault(
    code="connection-refused",
    layer="network",
    cause="the host answers, and nothing listens on REDIS_PORT",
    remedy="See that the server runs (`make up`), that REDIS_HOST and REDIS_PORT are right, "
    "and that the security group or firewall rule lets this port in",
    retryable=True,
    signs=(Sign(raised=ConnectionRefusedError),),
)
NO_ROUTE = Fault(
    code="no-route",
    layer="network",
    cause="there is no route from here to REDIS_HOST",
    remedy="Run from inside the cache's network, or connect this machine to it (VPN, peering, a route)",
    retryable=True,
    exit_code=ExitCode.UNREACHABLE,
    signs=(
        Sign(message="Network is unreachable"),
        Sign(message="No route to host"),
        Sign(message="Host is unreachable"),
    ),
)

# --- TLS -------------------------------------------------------------------------------------------------

TLS_NOT_SPOKEN = Fault(
    code="tls-not-spoken",
    layer="tls",
    cause="REDIS_USE_TLS is true, and the port speaks plain text",
    remedy="Set REDIS_USE_TLS=false for a server without TLS (a local one), or switch encryption in "
    "transit on at the server",
    signs=(Sign(message="WRONG_VERSION_NUMBER", tls=True),),
)
TLS_REQUIRED = Fault(
    code="tls-required",
    layer="tls",
    cause="REDIS_USE_TLS is not true, and the port speaks TLS",
    remedy="Set REDIS_USE_TLS=true, as cloud providers want it",
)
CERTIFICATE_OUT_OF_DATE = Fault(
    code="certificate-out-of-date",
    layer="tls",
    cause="the server's certificate has expired, or is not valid yet",
    remedy="Renew the server's certificate (a managed service does so in a maintenance), and check "
    "this machine's clock",
    signs=(Sign(certificate=(9, 10)),),
)
CERTIFICATE_NAME = Fault(
    code="certificate-name",
    layer="tls",
    cause="the server's certificate is for another name than REDIS_HOST",
    remedy="Set REDIS_HOST to the name in the certificate, or REDIS_TLS_SERVER_NAME where the address must stay",
    signs=(Sign(certificate=(62, 64)),),
)
CERTIFICATE_UNTRUSTED = Fault(
    code="certificate-untrusted",
    layer="tls",
    cause="the server's certificate comes from an authority that is not trusted here",
    remedy="Set REDIS_TLS_CA to the authority's certificates as PEM text (all of Memorystore's list), "
    "or install this system's CA bundle",
    signs=(Sign(raised=ssl.SSLCertVerificationError),),
)
CLIENT_CERTIFICATE_REQUIRED = Fault(
    code="client-certificate-required",
    layer="tls",
    cause="the server broke the TLS handshake off, as one does that wants a certificate from its clients",
    remedy="Switch client certificates off at the server (tls-auth-clients no): the REDIS_* variables carry none",
    signs=(
        Sign(message="CERTIFICATE_REQUIRED", tls=True),
        Sign(message="HANDSHAKE_FAILURE", tls=True),
    ),
)
TLS_CLOSED = Fault(
    code="tls-closed",
    layer="tls",
    cause="the server closed the connection in the TLS handshake, without a reason",
    remedy="See in the log of the server, or of the proxy before it, why it closed: a restart, a backend that is down, "
    "or a client certificate that it wants (tls-auth-clients no ends that)",
    retryable=True,
    signs=(
        Sign(raised=ssl.SSLEOFError, phase="handshake"),
        Sign(raised=ConnectionResetError, phase="handshake"),
        Sign(raised=BrokenPipeError, phase="handshake"),
    ),
)
TLS_VERSION = Fault(
    code="tls-version",
    layer="tls",
    cause="server and client have no version of TLS in common",
    remedy="Switch TLS 1.2 or 1.3 on at the server (tls-protocols)",
    signs=(
        Sign(message="PROTOCOL_VERSION", tls=True),
        Sign(message="UNSUPPORTED_PROTOCOL", tls=True),
        Sign(message="NO_PROTOCOLS_AVAILABLE", tls=True),
    ),
)
CA_UNREADABLE = Fault(
    code="ca-unreadable",
    layer="tls",
    cause="the certificate authority's file or text cannot be read",
    remedy="Set REDIS_TLS_CA to the PEM text itself, with its line breaks",
    signs=(
        Sign(message="no certificate or crl found"),
        Sign(message="no start line"),
        Sign(raised=FileNotFoundError),
    ),
)
TLS_FAILED = Fault(
    code="tls-failed",
    layer="tls",
    cause="the TLS handshake failed",
    remedy="Check that REDIS_PORT is the port that speaks TLS, and REDIS_USE_TLS",
    signs=(Sign(raised=ssl.SSLError),),
)

# --- network, once the connection stood --------------------------------------------------------------------

CONNECT_TIMEOUT = Fault(
    code="connect-timeout",
    layer="network",
    cause="nothing answered a request to connect within REDIS_CONNECT_TIMEOUT",
    remedy="Add a security group or firewall rule that lets this machine in on REDIS_PORT, "
    "or run from inside the cache's network",
    retryable=True,
    exit_code=ExitCode.UNREACHABLE,
    signs=(
        Sign(raised=TimeoutError, phase="connect"),
        Sign(message="Timeout connecting to server"),
    ),
)
CONNECTIONS_IN_USE = Fault(
    code="connections-in-use",
    layer="network",
    cause="all 100 connections of this client were in use for as long as REDIS_CONNECT_TIMEOUT",
    remedy="See why commands take so long (`python -m verify check` measures the latency), run fewer threads in one "
    "process, or raise REDIS_CONNECT_TIMEOUT, which is how long a thread waits",
    retryable=True,
    signs=(Sign(message="No connection available."),),
)
NO_ANSWER = Fault(
    code="no-answer",
    layer="network",
    cause="the port accepts connections and does not answer within REDIS_CONNECT_TIMEOUT, or before the command's "
    "deadline",
    remedy="Check that REDIS_PORT is the cache's, and that the server is not overloaded; "
    "set REDIS_USE_TLS=true where the port wants TLS",
    retryable=True,
    signs=(Sign(raised=TimeoutError), Sign(message="Timeout reading from")),
)
ANSWER_DRIPS = Fault(
    code="answer-drips",
    layer="network",
    cause="the answer comes so slowly that it was not complete before the command's deadline",
    remedy="See that the network and the server are not overloaded and that REDIS_PORT is the cache's; where they are "
    "only far away, `--deadline` gives a command more time",
    retryable=True,
)
ANSWER_WITHOUT_END = Fault(
    code="answer-without-end",
    layer="network",
    cause="the answer has no end: more came than any answer to these commands holds",
    remedy="Check REDIS_HOST and REDIS_PORT: another service, or a broken proxy, answers there",
)
CONNECTION_CLOSED = Fault(
    code="connection-closed",
    layer="network",
    cause="the server closed the connection without an answer",
    remedy="See in the server's log why it closed (a restart, a failover, a limit of clients); "
    "set REDIS_USE_TLS=true where the port wants TLS",
    retryable=True,
    signs=(
        Sign(raised=ConnectionResetError),
        Sign(raised=BrokenPipeError),
        # What Python before 3.13 makes of either in TLS.
        Sign(raised=ssl.SSLEOFError, phase="answer"),
        Sign(message="Connection closed by server"),
    ),
)
NOT_REDIS = Fault(
    code="not-redis",
    layer="network",
    cause="what answers on REDIS_PORT does not speak Redis's protocol",
    remedy="Check REDIS_HOST and REDIS_PORT: another service, or an HTTP proxy, listens there",
    signs=(Sign(message="Protocol error, got"), Sign(message="Protocol Error:")),  # with hiredis, and without,
)

# --- authentication --------------------------------------------------------------------------------------

WRONG_PASSWORD = Fault(
    code="wrong-password",
    layer="authentication",
    cause="the server refuses this user name and password",
    remedy="Check REDIS_PASSWORD (and REDIS_USERNAME, empty means `default`), and that the user is on",
    signs=(Sign(reply="WRONGPASS"), Sign(reply="ERR invalid password")),
)
PASSWORD_MISSING = Fault(
    code="password-missing",
    layer="authentication",
    cause="the server wants a password, and REDIS_PASSWORD is empty",
    remedy="Set REDIS_PASSWORD, for example from the stack's `connection` output",
    signs=(Sign(reply="NOAUTH"),),
)
PASSWORD_NOT_ASKED = Fault(
    code="password-not-asked",
    layer="authentication",
    cause="REDIS_PASSWORD is set, and the server has no password",
    remedy="Set the server's password again (`make up`, or the service's authentication setting), "
    "or empty REDIS_PASSWORD if there is to be none",
    signs=(
        Sign(reply="ERR AUTH <password> called without any password"),
        Sign(reply="ERR Client sent AUTH, but no password is set"),
    ),
)
NOT_PERMITTED = Fault(
    code="not-permitted",
    layer="authentication",
    cause="the user may not run this command, or not on this key",
    remedy="Set cache:access to a preset that has it, or widen the user's ACL rule (ACL SETUSER: commands like "
    "+get, keys like ~*), or set REDIS_USERNAME to another user; `python -m verify rights` names all that is refused",
    signs=(Sign(reply="NOPERM"),),
)
PROTECTED_MODE = Fault(
    code="protected-mode",
    layer="authentication",
    cause="the server has no password and is in protected mode, so it answers its own machine alone",
    remedy="Give the server a password (requirepass or an ACL user) and set REDIS_PASSWORD",
    signs=(Sign(reply="DENIED"),),
)

# --- server ----------------------------------------------------------------------------------------------

LOADING = Fault(
    code="loading",
    layer="server",
    cause="the server is still reading its data from disk",
    remedy="Wait: `python -m verify check --wait 60` does",
    retryable=True,
    signs=(Sign(reply="LOADING"),),
)
TOO_MANY_CLIENTS = Fault(
    code="too-many-clients",
    layer="server",
    cause="the server has as many clients as it may have",
    remedy="Raise `maxclients` (or the size of a managed cache), and look for clients that leave connections open",
    retryable=True,
    signs=(Sign(reply="ERR max number of clients"),),
)
OUT_OF_MEMORY = Fault(
    code="out-of-memory",
    layer="server",
    cause="the memory is full, and the policy lets nothing go for a new key",
    remedy="Raise the memory (cache:memoryMb), choose a policy that evicts (cache:maxmemoryPolicy), "
    "or give the keys TTLs",
    signs=(Sign(reply="OOM"),),
)
READ_ONLY = Fault(
    code="read-only",
    layer="server",
    cause="this server is a replica, and replicas take no writes",
    remedy="Set REDIS_HOST to the primary endpoint, which follows a failover",
    retryable=True,
    signs=(Sign(reply="READONLY"),),
)
MASTER_DOWN = Fault(
    code="master-down",
    layer="server",
    cause="this replica has lost its primary, and does not answer with stale data",
    remedy="See that the primary runs, and set REDIS_HOST to the primary endpoint",
    retryable=True,
    signs=(Sign(reply="MASTERDOWN"),),
)
TOO_FEW_REPLICAS = Fault(
    code="too-few-replicas",
    layer="server",
    cause="too few replicas are in sync for the server to take writes",
    remedy="See that the replicas run, or lower `min-replicas-to-write`",
    retryable=True,
    signs=(Sign(reply="NOREPLICAS"),),
)
SAVE_FAILED = Fault(
    code="save-failed",
    layer="server",
    cause="the server cannot save to its disk, and takes no writes until it can",
    remedy="Free or mend the server's disk; its log says why the last BGSAVE or append failed",
    signs=(Sign(reply="MISCONF"),),
)
BUSY_SCRIPT = Fault(
    code="busy-script",
    layer="server",
    cause="a script keeps the server busy",
    remedy="Wait, or end it with SCRIPT KILL (FUNCTION KILL for a function)",
    retryable=True,
    signs=(Sign(reply="BUSY "),),
)
CLUSTER_MODE = Fault(
    code="cluster-mode",
    layer="server",
    cause="the server is in cluster mode, and this key or command belongs to another node",
    remedy="Use a cache with cluster mode disabled, which is what the application's client speaks",
    signs=(
        Sign(reply="MOVED"),
        Sign(reply="ASK "),
        Sign(reply="CLUSTERDOWN"),
        Sign(reply="CROSSSLOT"),
        Sign(reply="ERR SELECT is not allowed in cluster mode"),
    ),
)
COMMAND_BLOCKED = Fault(
    code="command-blocked",
    layer="server",
    cause="the server does not know this command: it is too old for it, or the vendor blocks it",
    remedy="Nothing to do where a managed service blocks CONFIG or CLIENT; otherwise update the server",
    signs=(
        Sign(reply="ERR unknown command"),
        Sign(reply="ERR unsupported command"),
        Sign(reply="NOPROTO"),
    ),
)
UNKNOWN = Fault(
    code="unknown",
    layer="server",
    cause="the cache answered in a way that we do not know",
    remedy="Read the detail, and the server's log; then report it, so that it gets a row here",
)

# --- expectation: what only a check finds out -------------------------------------------------------------

NOT_ENFORCED = Fault(
    code="authentication-not-enforced",
    layer="expectation",
    cause="the server answered a client that sent no password",
    remedy="Set the password again at the service: requirepass, the ACL user, or RBAC; for one of this project's "
    "stacks restart the server as the failed `make up` says",
)
ANONYMOUS_ACCESS = Fault(
    code="anonymous-access",
    layer="expectation",
    cause="a client without a password gets in, as a user with few rights",
    remedy="Switch the `default` user off or give it a password (ACL SETUSER default off)",
)
PREVIOUS_REFUSED = Fault(
    code="previous-password-refused",
    layer="expectation",
    cause="the password of before the rotation is refused already, while applications may still have it",
    remedy="Put the password back that was taken away at the service (`make up` does where the stack declares "
    "it), or restart the applications now, which then read the new one",
)
RETIRED_TAKEN = Fault(
    code="retired-password-taken",
    layer="expectation",
    cause="the password that a rotation dropped still opens the cache",
    remedy="Take it away at the service, or run `make up` again, which sets the passwords as declared; a server "
    "without any password takes every one",
)
TLS_NOT_ENFORCED = Fault(
    code="tls-not-enforced",
    layer="expectation",
    cause="the server answered a client that spoke plain text",
    remedy="Switch plain text off at the server (its encryption in transit `required`, or port 0 beside "
    "tls-port), and set REDIS_USE_TLS=true",
)
CERTIFICATE_ENDS_SOON = Fault(
    code="certificate-ends-soon",
    layer="expectation",
    cause="the server's certificate ends within two weeks",
    remedy="Renew it, or let the service do its maintenance; put the authority's next certificate into "
    "REDIS_TLS_CA before",
)
VALUE_CHANGED = Fault(
    code="value-changed",
    layer="expectation",
    cause="a value did not come back as it was written",
    remedy="See whether something between here and the server (a proxy, an eviction) changes values",
)
KEY_NOT_EXPIRED = Fault(
    code="key-not-expired",
    layer="expectation",
    cause="a key outlived its TTL",
    remedy="See that the server is a primary and its clock runs; without expiry the memory fills up",
)
KEY_NOT_DELETED = Fault(
    code="key-not-deleted",
    layer="expectation",
    cause="a deleted key was still there",
    remedy="See whether a proxy answers in the server's place, or another client writes the same keys",
)
MAXMEMORY_DIFFERS = Fault(
    code="maxmemory-differs",
    layer="expectation",
    cause="the server's memory limit is not the one that was asked for",
    remedy="Run `make up` to set it again, or change cache:memoryMb to what is meant",
)
POLICY_DIFFERS = Fault(
    code="maxmemory-policy-differs",
    layer="expectation",
    cause="the server's eviction policy is not the one that was asked for",
    remedy="Run `make up` to set it again, or change cache:maxmemoryPolicy to what is meant",
)
PERSISTENCE_DIFFERS = Fault(
    code="persistence-differs",
    layer="expectation",
    cause="the server does not keep its data in the way that was asked for",
    remedy="Run `make up` to set it again, or change cache:persistence to what is meant",
)
VERSION_DIFFERS = Fault(
    code="version-differs",
    layer="expectation",
    cause="the server's version is not the one that was asked for",
    remedy="Let the service's maintenance finish, or change the version that is asked for",
)
RIGHTS_DIFFER = Fault(
    code="rights-differ",
    layer="expectation",
    cause="the user's rights are not those that were asked for",
    remedy="Run `make up` to set them again, or change cache:access or cache:accessRules to what is meant; elsewhere "
    "change the user with ACL SETUSER or at the service",
)
CLUSTER_DIFFERS = Fault(
    code="cluster-mode-differs",
    layer="expectation",
    cause="cluster mode is not as it was asked for",
    remedy="Create the cache anew with cluster mode as meant: it cannot be switched in place",
)
REPLICAS_DIFFER = Fault(
    code="replicas-differ",
    layer="expectation",
    cause="there are fewer replicas than were asked for",
    remedy="See in the service's console why a replica is missing, or change the number that is asked for",
)
REPLICA_BEHIND = Fault(
    code="replica-behind",
    layer="expectation",
    cause="a replica does not have all the data yet",
    remedy="Wait for its first synchronisation; if it stays, look at its memory, its network and "
    "client-output-buffer-limit",
)
MEMORY_NEARLY_FULL = Fault(
    code="memory-nearly-full",
    layer="expectation",
    cause="more than nine tenths of the memory are used, and then writes are refused",
    remedy="Raise cache:memoryMb, review the TTLs in backend/config/runtime.ts, or let the policy evict "
    "any key (cache:maxmemoryPolicy allkeys-lru)",
)
KEYS_WITHOUT_TTL = Fault(
    code="keys-without-ttl",
    layer="expectation",
    cause="some keys have no TTL, and stay until they are evicted",
    remedy="Review the TTL settings in backend/config/runtime.ts, and remove keys that were written by hand",
)
CONNECTIONS_REJECTED = Fault(
    code="connections-rejected",
    layer="expectation",
    cause="the server has turned clients away, since it had as many as it may have",
    remedy="Raise `maxclients` (or the size of a managed cache), and look for clients that leave connections open",
)
UNREADABLE_ANSWER = Fault(
    code="unreadable-answer",
    layer="expectation",
    cause="the server's answer holds something else than it should at that place",
    remedy="See in the detail what stood there, and whether a proxy answers in the server's place",
)
CHECK_BROKE = Fault(
    code="check-broke",
    layer="expectation",
    cause="the check itself broke, which is a fault of ours",
    remedy="Report it with the detail and the server's version",
)

# --- application: what `verify app` finds out ------------------------------------------------------------------

APPLICATION_UNREACHABLE = Fault(
    code="application-unreachable",
    layer="application",
    cause="the application cannot be reached from here",
    remedy="Check the URL (cache:applicationUrl, --url), and run from where the application can be reached",
    retryable=True,
    exit_code=ExitCode.UNREACHABLE,
)
APPLICATION_SILENT = Fault(
    code="application-silent",
    layer="application",
    cause="nothing answers as an application at the URL",
    remedy="See that the application runs there, and look into its log",
    retryable=True,
)
APPLICATION_ANSWER = Fault(
    code="application-answer",
    layer="application",
    cause="the application's answer is not that of /cache/health and /cache/status",
    remedy="Check that the URL is the application's own address, without a path, and that its version has "
    "these endpoints",
    retryable=True,
)
APPLICATION_NOT_HEALTHY = Fault(
    code="application-not-healthy",
    layer="application",
    cause="the application says that its cache is not healthy",
    remedy="Verify the cache itself from where the application runs (`python -m verify check`), and its "
    "REDIS_* variables",
    retryable=True,
)
APPLICATION_BACKEND = Fault(
    code="application-backend",
    layer="application",
    cause="the application uses another backend than it should",
    remedy="Set REDIS_HOST in the application's environment for redis, or empty it for memory; then deploy "
    "the application again",
    retryable=True,
)
APPLICATION_NOT_CONNECTED = Fault(
    code="application-not-connected",
    layer="application",
    cause="the application has no connection to its cache",
    remedy="Verify the cache itself from where the application runs (`python -m verify check`), and look "
    "into the application's log",
    retryable=True,
)

FAULTS: Final = (
    NO_HOST,
    CLIENT_MISSING,
    NAME_NOT_RESOLVED,
    CONNECTION_REFUSED,
    NO_ROUTE,
    TLS_NOT_SPOKEN,
    TLS_REQUIRED,
    CERTIFICATE_OUT_OF_DATE,
    CERTIFICATE_NAME,
    CERTIFICATE_UNTRUSTED,
    CLIENT_CERTIFICATE_REQUIRED,
    TLS_CLOSED,
    TLS_VERSION,
    CA_UNREADABLE,
    # Before the one that takes every error of TLS, of which being cut off may be one.
    CONNECTION_CLOSED,
    TLS_FAILED,
    CONNECT_TIMEOUT,
    CONNECTIONS_IN_USE,
    NO_ANSWER,
    ANSWER_DRIPS,
    ANSWER_WITHOUT_END,
    NOT_REDIS,
    WRONG_PASSWORD,
    PASSWORD_MISSING,
    PASSWORD_NOT_ASKED,
    NOT_PERMITTED,
    PROTECTED_MODE,
    LOADING,
    TOO_MANY_CLIENTS,
    OUT_OF_MEMORY,
    READ_ONLY,
    MASTER_DOWN,
    TOO_FEW_REPLICAS,
    SAVE_FAILED,
    BUSY_SCRIPT,
    CLUSTER_MODE,
    COMMAND_BLOCKED,
    UNKNOWN,
    NOT_ENFORCED,
    ANONYMOUS_ACCESS,
    PREVIOUS_REFUSED,
    RETIRED_TAKEN,
    TLS_NOT_ENFORCED,
    CERTIFICATE_ENDS_SOON,
    VALUE_CHANGED,
    KEY_NOT_EXPIRED,
    KEY_NOT_DELETED,
    MAXMEMORY_DIFFERS,
    POLICY_DIFFERS,
    PERSISTENCE_DIFFERS,
    VERSION_DIFFERS,
    RIGHTS_DIFFER,
    CLUSTER_DIFFERS,
    REPLICAS_DIFFER,
    REPLICA_BEHIND,
    MEMORY_NEARLY_FULL,
    KEYS_WITHOUT_TTL,
    CONNECTIONS_REJECTED,
    UNREADABLE_ANSWER,
    CHECK_BROKE,
    APPLICATION_UNREACHABLE,
    APPLICATION_SILENT,
    APPLICATION_ANSWER,
    APPLICATION_NOT_HEALTHY,
    APPLICATION_BACKEND,
    APPLICATION_NOT_CONNECTED,
)
