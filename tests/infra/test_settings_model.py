"""The frame that settings are declared with: what a text becomes, what rules see, and how it is refused."""

from typing import Annotated, Any, Literal

import pytest

from infra.settings.model import (
    REQUIRED,
    Check,
    Field,
    Known,
    Model,
    NoChoice,
    NotSet,
    Refusal,
    Unknown,
    Wrong,
    key_of,
    read,
    rule,
    settings_of,
)


def _is_no_thirteen(number: int | None) -> None:
    if number == 13:
        raise Wrong("it is thirteen")


class Base(Model):
    """Fields of every kind."""

    colour: Annotated[Literal["red", "green"], Field(description="A choice", example="red")]
    number: Annotated[
        int | None, Check(_is_no_thirteen), Field(description="A number", example="1", gt=0, le=20), "a mark"
    ] = None
    share: Annotated[float, Field(description="A part", example="0.5", ge=0)] = 0.5
    is_on: Annotated[bool, Field(description="A switch", example="true")] = True
    names: Annotated[tuple[str, ...], Field(description="A list", example="a,b")] = ()
    free_text: Annotated[str | None, Field(description="A text", example="x", may_be_empty=False)] = None

    constant = 1


class Derived(Base):
    """One field more, and rules for those of the base."""

    other: Annotated[str, Field(description="A text", example="x", validate_default=True)] = "unset"

    @rule("number")
    @staticmethod
    def _red_is_even(number: int | None, known: Known) -> None:
        if number is not None and known.get("colour") == "red" and number % 2:
            raise Refusal(f"{number} is odd, and red is not", example="2")

    @rule("free_text", of_text=True)
    @staticmethod
    def _comes_before_all_else(text: str, _known: Known) -> None:
        if text == "":
            raise Refusal("was left out")

    @rule("other")
    @staticmethod
    def _is_set_for_green(other: str, known: Known) -> None:
        if other == "unset" and known.get("colour") == "green":
            raise Refusal("is for green")


def refused(**texts: str) -> dict[str, str]:
    """Give what is said of each key that is refused."""
    made, problems = read(Derived, texts)
    assert made is None
    return {key: refusal.words for key, refusal in problems.items()}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("number", "7", 7),
        ("number", " +7 ", 7),
        ("share", "1e-1", 0.1),
        ("isOn", "False", False),
        ("isOn", " on ", True),
        ("names", "a, b,", ("a", "b")),
        ("names", '["a", "b, c"]', ("a", "b, c")),
        ("names", "[]", ()),
        ("freeText", " ", " "),
    ],
)
def test_a_text_becomes_the_fields_kind_of_value(key: str, text: str, value: Any) -> None:
    """As Pulumi hands it over, or as it was typed."""
    made, problems = read(Base, {"colour": "red", key: text})
    assert problems == {}
    assert getattr(made, settings_of(Base)[key].name) == value


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("number", "1.5", "it is not a whole number"),
        ("number", "9" * 5000, "it is not a whole number"),
        ("number", "0", "it is not greater than 0"),
        ("number", "21", "it is greater than 20"),
        ("number", "13", "it is thirteen"),
        ("share", "-0.1", "it is less than 0"),
        ("share", "half", "it is not a number"),
        ("share", "nan", "it is not a finite number"),
        ("isOn", "maybe", "it is neither true nor false"),
        ("names", "[a", "it is not a list"),
        ("names", '["a", 1]', "it is not a list of texts"),
        ("freeText", "", "it is empty"),
    ],
)
def test_a_text_that_is_none_is_refused(key: str, text: str, words: str) -> None:
    """In words that never hold the value."""
    _, problems = read(Base, {"colour": "green", key: text})
    assert [(name, type(refusal), refusal.words) for name, refusal in problems.items()] == [(key, Wrong, words)]


def test_every_field_is_refused_for_itself_and_all_at_once() -> None:
    """In the order of the fields, whatever is wrong with the others; what is no setting comes last."""
    made, problems = read(Base, {"zzz": "1", "isOn": "x", "number": "x"})
    assert made is None
    assert [(key, type(refusal)) for key, refusal in problems.items()] == [
        ("colour", NotSet),
        ("number", Wrong),
        ("isOn", Wrong),
        ("zzz", Unknown),
    ]


def test_a_choice_is_listed() -> None:
    """As many as there are."""
    _, problems = read(Base, {"colour": "blue"})
    assert isinstance(problems["colour"], NoChoice)
    assert problems["colour"].words == "'red' or 'green'"


def test_a_rule_knows_the_valid_fields_before_its_own() -> None:
    """Also those of a base; a field that is not valid is as if it were not there."""
    assert refused(colour="red", number="3") == {"number": "3 is odd, and red is not"}
    assert refused(colour="blue", number="3") == {"colour": "'red' or 'green'"}


def test_a_rule_of_texts_comes_before_the_text_is_read() -> None:
    """It has the first word."""
    assert refused(colour="red", freeText="") == {"freeText": "was left out"}


def test_rules_are_for_a_default_only_where_the_field_says_so() -> None:
    """It may not do in some company."""
    assert refused(colour="green") == {"other": "is for green"}
    made, _ = read(Derived, {"colour": "red"})
    assert made is not None
    assert (made.number, made.other) == (None, "unset")


def test_a_setting_is_described_by_its_declaration() -> None:
    """For the documents and the schema; what is no setting is none of them."""
    settings = settings_of(Derived)
    assert list(settings) == ["colour", "number", "share", "isOn", "names", "freeText", "other"]
    assert (settings["colour"].kind, settings["colour"].default) == (Literal, REQUIRED)
    assert (settings["number"].kind, settings["number"].marks[1:]) == (int, ("a mark",))
    assert settings["names"].kind is tuple
    assert key_of("a_long_name") == "aLongName"


def test_settings_are_frozen_and_made_by_keywords() -> None:
    """Of values, by code that has no texts."""
    made = Base(colour="red", number=13)
    assert (made.number, made.is_on) == (13, True)
    assert repr(made).startswith("Base(colour='red', number=13, share=0.5,")
    with pytest.raises(AttributeError, match="number of settings cannot be set"):
        made.number = 1  # type: ignore[misc]
    with pytest.raises(TypeError, match="without colour"):
        Base()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="with or without zzz"):
        Base(colour="red", zzz=1)  # type: ignore[call-arg]
