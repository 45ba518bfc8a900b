"""From an error to its fault: reads the signs of verify.faults in an exception, its causes or a reply.

Knows redis-py's errors by what they carry, not by their classes, so that reading one costs no import of it.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace

from verify import redaction
from verify.environment import CacheEnvironment
from verify.faults import (
    COMMAND_BLOCKED,
    FAULTS,
    NOT_PERMITTED,
    PASSWORD_MISSING,
    UNKNOWN,
    CacheError,
    Fault,
    Phase,
    Sign,
)


@dataclass(frozen=True, kw_only=True)
class _Symptoms:
    errors: tuple[BaseException, ...]
    replies: tuple[str, ...]
    message: str
    phase: Phase
    tls: bool


def diagnose(error: BaseException, *, tls: bool, phase: Phase | None = None) -> Fault:
    """Name the fault behind an error of redis-py, of a socket or of TLS.

    `tls` says whether the connection was to speak TLS, which some errors do not tell; `phase` how far it had
    come, and is read from the error where it is not given.
    """
    errors = tuple(_chain(error))
    for link in errors:
        if isinstance(link, CacheError):
            return link.fault
    symptoms = _Symptoms(
        errors=errors,
        replies=tuple(_reply(link) for link in errors),
        message="\n".join(str(link) for link in errors),
        phase=phase or _phase(errors),
        tls=tls,
    )
    return _find(symptoms)


def diagnose_reply(reply: str, *, tls: bool) -> Fault:
    """Name the fault behind an error reply, given as it came over the wire without its leading minus."""
    return _find(_Symptoms(errors=(), replies=(reply,), message="", phase="answer", tls=tls))


def cache_error(error: BaseException, environment: CacheEnvironment, *, phase: Phase | None = None) -> CacheError:
    """Return the error that we raise in the place of another; the driver's text goes to its detail, without secrets.

    Raise it outside of the `except` clause: the driver's error is then in no chain that a log prints.
    """
    for link in _chain(error):
        if isinstance(link, CacheError):
            return CacheError(link.fault, link.detail)
    fault = diagnose(error, tls=environment.use_tls, phase=phase)
    if fault is PASSWORD_MISSING and environment.password is not None:
        # So says Valkey to AUTH where that is renamed.
        fault = COMMAND_BLOCKED
    return CacheError(fault, redaction.fit(str(error), environment.secrets, shortest=1))


def _find(symptoms: _Symptoms) -> Fault:
    found = next((fault for fault in FAULTS if any(_shows(sign, symptoms) for sign in fault.signs)), UNKNOWN)
    return (
        _with_the_command(found, "\n".join([*symptoms.replies, symptoms.message])) if found is NOT_PERMITTED else found
    )


def _with_the_command(fault: Fault, refusal: str) -> Fault:
    """Name the command that was refused and the preset that has it, where the server names it and it is known."""
    # Imported here because few ever are refused a command.
    from verify import commands

    command = commands.find(commands.refused(refusal))
    if command is None:
        return fault
    allowed = (
        f"Add +{command.name} to cache:accessRules if the application is to administer"
        if command.preset == "full"
        else f"Set cache:access to {command.preset}, which has it, and run `make up`"
    )
    return replace(
        fault,
        cause=f"the user may not run {command.title}, which the preset {command.preset} has",
        remedy=f"{allowed}; elsewhere add +{command.name} to the user's ACL rule (ACL SETUSER), or set "
        "REDIS_USERNAME to another user",
    )


def _shows(sign: Sign, symptoms: _Symptoms) -> bool:
    raised, verdicts = sign.raised, {getattr(error, "verify_code", None) for error in symptoms.errors}
    return (
        (sign.reply is None or any(reply.startswith(sign.reply) for reply in symptoms.replies))
        and (sign.message is None or sign.message in symptoms.message)
        and (raised is None or any(isinstance(error, raised) for error in symptoms.errors))
        and (not sign.certificate or not verdicts.isdisjoint(sign.certificate))
        and (sign.phase is None or sign.phase == symptoms.phase)
        and (sign.tls is None or sign.tls == symptoms.tls)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Return the error and those that caused it, each once: redis-py wraps what the socket said."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _reply(error: BaseException) -> str:
    """Return the server's reply as it was: redis-py takes the codes that it knows off the text."""
    code = getattr(error, "status_code", None)
    return f"{code} {error}" if code else str(error)


def _phase(errors: tuple[BaseException, ...]) -> Phase:
    connecting = any("connecting to" in str(error) for error in errors)
    if any(isinstance(error, ssl.SSLError) or "handshake" in str(error) for error in errors):
        # A connection that is cut off later is an error of TLS too.
        cut_off = any(isinstance(error, ssl.SSLEOFError) for error in errors) and not connecting
        return "answer" if cut_off else "handshake"
    return "connect" if connecting else "answer"
