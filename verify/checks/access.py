"""Who gets in: the connection, and the password that is asked of everybody."""

from verify.checks.finding import Finding, failed, passed, skipped, warned
from verify.environment import in_quotes
from verify.evidence import Access
from verify.faults import NOT_ENFORCED, PASSWORD_MISSING, STRANGER_LET_IN, WRONG_PASSWORD


def connects(access: Access) -> Finding:
    """The server is reached, greets and is ready."""
    if access.fault is not None and not _is_about_the_password(access):
        return failed(access.fault, access.detail)
    how = (access.preflight and access.preflight.tls_version) or "plain text"
    return passed(f"{how}, {access.milliseconds:.1f} ms", milliseconds=access.milliseconds)


def _is_about_the_password(access: Access) -> bool:
    """Tell whether the server was reached, and refused this client alone."""
    return access.preflight is not None and access.fault is not None and access.fault.layer == "authentication"


def authentication_works(access: Access) -> Finding:
    """The user name and password of the environment are taken."""
    if access.fault is not None:
        if not _is_about_the_password(access):
            return skipped("there is no connection")
        if access.fault is WRONG_PASSWORD and in_quotes(access.environment.password or ""):
            kept = "REDIS_PASSWORD stands in quotes, which `docker run --env-file` keeps"
            return failed(access.fault, f"{access.detail}; {kept}")
        return failed(access.fault, access.detail)
    if access.environment.password is None:
        if access.expectation.authentication:
            return failed(PASSWORD_MISSING)
        return skipped("REDIS_PASSWORD is empty")
    return passed(f"as user {access.environment.username or 'default'}")


def authentication_enforced(access: Access) -> Finding:
    """A client that sends no password is refused.

    A password that works proves nothing: a server without one takes any (its `default` user is "nopass").
    """
    if access.preflight is None:
        return skipped("there is no connection")
    stranger = access.preflight.stranger
    if stranger.startswith("-NOAUTH"):
        return passed("a client without a password is refused")
    asked = access.expectation.authentication
    if asked is False or (asked is None and access.environment.password is None):
        return skipped("no password is asked for")
    # NOAUTH comes before any other refusal, so whoever hears another one was let in.
    return warned(STRANGER_LET_IN, stranger) if stranger.startswith("-NOPERM") else failed(NOT_ENFORCED)
