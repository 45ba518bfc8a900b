"""Connection: the one contract that every backend returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

DEFAULT_MAX_RETRIES = 3
DEFAULT_CONNECT_TIMEOUT_MS = 5000


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
        """Give the variables that the application reads: the guide's six always, ours only where needed."""
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
