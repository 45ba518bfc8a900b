"""Secrets taken out of words that others wrote, before they are shown."""

from collections.abc import Iterable
from typing import Final

# A shorter value (a port, "true") is no secret, and is part of words that explain the error.
SHORTEST: Final = 8


def without(secrets: Iterable[str | None], words: str) -> str:
    """Give the words with asterisks in the place of each of the secrets."""
    for secret in secrets:
        if secret and len(secret) >= SHORTEST:
            words = words.replace(secret, "****")
    return words
