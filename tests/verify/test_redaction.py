"""A secret is taken out of words that others wrote, in each form in which it is searched for."""

import base64
import json
import random
import shlex
import string
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import quoteattr

import pytest

from tests import leaks
from verify import redaction

SECRET = 'p@ss/wörd+with:all"of it'


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        json.dumps({"value": SECRET}),
        json.dumps({"value": SECRET}, ensure_ascii=False),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        SECRET.upper(),
        repr(SECRET),
        repr(SECRET.encode()),
        repr({"password": SECRET}),
        SECRET.encode().decode("latin-1"),
        quoteattr(SECRET),
        shlex.quote(SECRET),
        quote(SECRET, safe="").lower(),
        *(
            encode(f"{'?' * before}{SECRET}{'>' * after}".encode()).decode()
            for encode in (base64.b64encode, base64.urlsafe_b64encode)
            for before in range(4)
            for after in range(3)
        ),
    ],
)
def test_each_form_is_taken_out(written: str) -> None:
    """As it is, in a URL, in JSON, and wherever it stands in something encoded; the words around it stay."""
    said = redaction.without([SECRET], f"refused: {written} at line 3")
    assert said.startswith("refused: ")
    assert "****" in said
    assert said.endswith(" at line 3")
    assert leaks.in_text(said, {"password": SECRET}) == []


def test_what_is_no_secret_stays() -> None:
    """A port and an empty variable are parts of what explains the error."""
    assert redaction.without(["6379", "", None, "true"], "port 6379: not true") == "port 6379: not true"


def test_a_piece_of_eight_characters_is_the_secret() -> None:
    """Redis cuts what it repeats at 128 bytes, and others cut elsewhere."""
    for start in range(len(SECRET) - redaction.PIECE + 1):
        for end in range(start + redaction.PIECE, len(SECRET) + 1):
            piece = SECRET[start:end]
            assert redaction.without([SECRET], f"<{piece}>") == "<****>"


def test_a_short_password_is_taken_out_where_it_stands_as_a_word() -> None:
    """Not out of the words around it, which explain the error."""
    said = "unknown command 'AUTH', with args beginning with: 'red', needs redis; red"
    assert redaction.without(["red"], said, shortest=1) == said.replace("'red'", "'****'").replace("; red", "; ****")


def test_no_form_of_a_random_secret_is_left() -> None:
    """Any character may be in a password, and any text around it."""
    chance = random.Random(12)  # noqa: S311 - test data
    alphabet = string.ascii_letters + string.digits + string.punctuation + " éßİ€😀\t"
    for _ in range(200):
        secret = "".join(chance.choices(alphabet, k=chance.randint(8, 40)))
        around = "".join(chance.choices(alphabet, k=30))
        for form in leaks.forms(secret):
            said = redaction.without([secret], f"{around}{form.decode()}{around}")
            assert leaks.in_text(said, {"password": secret}) == []


def test_a_control_character_is_shown_and_not_obeyed() -> None:
    """A terminal would obey it, and XML cannot hold it."""
    shown = redaction.printable("a\x1b[31mb\0\r\nc\u202ed\ufffe\udc80é")
    assert shown == r"a\x1b[31mb\x00\r\nc\u202ed\ufffe\udc80é"


def test_a_long_text_is_cut() -> None:
    """Half a megabyte of an application's words helps nobody."""
    assert redaction.legible("x" * 600) == f"{'x' * 500} ... and 100 characters more"
    assert redaction.fit("secret-of-mine " * 10**6, ["secret-of-mine"]).endswith("characters more")
