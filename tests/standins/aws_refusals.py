"""What AWS refuses and moto takes: how the tables of it read, whose rows are in aws_*_refusals.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.standins.aws import Account

Request = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One thing that AWS refuses, and who says so.

    `breaks` is what turns a request that AWS takes into this one, None for a parameter that is left out; a test sends
    each.
    """

    operation: str
    code: str
    words: str
    source: str
    refuses: Callable[[Request, "Account"], bool]
    breaks: Request = field(default_factory=dict)
