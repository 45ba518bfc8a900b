"""The account and region that the credentials lead to."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class Account:
    """Where everything is made. `partition` is "aws", "aws-cn" or "aws-us-gov"."""

    id: str
    region: str
    partition: str


def find(wanted_id: str | None) -> Account:
    """Ask AWS who we are, before anything is declared.

    Raises `pulumi.RunError` where AWS does not answer, or where it is another account than `wanted_id`.
    """
    # Pulumi's own provider, and not one of ours with allowed_account_ids: that would not read the keys that teams
    # have in their stacks, like aws:region, aws:profile and aws:assumeRoles.
    try:
        identity = aws.get_caller_identity()
        region = aws.get_region().region
    except Exception as error:  # noqa: BLE001 - the SDK raises nothing more exact for what the provider says
        raise pulumi.RunError(f"AWS does not say which account this is: {error}") from None
    if wanted_id not in (None, identity.account_id):
        raise pulumi.RunError(
            f"cache:accountId is {wanted_id}, and these credentials are for account {identity.account_id}; "
            "nothing was touched"
        )
    return Account(id=identity.account_id, region=region, partition=identity.arn.split(":")[1])
