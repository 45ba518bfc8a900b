"""The address for operations: where `verify serve` answers /metrics, and who may read it.

It says much of the server, so it listens on loopback, or asks for a bearer token (RFC 6750).
"""

import contextlib
import hmac
import ipaddress
import re
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from verify.redaction import legible

_ADDRESS: Final = re.compile(r"(?P<host>\[[^\[\]]+\]|[^\[\]:]+):(?P<port>[0-9]{1,5})", re.ASCII)
_LARGEST_PORT: Final = 65_535
# A token as a header can hold it (RFC 6750, 2.1), and one that nobody guesses.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{16,512}=*", re.ASCII)
_AUTHORIZATION: Final = re.compile(r"^authorization:[ \t]*bearer +([^\r\n]*?)[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
# What is read of the token's file: more than the longest token.
_FILE_CHARACTERS: Final = 1024

_LISTEN: Final = "--operations-listen"
_TOKEN_FILE: Final = "--operations-token-file"  # noqa: S105 — an option's name

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class InvalidOperations(ValueError):
    """The options for operations cannot be met; the message has a line for each problem."""


@dataclass(frozen=True)
class Operations:
    """The socket, and the token that a request must have where there is one."""

    listener: socket.socket
    token: str | None = field(default=None, repr=False)

    @classmethod
    def open(cls, listen: str | None, token_file: Path | None) -> Self | None:
        """Open what the options name; None where no address is named. Raises `InvalidOperations`."""
        problems: list[str] = []
        if listen is None and token_file is not None:
            problems.append(f"{_TOKEN_FILE} is for {_LISTEN}, which is missing: name it, like {_LISTEN} 127.0.0.1:9121")
        token = None if token_file is None else _token(token_file, problems)
        address = None if listen is None else _address(listen, problems)
        if address is not None and token_file is None and not address[0].is_loopback:
            problems.append(
                f"{_LISTEN} {legible(str(listen))} can be reached from elsewhere, and so needs a token: name its file "
                f"with {_TOKEN_FILE}, or listen on 127.0.0.1"
            )
        if problems:
            raise InvalidOperations("\n".join(problems))
        return None if address is None else cls(_listener(*address), token)

    @property
    def url(self) -> str:
        """The address of /metrics."""
        host, port = self.listener.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"

    def admits(self, header: str) -> bool:
        """Whether a request with this header may be answered."""
        if self.token is None:
            return True
        given = _AUTHORIZATION.findall(header)
        # The time that a comparison takes must not tell how much of a guess is right.
        return len(given) == 1 and hmac.compare_digest(given[0].encode(), self.token.encode())


def _address(text: str, problems: list[str]) -> tuple[_Address, int] | None:
    match = _ADDRESS.fullmatch(text)
    if match and int(match["port"]) <= _LARGEST_PORT:
        host = match["host"].strip("[]")
        # A name may lead elsewhere tomorrow; only this one is loopback by its standard (RFC 6761, 6.3).
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host), int(match["port"])
    problems.append(f"{_LISTEN} {legible(text)} is no IP address and port: write it like 127.0.0.1:9121 or [::1]:9121")
    return None


def _token(file: Path, problems: list[str]) -> str | None:
    named = f"{_TOKEN_FILE} {legible(str(file))}"
    try:
        with file.open(encoding="ascii", errors="replace") as opened:
            token = opened.read(_FILE_CHARACTERS).strip()
    except (OSError, ValueError) as error:
        problems.append(f"{named} cannot be read: {error.strerror if isinstance(error, OSError) else error}")
        return None
    if not _TOKEN.fullmatch(token):
        problems.append(
            f"{named} holds no bearer token, of 16 to 512 characters from A-Z, a-z, 0-9 and -._~+/: make one with "
            "openssl rand -hex 32"
        )
    return token


def _listener(host: _Address, port: int) -> socket.socket:
    family = socket.AF_INET6 if host.version == 6 else socket.AF_INET  # noqa: PLR2004 — the version of IP
    try:
        return socket.create_server((str(host), port), family=family)
    except OSError as error:
        raise InvalidOperations(f"{_LISTEN} {host} port {port} cannot be had: {error.strerror}") from None
