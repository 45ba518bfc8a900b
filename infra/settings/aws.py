"""What a stack at AWS says of its region, and what lies in another one than the stack."""

from collections.abc import Collection, Mapping
from typing import Final

from infra.aws import patterns
from infra.settings.vocabulary import NAMESPACE, problem

# The provider's own key. Where it is not set, the region comes from the environment (infra/program.py) or a profile.
REGION: Final = "aws:region"

# ARNs that have to lie in the stack's region, or, where they have none, in its partition: KMS works in the services of
# its own region alone (KMS Developer Guide, "Multi-Region keys"), IAM in its own partition.
ARNS: Final = ("kmsKeyArn", "secretKmsKeyArn", "secretReaderRoleArn")


def region_problems(config: Mapping[str, str], stack: str, secret_keys: Collection[str]) -> list[str]:
    """Name a region that AWS cannot have, and every ARN that lies in another region or partition than the stack."""
    region = config.get(REGION)
    if region is None:
        return []
    if words := patterns.REGION.problem(region):
        shown = "" if REGION in secret_keys else f' "{region}"'
        return [problem(f"{REGION}{shown} {words}", cure=f"config set {REGION} us-east-1", stack=stack)]
    found = []
    for key in ARNS:
        full_key = f"{NAMESPACE}:{key}"
        arn = config.get(full_key, "")
        if full_key in secret_keys or REGION in secret_keys or not _is_arn(arn) or patterns.moved(arn, region) == arn:
            continue
        place = arn.split(":")[3] or f"the partition {arn.split(':')[1]}"
        # A key of one region has no counterpart in another, unless it was made to have one; the stack can make its own.
        has_counterpart = not arn.split(":")[3] or ":key/mrk-" in arn
        found.append(
            problem(
                f"{full_key} lies in {place}, and the stack in {region}, where AWS would not take it",
                cure=f"config set {full_key} {patterns.moved(arn, region)}"
                if has_counterpart
                else f"config rm {full_key}",
                stack=stack,
            )
        )
    return found


def _is_arn(text: str) -> bool:
    return patterns.KEY.problem(text) is None or patterns.ROLE.problem(text) is None
