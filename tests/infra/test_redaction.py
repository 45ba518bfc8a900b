"""A secret is taken out of words that others wrote, in each form in which it is searched for."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from infra import redaction
from tests import leaks

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
