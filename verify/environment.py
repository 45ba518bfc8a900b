"""CacheEnvironment: the REDIS_* variables that the application reads, parsed."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from verify.access import PROBE_PREFIX, is_plain

DEFAULT_PORT: Final = 6379
DEFAULT_MAX_RETRIES: Final = 3
DEFAULT_CONNECT_TIMEOUT_MS: Final = 5000

_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_HOST_WITH_PORT: Final = re.compile(r"([^:\s]+):(\d{1,5})")
_LONGEST_NAME: Final = 253  # with 63 for each of its parts: RFC 1035, section 2.3.4
_LONGEST_LABEL: Final = 63
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_LONGEST_NUMBER: Final = 10
_KEPT_QUOTES: Final = "stands in quotes that are part of it: `docker run --env-file` keeps them"

Value = TypeVar("Value")


class InvalidEnvironment(Exception):
    """The REDIS_* variables have problems; the message lists each with an example of a right line."""

    def __init__(self, problems: list[str]) -> None:
        """Take one sentence for each problem; none may hold the password."""
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"the environment has {count}:", *(f"  {line}" for line in problems)]))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class CacheEnvironment:
    """How to reach the cache; `host` None means the in-memory cache. The password is left out of the repr.

    The six variables of the provisioning guide, and three that managed services need: a user name, the
    certificate authority as PEM text (several certificates may follow each other), and the name to expect in
    the server's certificate where it is not the host. And how the keys begin that we write ourselves, for a user whose
    rights leave out those that begin with `verify:`.
    """

    host: str | None
    port: int = DEFAULT_PORT
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    use_tls: bool = False
    max_retries: int = DEFAULT_MAX_RETRIES
    connect_timeout_ms: int = DEFAULT_CONNECT_TIMEOUT_MS
    tls_ca: str | None = None
    tls_server_name: str | None = None
    probe_prefix: str = PROBE_PREFIX

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> "CacheEnvironment":
        """Parse the variables; an empty or a blank one is an unset one, and others than REDIS_* are left alone.

        Raises `InvalidEnvironment` with every problem at once, never with the password.
        """
        reader = _Reader(variables)
        environment = cls(
            host=reader.take("REDIS_HOST", _host, None, "REDIS_HOST=cache.example.com"),
            port=reader.take("REDIS_PORT", _port, DEFAULT_PORT, "REDIS_PORT=6379"),
            username=reader.take("REDIS_USERNAME", _user, None, "REDIS_USERNAME=default"),
            password=reader.take("REDIS_PASSWORD", _one_line, None, "REDIS_PASSWORD=<the password>"),
            use_tls=reader.take("REDIS_USE_TLS", _boolean, False, "REDIS_USE_TLS=true"),
            max_retries=reader.take(
                "REDIS_MAX_RETRIES", _whole_number(0, 100), DEFAULT_MAX_RETRIES, "REDIS_MAX_RETRIES=3"
            ),
            connect_timeout_ms=reader.take(
                "REDIS_CONNECT_TIMEOUT",
                _whole_number(1, 600_000, "milliseconds"),
                DEFAULT_CONNECT_TIMEOUT_MS,
                "REDIS_CONNECT_TIMEOUT=5000",
            ),
            tls_ca=reader.take("REDIS_TLS_CA", _pem, None, 'REDIS_TLS_CA="$(cat ca.pem)"'),
            tls_server_name=reader.take(
                "REDIS_TLS_SERVER_NAME", _name, None, "REDIS_TLS_SERVER_NAME=cache.example.com"
            ),
            probe_prefix=reader.take("REDIS_PROBE_PREFIX", _prefix, PROBE_PREFIX, "REDIS_PROBE_PREFIX=hotel:verify:"),
        )
        problems = reader.problems
        if environment.tls_ca and not environment.use_tls and not problems:
            problems.append(
                "REDIS_TLS_CA is set and REDIS_USE_TLS is not true, so nothing would be encrypted; "
                "for example: REDIS_USE_TLS=true"
            )
        if problems:
            raise InvalidEnvironment(problems)
        return environment

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        return () if self.password is None else (self.password,)

    @property
    def connect_timeout_seconds(self) -> float:
        """The time that one attempt to connect, or one answer, may take."""
        return self.connect_timeout_ms / 1000

    @property
    def address(self) -> str:
        """Host and port for people; an IPv6 address stands in brackets."""
        host = self.host or ""
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"


class _Reader:
    """Takes one variable after the other and remembers what is wrong with them."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[str] = []

    def take(self, name: str, parse: Callable[[str], Value], default: Value, example: str) -> Value:
        text = self._variables.get(name, "")
        # Some secret managers hold no empty value, and a line break has to stand for one.
        if not text.strip():
            return default
        try:
            return parse(text)
        except ValueError as problem:
            hint = f", and {_KEPT_QUOTES}" if in_quotes(text) else ""
            self.problems.append(f"{name} {problem}{hint}; for example: {example}")
            return default


def in_quotes(text: str) -> bool:
    """Whether the value stands in quotes: a shell takes them off, and `docker run --env-file` keeps them."""
    return len(text) > 1 and text[0] == text[-1] and text[0] in "'\""


def _host(text: str) -> str:
    if "://" in text:
        raise ValueError("is a URL, and wants the host alone")
    if parts := _HOST_WITH_PORT.fullmatch(text):
        raise ValueError(f"holds a port too, which belongs into REDIS_PORT={parts[2]}")
    return _name(text)


def _name(text: str) -> str:
    # First, since the zone of an IPv6 address may hold any character.
    if not text.isprintable():
        raise ValueError("holds a character that no host name has")
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        pass
    if re.search(r"[\s:/@\\\"'`]", text):
        raise ValueError("holds a character that no host name has")
    try:
        name = text if text.isascii() else text.encode("idna").decode()
    except UnicodeError:
        name = ""
    labels = name.removesuffix(".").split(".")
    if len(name) > _LONGEST_NAME or not all(0 < len(label) <= _LONGEST_LABEL for label in labels):
        raise ValueError("is no host name: a part between its dots is empty or too long")
    return text


def _port(text: str) -> int:
    if "://" in text:
        raise ValueError(
            "is a URL, as Docker's and Kubernetes's service links set it (enableServiceLinks: false ends that), and "
            "wants the number alone"
        )
    return _whole_number(1, 65535)(text)


def _whole_number(smallest: int, largest: int, unit: str = "") -> Callable[[str], int]:
    def parse(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER and smallest <= int(text) <= largest:
            return int(text)
        of_what = f" of {unit}" if unit else ""
        raise ValueError(f"is not a whole number{of_what} from {smallest} to {largest}")

    return parse


def _boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError("is neither true nor false") from None


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("has a line break in it")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not UTF-8") from None
    return text


def _user(text: str) -> str:
    if not _one_line(text).isprintable():
        raise ValueError("holds a character that no user name has")
    return text


def _prefix(text: str) -> str:
    if not is_plain(text):
        raise ValueError("holds a character other than letters, digits and : . _ - / { }")
    return text


def _pem(text: str) -> str:
    """Return the certificates alone: tools write comments around them, in any language."""
    # Imported here because it costs more than this whole module and most environments have no CA.
    import ssl

    certificates = "".join(f"{certificate}\n" for certificate in _CERTIFICATE.findall(text))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError, TypeError):
        raise ValueError("is not the text of a PEM certificate with its line breaks") from None
    return certificates
