"""Connection: the one contract that every backend returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

DEFAULT_MAX_RETRIES = 3
DEFAULT_CONNECT_TIMEOUT_MS = 5000

# What the guide has the application read; each is always delivered.
GUIDES_VARIABLES: Final = (
    "REDIS_HOST",
    "REDIS_PORT",
    "REDIS_PASSWORD",
    "REDIS_USE_TLS",
    "REDIS_MAX_RETRIES",
    "REDIS_CONNECT_TIMEOUT",
)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How an application reaches the cache. The password is left out of its repr.

    An empty host means that there is none, and the application falls back to its memory.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    use_tls: bool = False
    tls_ca: str | None = None
    tls_server_name: str | None = None

    def environment(self) -> Mapping[str, str]:
        """Give the variables that the application reads: the guide's six always, ours only where needed.

        Without a host all are empty, which to the application is unset.
        """
        if not self.host:
            return dict.fromkeys(GUIDES_VARIABLES, "")
        ours = {
            "REDIS_USERNAME": self.username,
            "REDIS_TLS_CA": self.tls_ca,
            "REDIS_TLS_SERVER_NAME": self.tls_server_name,
        }
        return {
            "REDIS_HOST": self.host,
            "REDIS_PORT": str(self.port),
            "REDIS_PASSWORD": self.password or "",
            "REDIS_USE_TLS": "true" if self.use_tls else "false",
            "REDIS_MAX_RETRIES": str(DEFAULT_MAX_RETRIES),
            "REDIS_CONNECT_TIMEOUT": str(DEFAULT_CONNECT_TIMEOUT_MS),
        } | {name: value for name, value in ours.items() if value}

    def delivered(self, own_variables: Sequence[str], *, attached: bool) -> Mapping[str, str]:
        """Give each variable of a delivery: the guide's six and those of ours, all of them empty when detached."""
        known = self.environment() if attached else {}
        return {name: known.get(name, "") for name in (*GUIDES_VARIABLES, *own_variables)}

    def url(self) -> str:
        """Give the connection as a URL, user and password percent-encoded; `rediss://` when it is TLS.

        Without a host there is no URL either.
        """
        if not self.host:
            return ""
        scheme = "rediss" if self.use_tls else "redis"
        user = quote(self.username or "", safe="")
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        at = "@" if user or secret else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{user}{secret}{at}{host}:{self.port}"
