"""Whether the way to the cache is encrypted, for everybody and for a while to come."""

import time
from typing import Final

from verify.checks.finding import Finding, failed, passed, skipped, warned
from verify.evidence import Login
from verify.faults import CERTIFICATE_ENDS_SOON, TLS_NOT_ENFORCED

_DAY_SECONDS: Final = 86400
# Vendors renew theirs long before (Memorystore 180 days into a year); who renews by hand needs two weeks.
_ENOUGH_DAYS: Final = 14


def tls_enforced(login: Login) -> Finding:
    """A client that speaks plain text is refused: a port that takes both lets passwords travel in the clear."""
    preflight = login.preflight
    if preflight is None:
        return skipped("there is no connection")
    if not login.environment.use_tls:
        if login.expectation.tls:
            return failed(TLS_NOT_ENFORCED, "REDIS_USE_TLS is not true, and the server answers")
        return skipped("TLS is not asked for")
    # HTTP's word for "you spoke plain text" would be an answer too; Redis's begin with one of these.
    if preflight.plain_text.startswith(("+", "-")):
        return failed(TLS_NOT_ENFORCED, f"it answered {preflight.plain_text.split()[0]}")
    return passed("a client that speaks plain text is refused")


def certificate(login: Login) -> Finding:
    """The server's certificate, whose chain and name the connection has verified, does not end soon."""
    preflight = login.preflight
    if preflight is None:
        return skipped("there is no connection")
    if preflight.certificate_ends is None:
        return skipped("TLS is not spoken")
    days = (preflight.certificate_ends - time.time()) / _DAY_SECONDS
    detail = f"{preflight.tls_version}, {days:.0f} days left"
    measured = {"certificate_days_left": round(days, 1)}
    if days < _ENOUGH_DAYS:
        return warned(CERTIFICATE_ENDS_SOON, detail, measured=measured)
    return passed(detail, measured=measured)
