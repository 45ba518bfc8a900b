"""The passwords of a rotation: the one before is still taken, and one that was dropped is refused."""

from dataclasses import dataclass, field, replace
from typing import Final

from verify.checks.finding import Finding, failed, passed
from verify.environment import CacheEnvironment
from verify.evidence import approach
from verify.expectation import Expectation
from verify.faults import PREVIOUS_REFUSED, RETIRED_TAKEN, WRONG_PASSWORD, Fault


@dataclass(frozen=True, kw_only=True)
class OtherPasswords:
    """The user's passwords beside the environment's own; an empty one is none. They are left out of the repr.

    `previous` is what an application that has not restarted since the rotation still has; `retired` has ended.
    """

    previous: str = field(default="", repr=False)
    retired: str = field(default="", repr=False)


NO_OTHERS: Final = OtherPasswords()


@dataclass(frozen=True)
class PasswordAttempt:
    """One password to try in the place of the environment's own."""

    environment: CacheEnvironment
    password: str = field(repr=False)

    def fault(self) -> Fault | None:
        """Return what keeps it out, or None where it gets in."""
        login = approach(replace(self.environment, password=self.password), Expectation())
        if login.client is not None:
            login.client.close()
        return login.fault


def previous_taken(attempt: PasswordAttempt) -> Finding:
    """An application that still has the password of before gets in."""
    fault = attempt.fault()
    if fault is None:
        return passed("an application that has not restarted yet gets in")
    return failed(PREVIOUS_REFUSED if fault is WRONG_PASSWORD else fault)


def retired_refused(attempt: PasswordAttempt) -> Finding:
    """Whoever has the password that was dropped stays out."""
    fault = attempt.fault()
    if fault is WRONG_PASSWORD:
        return passed("it is refused")
    return failed(RETIRED_TAKEN if fault is None else fault)
