"""How TLS is spoken: one context for all connections, and the name that the certificate must bear."""

import ipaddress
import ssl
from functools import lru_cache

from verify.environment import CacheEnvironment


def server_name(environment: CacheEnvironment) -> str:
    """Return the name to expect in the server's certificate: REDIS_TLS_SERVER_NAME, else the host."""
    return environment.tls_server_name or environment.host or ""


def context(environment: CacheEnvironment) -> ssl.SSLContext:
    """Return the context for this environment, made once: loading the system's authorities takes 40 ms.

    The authorities of REDIS_TLS_CA, where it is set, are the only ones trusted. TLS 1.2 is the oldest version.
    """
    return _context(environment.tls_ca, _name_is_checked(environment))


def _name_is_checked(environment: CacheEnvironment) -> bool:
    """Skip the name check only for an address that a private authority stands behind.

    Memorystore's certificates are issued by an authority of the instance itself, and the instance is
    reached by its IP address; whoever holds that authority's key is the instance.
    """
    return environment.tls_server_name is not None or environment.tls_ca is None or not _is_address(environment.host)


def _is_address(host: str | None) -> bool:
    try:
        ipaddress.ip_address(host or "")
    except ValueError:
        return False
    return True


@lru_cache(maxsize=8)
def _context(authorities: str | None, name_is_checked: bool) -> ssl.SSLContext:  # noqa: FBT001 — a cache key
    made = ssl.create_default_context(cadata=authorities)
    made.check_hostname = name_is_checked
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities is not None:
        # Python 3.13 refuses authorities without an authority or subject key identifier, or a key usage, and with basic
        # constraints that are not critical (RFC 5280). Those of managed services are made so, and whoever names an
        # authority trusts it as it is. Chain, name and date are checked all the same.
        made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return made
