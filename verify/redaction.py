"""Text that came from outside made fit to show: without known secrets, without control characters, and not too long.

What a server, a driver, a proxy, an application or a command-line tool says goes through here before it is shown,
logged or kept.
"""

import base64
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

MASK: Final = "****"
# Servers cut what they repeat (Redis at 128 bytes), so a piece of this many characters counts as the secret.
PIECE: Final = 8
# A shorter value (a port, "true") is mostly no secret, and is part of words that explain the error.
SHORTEST: Final = PIECE
LONGEST: Final = 500
# What is read of a longer text, so that a message of megabytes costs nothing.
LONGEST_READ: Final = 65_536


def without(secrets: Iterable[str | None], text: str, *, shortest: int = SHORTEST) -> str:
    """Return the text with asterisks for each secret and for each piece of one that has eight characters or more.

    A secret is found as it is, in repr, JSON, XML, shell, percent, hex and base64 form, in upper and lower case. One of
    less than `shortest` characters is left alone, and one of less than eight is taken out where it stands as a word.
    """
    folded = _folded(text)
    hidden = bytearray(len(text))
    pieces: set[str] = set()
    words: set[str] = set()
    for secret in secrets:
        if not secret or len(secret) < shortest:
            continue
        for form in map(_folded, _forms(secret)):
            pieces.update(form[start : start + PIECE] for start in range(len(form) - PIECE + 1))
            if len(form) < PIECE:
                words.add(form)
    for start in range(len(text) - PIECE + 1):
        if folded[start : start + PIECE] in pieces:
            hidden[start : start + PIECE] = b"\1" * PIECE
    for word in words:
        for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", folded):
            hidden[found.start() : found.end()] = b"\1" * len(word)
    if not any(hidden):
        return text
    parts = groupby(zip(hidden, text, strict=True), key=lambda pair: pair[0])
    return "".join(MASK if secret else "".join(character for _, character in part) for secret, part in parts)


def printable(text: str) -> str:
    r"""Return the text with \x1b and the like for what is no visible character: a terminal would obey it.

    Line breaks, halves of a surrogate pair and characters that XML cannot hold are among them.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def legible(text: str) -> str:
    """Return the text on one line of visible characters, cut after 500 of them."""
    shown = printable(text[:LONGEST])
    left = len(text) - LONGEST
    return shown if left <= 0 else f"{shown} ... and {left} characters more"


def fit(text: str, secrets: Iterable[str | None], *, shortest: int = SHORTEST) -> str:
    """Return the text fit for a message: `without` the secrets, and `legible`. No more than 64 KiB of it is read."""
    return legible(without(secrets, text[:LONGEST_READ], shortest=shortest))


def _folded(text: str) -> str:
    """Return the text in lower case, each character where it was: some have a lower case of two."""
    return "".join(lower if len(lower := character.lower()) == 1 else character for character in text)


_QUOTES: Final[tuple[Mapping[str, str], ...]] = (
    {},
    {'"': "&quot;", "'": "&apos;"},
    {'"': "&#34;", "'": "&#39;"},
    {'"': "&quot;", "'": "&#x27;"},
)


def _forms(secret: str) -> Iterator[str]:
    raw = secret.encode(errors="surrogateescape")
    shown, in_json = repr(raw)[2:-1], json.dumps(secret)[1:-1]
    yield from (secret, raw.decode("latin-1"), repr(secret)[1:-1], shown)
    # As Redis repeats arguments (sdscatrepr).
    yield shown.replace("\\'", "'").replace('"', '\\"')
    yield from (in_json, in_json.replace("/", "\\/"), json.dumps(secret, ensure_ascii=False)[1:-1])
    for quotes in _QUOTES:
        in_xml = escape(secret, dict(quotes))
        yield from (in_xml, in_xml.encode("ascii", "xmlcharrefreplace").decode())
    yield from (shlex.quote(secret).strip("'"), re.sub(r"(\W)", r"\\\1", secret))
    yield from (quote(raw), quote(raw, safe=""), quote_plus(raw), "".join(f"%{byte:02x}" for byte in raw), raw.hex())
    # It may stand anywhere in what was encoded, and its first and last characters then depend on its neighbours.
    for before in range(3):
        shifted = b"\0" * before + raw
        inside = slice((0, 2, 3)[before], len(shifted) * 8 // 6)
        yield base64.b64encode(shifted).decode()[inside]
        yield base64.urlsafe_b64encode(shifted).decode()[inside]
