"""The write that proves a cache healthy: one key of ours, which goes by itself."""

from collections.abc import Iterator
from typing import Any, Final

import redis
from redis.utils import str_if_bytes

from verify.keys import BALANCE, DAILY_REPORT, SUMMARY

_TTL_SECONDS: Final = 60
_NAME: Final = "verify-health"
_WRITING: Final = ("~", "%W~", "%RW~", "%WR~")  # how a key pattern of an ACL begins that allows writes


def write(client: redis.Redis, prefix: str) -> None:
    """Write one key with a TTL of a minute, by a name that the user's key patterns allow, at best under our prefix.

    Raises `redis.RedisError`: the refusal of the last name where the user may write none of them.
    """
    refusal: Exception | None = None
    for key in _keys(client, prefix):
        try:
            client.set(key, b"", ex=_TTL_SECONDS)
        except redis.exceptions.NoPermissionError as error:
            # Another name helps where the key was refused, and not where the command was.
            if "key" not in str(error):
                raise
            refusal = error
        else:
            return
    if refusal is not None:
        raise refusal


def _keys(client: redis.Redis, prefix: str) -> Iterator[str]:
    """Name a key beside the application's, then one in each of its data sets, then one by the user's own patterns."""
    yield f"{prefix}{_NAME}"
    yield DAILY_REPORT.key(organization=_NAME, day="0")
    yield BALANCE.key(organization=_NAME)
    yield SUMMARY.key(organization=_NAME)
    yield from _permitted_keys(client)


def _permitted_keys(client: redis.Redis) -> Iterator[str]:
    """Name a key for each pattern in the user's ACL rule; few users may read their own."""
    try:
        user: Any = client.acl_getuser(str_if_bytes(client.acl_whoami()))
    except redis.ResponseError:
        return
    for pattern in user["keys"] if user else ():
        begins, tilde, names = pattern.partition("~")
        if begins + tilde in _WRITING:
            yield names.replace("*", _NAME, 1).replace("*", "")
