"""Secrets taken out of words that others wrote, before they are shown."""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

# A shorter value (a port, "true") is no secret, and is part of words that explain the error.
SHORTEST: Final = 8


def without(secrets: Iterable[str | None], words: str) -> str:
    """Give the words with asterisks for each of the secrets: plain, and as URLs, JSON, base64 and hex have it."""
    for secret in secrets:
        if secret and len(secret) >= SHORTEST:
            # The longest first: another may be a part of it.
            for form in sorted(_forms(secret), key=len, reverse=True):
                words = words.replace(form, "****")
    return words


def _forms(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret), quote(secret, safe=""), quote_plus(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield secret.encode().hex()
    # It may stand anywhere in what was encoded, and its first and last characters then depend on its neighbours.
    for before in range(3):
        text = b"\0" * before + secret.encode()
        inside = slice((0, 2, 3)[before], len(text) * 8 // 6)
        yield base64.b64encode(text).decode()[inside]
        yield base64.urlsafe_b64encode(text).decode()[inside]
