"""Who gets in: the connection, and the password that is asked of everybody."""

from verify.checks.finding import Finding, failed, passed, skipped, warned
from verify.environment import in_quotes
from verify.evidence import Login
from verify.faults import ANONYMOUS_ACCESS, NOT_ENFORCED, PASSWORD_MISSING, WRONG_PASSWORD


def connects(login: Login) -> Finding:
    """The server is reached, greets and is ready."""
    if login.fault is not None and not _is_about_the_password(login):
        return failed(login.fault, login.detail)
    how = (login.preflight and login.preflight.tls_version) or "plain text"
    return passed(f"{how}, {login.milliseconds:.1f} ms", milliseconds=login.milliseconds)


def _is_about_the_password(login: Login) -> bool:
    """Tell whether the server was reached, and refused this client alone."""
    return login.preflight is not None and login.fault is not None and login.fault.layer == "authentication"


def works(login: Login) -> Finding:
    """The user name and password of the environment are taken."""
    if login.fault is not None:
        if not _is_about_the_password(login):
            return skipped("there is no connection")
        if login.fault is WRONG_PASSWORD and in_quotes(login.environment.password or ""):
            kept = "REDIS_PASSWORD stands in quotes, which `docker run --env-file` keeps"
            return failed(login.fault, f"{login.detail}; {kept}")
        return failed(login.fault, login.detail)
    if login.environment.password is None:
        if login.expectation.authentication:
            return failed(PASSWORD_MISSING)
        return skipped("REDIS_PASSWORD is empty")
    return passed(f"as user {login.environment.username or 'default'}")


def is_enforced(login: Login) -> Finding:
    """A client that sends no password is refused.

    A password that works proves nothing: a server without one takes any (its `default` user is "nopass").
    """
    if login.preflight is None:
        return skipped("there is no connection")
    anonymous = login.preflight.anonymous
    if anonymous.startswith("-NOAUTH"):
        return passed("a client without a password is refused")
    asked = login.expectation.authentication
    if asked is False or (asked is None and login.environment.password is None):
        return skipped("no password is asked for")
    # NOAUTH comes before any other refusal, so whoever hears another one was let in.
    return warned(ANONYMOUS_ACCESS, anonymous) if anonymous.startswith("-NOPERM") else failed(NOT_ENFORCED)
