"""What Redis Cloud can refuse, and what a user does about it."""

from collections.abc import Mapping
from typing import Final


class CloudError(Exception):
    """Redis Cloud did not do what it was asked to; the message is for the user."""


class AnswerLost(CloudError):
    """A request was sent and its answer never came: it may have been done, or not."""


class Refused(CloudError):
    """Redis Cloud refused a request, or failed while it worked on it. `code` is its own name of the reason."""

    def __init__(self, doing: str, code: str, description: str) -> None:
        """Describe what was refused, why, and the cure where there is a known one."""
        reason = " ".join(part for part in (description, f"({code})" if code else "") if part)
        cure = CURES.get(code)
        super().__init__(f"{doing}: Redis Cloud refuses: {reason or 'no reason given'}{f'; {cure}' if cure else ''}")
        self.code = code


# The codes of ProcessorResponse.error in the API's own OpenAPI document (redis/docs, operate/rc/api/api-reference).
CURES: Final[Mapping[str, str]] = {
    "FIXED_SUBSCRIPTION_ACCOUNT_ALREADY_HAS_A_FREE_PLAN": "an account has one free subscription: delete the other in "
    "the console (https://cloud.redis.io), or ask for a paid plan: pulumi config set cache:memoryMb 250",
    "FREE_PLAN_IS_ALLOWED_ONLY_FOR_ACCOUNTS_WITH_VALID_PAYMENT_INFO": "add a payment method in the console "
    "(https://cloud.redis.io, Billing & Payments); the free plan does not use it",
    "FIXED_SUBSCRIPTION_CREATE_PLAN_NOT_FOUND": "the plan is gone since it was chosen; run the same again, and another "
    "is chosen",
    "FIXED_SUBSCRIPTION_UPDATE_INVALID_PLAN": "this subscription cannot change to that plan; take the stack down, "
    "and its data with it, or keep the size",
    "FIXED_SUBSCRIPTION_PLAN_SIZE_SMALLER_THEN_CURRENT_SUBSCRIPTION_USAGE": "more is stored than the smaller plan "
    "holds; keep the size: pulumi config set cache:memoryMb",
    "FIXED_SUBSCRIPTION_PLAN_NOT_SUPPORT_TLS": "the database has TLS and the free plan cannot; take the stack down "
    "first, and its data with it",
    "SUBSCRIPTION_PI_NOT_FOUND": "see cache:paymentMethodId",
    "PAYMENT_INFO_NOT_PROVIDED": "see cache:paymentMethodId",
    "PAYMENT_INFO_EXPIRED": "renew the payment method in the console, or name another: cache:paymentMethodId",
    "TOO_MANY_PENDING_SUBSCRIPTIONS": "three subscriptions of the account are being changed already; run the same "
    "again in a few minutes",
}
