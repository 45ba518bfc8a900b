"""The first look, on our own socket: name, TCP, TLS, and what a client hears that sends no password.

Names the layer that is at fault before redis-py is imported, in one attempt, and asks on the way whether
authentication is enforced.
"""

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from verify import deadline, redaction, tls
from verify.diagnosis import cache_error, diagnose_reply
from verify.environment import CacheEnvironment
from verify.faults import (
    CONNECTION_CLOSED,
    NAME_NOT_RESOLVED,
    NO_ANSWER,
    NOT_REDIS,
    PROTECTED_MODE,
    TLS_CLOSED,
    TLS_NOT_SPOKEN,
    TLS_REQUIRED,
    TOO_MANY_CLIENTS,
    CacheError,
)

_PING: Final = b"PING\r\n"
_LONGEST_ANSWER: Final = 512
_TLS_RECORDS: Final = (b"\x15\x03", b"\x16\x03")  # an alert, a handshake: RFC 8446, section 5.1
_SECOND_LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """What the first look saw.

    `anonymous` is what a client without a password heard, like "+PONG" or "-NOAUTH Authentication required.".
    `tls_version` and `certificate_ends` (seconds since 1970) are None where TLS was not spoken. `plain_text` is
    what a client heard that spoke plain text to a port of TLS: nothing, if it was refused as it should be.
    """

    anonymous: str
    milliseconds: float
    tls_version: str | None = None
    certificate_ends: float | None = None
    plain_text: str = ""


def look(environment: CacheEnvironment) -> Preflight:
    """Look once, within one connect timeout each for the name, the connection, TLS and the answer.

    Raises `CacheError` with the fault of the layer that is at fault.
    """
    started = time.perf_counter()
    with connect(environment, environment.connect_timeout_seconds) as plain, secure(plain, environment) as link:
        anonymous = _ask(link, environment)
        milliseconds = (time.perf_counter() - started) * 1000
        if not isinstance(link, ssl.SSLSocket):
            return Preflight(anonymous=anonymous, milliseconds=milliseconds)
        ends = (link.getpeercert() or {}).get("notAfter")
        return Preflight(
            anonymous=anonymous,
            milliseconds=milliseconds,
            tls_version=link.version(),
            certificate_ends=ssl.cert_time_to_seconds(ends) if isinstance(ends, str) else None,
            plain_text=_plain_text_answer(environment),
        )


def lost_refusal(environment: CacheEnvironment) -> ssl.SSLError | None:
    """Return what TLS says to a client that stays silent, after one that spoke found the connection closed.

    In TLS 1.3 the client's handshake is over before the server sees that it has no certificate (RFC 8446, section 2).
    The server sends an alert and closes; where that comes before the first command has gone out, the command meets a
    closed connection, and the alert is never read.
    """
    try:
        with connect(environment, _second_look_seconds(environment)) as plain, secure(plain, environment) as link:
            deadline.guard(link).recv(1)
    except ssl.SSLError as error:
        return None if isinstance(error, ssl.SSLEOFError) else error
    except (OSError, CacheError):
        pass
    return None


def connect(environment: CacheEnvironment, seconds: float) -> socket.socket:
    """Connect to the first address that answers, all within `seconds`: a name may have several dead ones.

    Raises `CacheError`.
    """
    seconds = deadline.limit(seconds)
    addresses = _resolve(environment, seconds)
    # Each of the others gets its share of the time, so that a dead one leaves some to those after it.
    *others, last = addresses
    share = deadline.limit(seconds) / len(addresses)
    for family, address in others:
        with contextlib.suppress(OSError):
            return _connect_to(family, address, share, seconds)
    try:
        return _connect_to(*last, share, seconds)
    except OSError as error:
        told = cache_error(error, environment, phase="connect")
    raise told


def _resolve(environment: CacheEnvironment, seconds: float) -> list[tuple[socket.AddressFamily, Any]]:
    """Return the host's addresses; a name server that is silent would hold us for long."""
    ask = partial(socket.getaddrinfo, environment.host, environment.port, type=socket.SOCK_STREAM)
    try:
        return [(family, address) for family, _, _, _, address in deadline.in_time(ask, seconds)]
    except deadline.OutOfTime:
        told = CacheError(NAME_NOT_RESOLVED, "the name server does not answer")
    except (OSError, UnicodeError) as error:
        told = cache_error(error, environment, phase="resolve")
    raise told


def _connect_to(family: socket.AddressFamily, address: Any, seconds: float, answer_seconds: float) -> socket.socket:
    link = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Else the last part of what is sent waits for the server to confirm the parts before it.
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.settimeout(seconds)
        link.connect(address)
    except OSError:
        link.close()
        raise
    link.settimeout(answer_seconds)
    return link


def secure(link: socket.socket, environment: CacheEnvironment) -> socket.socket:
    """Speak TLS on a new connection, where the environment asks for it. Raises `CacheError`."""
    if not environment.use_tls:
        return link
    link.settimeout(deadline.limit(environment.connect_timeout_seconds))
    try:
        return tls.context(environment).wrap_socket(link, server_hostname=tls.server_name(environment))
    except (OSError, ValueError) as error:
        told = cache_error(error, environment, phase="handshake")
    # A server of plain text takes our greeting for the beginning of a command and waits for its end, or hangs up: only
    # a word in plain text tells it from a server that answers nobody.
    if told.fault in (TLS_CLOSED, NO_ANSWER) and _plain_text_answer(environment):
        raise CacheError(TLS_NOT_SPOKEN, told.detail)
    raise told


def _ask(link: socket.socket, environment: CacheEnvironment) -> str:
    """Send PING without a password and return the answer's first line, without its end."""
    told = CacheError(CONNECTION_CLOSED)
    answer = b""
    try:
        answer = _exchange(link)
    except OSError as error:
        told = cache_error(error, environment, phase="answer")
    if not answer:
        raise better_named(told, environment)
    if answer.startswith(_TLS_RECORDS):
        raise CacheError(TLS_REQUIRED)
    line, end, _ = answer.partition(b"\r\n")
    # No password was sent, and a proxy may know it all the same.
    text = redaction.without(environment.secrets, line.decode(errors="replace"), shortest=1)
    if not answer.startswith((b"+", b"-")):
        raise CacheError(NOT_REDIS, f"it answered {text[:40]!r}")
    if not end and len(answer) < _LONGEST_ANSWER:
        raise CacheError(CONNECTION_CLOSED, f"the answer was cut off after {text[:40]!r}")
    # These two are said to whoever connects, so a password would not help.
    fault = diagnose_reply(text[1:], tls=environment.use_tls)
    if fault in (PROTECTED_MODE, TOO_MANY_CLIENTS):
        raise CacheError(fault, text[1:])
    return text


def better_named(told: CacheError, environment: CacheEnvironment) -> CacheError:
    """Return the error by its better name: that the port speaks TLS, or what TLS says of the client."""
    if not environment.use_tls:
        return CacheError(TLS_REQUIRED, told.detail) if _answers_tls(environment) else told
    refusal = lost_refusal(environment) if told.fault is CONNECTION_CLOSED else None
    return told if refusal is None else cache_error(refusal, environment, phase="answer")


def _exchange(plain: socket.socket) -> bytes:
    link = deadline.guard(plain)
    link.sendall(_PING)
    answer = b""
    while b"\n" not in answer and len(answer) < _LONGEST_ANSWER:
        part = link.recv(_LONGEST_ANSWER)
        if not part:
            break
        answer += part
    return answer


def _plain_text_answer(environment: CacheEnvironment) -> str:
    """Return what a client hears that speaks plain text; nothing for a refusal, an alert of TLS or a silence."""
    with contextlib.suppress(OSError, CacheError), connect(environment, _second_look_seconds(environment)) as link:
        answer = _exchange(link)
        return "" if answer.startswith(_TLS_RECORDS) else answer.decode(errors="replace").partition("\r\n")[0]
    return ""


def _second_look_seconds(environment: CacheEnvironment) -> float:
    """Return the time for a second look, which is for a port that has been seen to answer soon or not at all."""
    return min(environment.connect_timeout_seconds, _SECOND_LOOK_SECONDS)


def _answers_tls(environment: CacheEnvironment) -> bool:
    """Tell whether anything at the port greets in TLS; whom it belongs to does not matter here."""
    curious = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    curious.check_hostname = False
    curious.verify_mode = ssl.CERT_NONE
    try:
        with connect(environment, _second_look_seconds(environment)) as link, curious.wrap_socket(link):
            return True
    except ssl.SSLError as error:
        # Any verdict of TLS itself is TLS; an end of the line, a silence or plain text is not.
        return not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) and error.reason not in (
            None,
            "WRONG_VERSION_NUMBER",
        )
    except (OSError, CacheError):
        return False
