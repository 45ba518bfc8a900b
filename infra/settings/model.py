"""A class whose fields are settings: how each is declared, and how its text becomes a value or is refused.

Of our own, where others take pydantic: to load that and to build this one model cost nearly half of what a whole `up`
with nothing to do costs on the in-process engine (docs/decisions.md).
"""

import inspect
import json
import math
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeVar, Union, dataclass_transform, get_args, get_origin

# The fields before one's own, as far as they are valid.
Known = Mapping[str, Any]
# Says nothing, or raises `Refusal`.
Rule = Callable[[Any, Known], None]
RuleT = TypeVar("RuleT", bound=Rule)
ModelT = TypeVar("ModelT", bound="Model")

# In the place of a default where there is none.
REQUIRED: Final = object()

TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


class Refusal(Exception):
    """A value will not do: `words` say why, after the key, and `example` would do."""

    def __init__(self, words: str, *, example: str = "") -> None:
        super().__init__(words)
        self.words = words
        self.example = example


class Wrong(Refusal):
    """A text will not do: `words` are a sentence about it, and the message shows it, unless it is a secret."""


class NoChoice(Refusal):
    """A text is none of the choices, which `words` list."""


class NotSet(Refusal):
    """A setting without a default is not set."""


class Unknown(Refusal):
    """A key is that of no setting."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """Stands in a field's annotation: its meaning, values to propose, and how far its values go."""

    description: str
    example: str
    # Proposed where the example will not do beside the other settings.
    other_examples: tuple[str, ...] = ()
    gt: float | None = None
    ge: float | None = None
    le: float | None = None
    may_be_empty: bool = True
    # Whether the rules are for the default too, which they refuse in some company.
    validate_default: bool = False


@dataclass(frozen=True)
class Check:
    """Stands in a field's annotation: raises `Refusal` for what will not do in any company."""

    check: Callable[[Any], None]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A field of a model. `type` is that of its values, None aside; `marks` are all else in its annotation."""

    name: str
    key: str
    type: Any
    default: Any
    field: Field
    marks: tuple[Any, ...]
    rules_of_texts: tuple[Rule, ...]
    rules: tuple[Rule, ...]

    @property
    def kind(self) -> Any:
        """What its values are: `str`, `int`, `float`, `bool`, `tuple` or `Literal`."""
        return get_origin(self.type) or self.type

    def value(self, text: str | None, known: Known) -> Any:
        """Read a text; None stands for one that is not set. Raises `Refusal`."""
        if text is not None:
            for rule in self.rules_of_texts:
                rule(text, known)
            value = self._read(text)
        elif self.default is REQUIRED:
            raise NotSet("is not set")
        elif self.field.validate_default:
            value = self.default
        else:
            return self.default
        for mark in self.marks:
            if isinstance(mark, Check):
                mark.check(value)
        for rule in self.rules:
            rule(value, known)
        return value

    def _read(self, text: str) -> Any:
        if self.kind is Literal:
            choices = get_args(self.type)
            if text not in choices:
                raise NoChoice(_listed(choices))
            return text
        value = READERS[self.kind](text)
        bounds = self.field
        if bounds.gt is not None and value <= bounds.gt:
            raise Wrong(f"it is not greater than {bounds.gt}")
        if bounds.ge is not None and value < bounds.ge:
            raise Wrong(f"it is less than {bounds.ge}")
        if bounds.le is not None and value > bounds.le:
            raise Wrong(f"it is greater than {bounds.le}")
        if not (text or bounds.may_be_empty):
            raise Wrong("it is empty")
        return value


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Model:
    """Base of the classes whose fields are settings: frozen, and made by keywords.

    To type checkers they are dataclasses. To make each of them one, with methods compiled for its dozens of fields,
    cost half as much again as all else of these settings.
    """

    def __init__(self, **values: Any) -> None:
        """Take values as they are; `read` is for texts."""
        fields = {setting.name: setting.default for setting in settings_of(type(self)).values()}
        vars(self).update(fields | values)
        wrong = sorted({*values} - {*fields} | {name for name, value in vars(self).items() if value is REQUIRED})
        if wrong:
            raise TypeError(f"{type(self).__name__} is not made with or without {', '.join(wrong)}")

    def __setattr__(self, name: str, _value: object) -> None:
        """Refuse it: settings are what the stack was asked for."""
        raise AttributeError(f"{name} of settings cannot be set")

    def __repr__(self) -> str:
        """Show every field."""
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


def rule(*names: str, of_text: bool = False) -> Callable[[RuleT], RuleT]:
    """Mark a static method of a model as a rule for fields: of their values, or of their texts before they are read."""

    def mark(function: RuleT) -> RuleT:
        vars(function)["rule"] = (names, of_text)
        return function

    return mark


def read(model: type[ModelT], written: Mapping[str, str]) -> tuple[ModelT | None, Mapping[str, Refusal]]:
    """Make a model of texts by key, or say of each key why not: those that are refused, and None with them."""
    settings = settings_of(model)
    known: dict[str, Any] = {}
    refused: dict[str, Refusal] = {}
    for key, setting in settings.items():
        try:
            known[setting.name] = setting.value(written.get(key), known)
        except Refusal as refusal:
            refused[key] = refusal
    refused |= {key: Unknown("is no setting") for key in written if key not in settings}
    return None if refused else model(**known), refused


# As functools.cache would, for which mypy does not take a class to be hashable.
_collected: Final[dict[type[Model], Mapping[str, Setting]]] = {}


def settings_of(model: type[Model]) -> Mapping[str, Setting]:
    """Give the settings of a model by their keys, in the order in which they are read: its bases' come first."""
    if model not in _collected:
        _collected[model] = {setting.key: setting for setting in _collect(model)}
    return _collected[model]


def _collect(model: type[Model]) -> Iterator[Setting]:
    parts = [part for part in reversed(model.__mro__) if issubclass(part, Model)]
    rules = [
        (*vars(member)["rule"], member.__func__)
        for part in parts
        for member in vars(part).values()
        if isinstance(member, staticmethod) and "rule" in vars(member)
    ]
    for part in parts:
        annotations: Mapping[str, Any] = inspect.get_annotations(part)
        for name, declared in annotations.items():
            if get_origin(declared) is not Annotated:
                continue
            type_, *marks = get_args(declared)
            if get_origin(type_) in (Union, types.UnionType):
                (type_,) = (member for member in get_args(type_) if member is not types.NoneType)
            (field,) = (mark for mark in marks if isinstance(mark, Field))
            yield Setting(
                name=name,
                key=key_of(name),
                type=type_,
                default=vars(part).get(name, REQUIRED),
                field=field,
                marks=tuple(mark for mark in marks if mark is not field),
                rules_of_texts=tuple(rule for names, of_text, rule in rules if of_text and name in names),
                rules=tuple(rule for names, of_text, rule in rules if not of_text and name in names),
            )


def key_of(name: str) -> str:
    """Give the configuration's key for a field: `memoryMb` for `memory_mb`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Wrong("it is not a whole number") from None


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise Wrong("it is not a number") from None
    if not math.isfinite(number):
        raise Wrong("it is not a finite number")
    return number


def _truth(text: str) -> bool:
    truth = TRUTHS.get(text.strip().lower())
    if truth is None:
        raise Wrong("it is neither true nor false")
    return truth


def texts(text: str) -> tuple[str, ...]:
    """Read a list as Pulumi hands it over, as JSON; or, typed on a command line, with commas. Raises `Wrong`."""
    if not text.lstrip().startswith("["):
        return tuple(item.strip() for item in text.split(",") if item.strip())
    try:
        items = json.loads(text)
    except ValueError:
        raise Wrong("it is not a list") from None
    if not all(isinstance(item, str) for item in items):
        raise Wrong("it is not a list of texts")
    return tuple(items)


READERS: Final[Mapping[Any, Callable[[str], Any]]] = {
    str: str,
    int: _whole,
    float: _number,
    bool: _truth,
    tuple: texts,
}


def _listed(choices: tuple[str, ...]) -> str:
    *others, last = (repr(choice) for choice in choices)
    return f"{', '.join(others)} or {last}" if others else last
