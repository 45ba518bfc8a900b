"""A password that is made once, kept in the stack's encrypted state, and rotated when that is asked for.

A dynamic resource of ours, and not pulumi-random's: both engines serve it without a plugin, and a rotation needs
two passwords at a time, with where it stands in the state.
"""

import secrets
import string
from typing import Any, Final, cast

import pulumi
from pulumi.dynamic import CheckResult, CreateResult, DiffResult, Resource, UpdateResult

from infra import name_guard, rotation
from infra.dynamic import Provider
from infra.rotation import Passwords, RotationState

# ElastiCache takes 16 to 128 characters, and letters and digits alone need no encoding in a URL (AWS,
# "Authenticating with Role-Based Access Control"; 190 bits are left).
LENGTH: Final = 32
ALPHABET: Final = string.ascii_letters + string.digits

SECRETS: Final = ("value", "previous", "retired")


class PasswordProvider(Provider):
    """Makes a password at its creation, and another only for a rotation."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse another name prefix: every backend whose names have it declares a password, or a guard."""
        return CheckResult(news, name_guard.failures(olds, news))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make it."""
        del props
        return CreateResult("password", _outputs(Passwords(current=_fresh())))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Nothing about it changes by itself: only a step that is asked for, and was not taken yet."""
        # A state of the time before rotations has no more than the value.
        return DiffResult(changes=_after(olds, news) != _known(olds) or "standing" not in olds)

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Take the step."""
        return UpdateResult(_outputs(_after(olds, news)))


class Password(Resource, module="password", name="Password"):
    """The password of a cache's user. `value` is the one to use, `previous` is valid beside it in a rotation."""

    value: pulumi.Output[str]
    previous: pulumi.Output[str]
    retired: pulumi.Output[str]
    standing: pulumi.Output[RotationState]

    def __init__(
        self, name: str, *, name_prefix: str, at_once: int = 2, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Declare it, for a cache that takes so many passwords at once. Raises `rotation.InvalidStep`."""
        super().__init__(
            PasswordProvider(),
            name,
            {
                **name_guard.inputs(name_prefix),
                "step": rotation.requested(),
                "atOnce": at_once,
                "value": None,
                "previous": None,
                "retired": None,
                "standing": None,
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=list(SECRETS))),
        )

    @property
    def passwords(self) -> pulumi.Output[Passwords]:
        """Return all of them, as a secret."""
        return pulumi.Output.secret(
            pulumi.Output.all(self.value, self.previous, self.retired, self.standing).apply(
                lambda known: Passwords(current=known[0], previous=known[1], retired=known[2], state=known[3])
            )
        )


def _known(olds: dict[str, Any]) -> Passwords:
    return Passwords(
        current=olds["value"],
        previous=olds.get("previous") or "",
        retired=olds.get("retired") or "",
        state=cast("RotationState", olds.get("standing") or "closed"),
    )


def _after(olds: dict[str, Any], news: dict[str, Any]) -> Passwords:
    return _known(olds).after(news.get("step"), fresh=_fresh(), at_once=int(news["atOnce"]))


def _outputs(passwords: Passwords) -> dict[str, Any]:
    return {
        "value": passwords.current,
        "previous": passwords.previous,
        "retired": passwords.retired,
        "standing": passwords.state,
    }


def _fresh() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
