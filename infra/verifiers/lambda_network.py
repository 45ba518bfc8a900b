"""The network of a Lambda function that verifies the cache from inside its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class LambdaNetwork:
    """The cache's subnets, in a group that the cache lets in and that leads nowhere else.

    `name` is the cache's. `ready` is what has to be there before a call can get through.
    """

    name: str
    partition: str
    subnet_ids: pulumi.Input[Sequence[str]]
    security_group_id: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]
    ready: Sequence[pulumi.Resource]
