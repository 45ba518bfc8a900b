"""What every model of settings is made of: the base, the kinds of values, and how a validator refuses one."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

NAMESPACE: Final = "cache"

# The fields before one's own, as far as they are valid: what pydantic hands to a validator as `info.data`.
Known = Mapping[str, Any]


class Refusal(ValueError):
    """A value will not do. Raised by a validator, and put into words by infra/settings/loading.py.

    `message` follows the key. A field's name in braces stands for that field's value, which is not shown where it is a
    secret; `values` has the other names', and a field's where only a part of its value, or what follows from it, is
    meant. "{value}" is the refused value in quotes, and "{description}" the field's.

    `example` would do: an empty one is the field's own, and None means to remove the key. It is not shown where
    `made_of`, the field whose value it repeats, is a secret. `field` is the refused one, where it is another than the
    validator's.
    """

    def __init__(
        self, message: str, *, example: str | None = None, made_of: str = "", field: str = "", **values: object
    ) -> None:
        super().__init__(message)
        self.message = message
        self.example = example
        self.made_of = made_of
        self.field = field
        self.values = values


class Wrong(Refusal):
    """A value will not do by itself; `reason` is a sentence that does not repeat it."""

    def __init__(self, reason: str) -> None:
        super().__init__("{value} will not do: {reason}", example="", reason=reason)


class NotSet(Refusal):
    """A setting that only the user can know is not set. `instead` is a field that would do in its place."""

    def __init__(self, meaning: str = "", *, instead: str = "") -> None:
        super().__init__(
            "is not set: {meaning}" if meaning else "is not set: {description}", example="", meaning=meaning
        )
        self.instead = instead


def key_of(name: str) -> str:
    """Return the configuration's key of a field: `cache:memoryMb` for `memory_mb`."""
    first, *rest = name.split("_")
    return f"{NAMESPACE}:{first}{''.join(word.capitalize() for word in rest)}"


class Model(BaseModel):
    """Base of the settings: frozen, and read from the texts of a stack's configuration or made by keywords.

    A rule across fields is a validator of the later one. Pydantic runs it whatever is wrong with other fields, and
    `info.data` has the valid ones, so all problems are found at once; a model's own validators run only once every
    field is valid.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, alias_generator=key_of, validate_by_name=True
    )

    @classmethod
    def keys(cls) -> dict[str, str]:
        """Return the configuration's key of each field, by the field's name."""
        return {name: field.alias or key_of(name) for name, field in cls.model_fields.items()}

    @classmethod
    def proposals(cls, field: str, config: Mapping[str, str]) -> Sequence[str]:
        """Return what a field may be set to in a configuration, the likeliest first."""
        del config
        return [str(example) for example in cls.model_fields[field].examples or ()]

    @classmethod
    def example(cls, **values: Any) -> Self:
        """Return settings in which what is required and not among `values` is made up."""
        required = {name: field.examples for name, field in cls.model_fields.items() if field.is_required()}
        return cls(**{name: examples[0] for name, examples in required.items() if examples} | values)


def items(text: str) -> tuple[str, ...]:
    """Read a list as Pulumi hands it over, as JSON; or, typed on a command line, with commas. Raises `Refusal`."""
    if not text.lstrip().startswith("["):
        return tuple(item.strip() for item in text.split(",") if item.strip())
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Wrong("it is not a list") from None
    if not all(isinstance(item, str) for item in found):
        raise Wrong("it is not a list of strings")
    return tuple(found)


Strings = Annotated[tuple[str, ...], BeforeValidator(lambda value: items(value) if isinstance(value, str) else value)]


def checked(problem: Callable[[str], str | None]) -> AfterValidator:
    """Refuse a string for what is said of it, as a predicate like "is not the id of a subnet"."""

    def check(string: str | None) -> str | None:
        if string is not None and (message := problem(string)):
            raise Wrong(f"it {message}")
        return string

    return AfterValidator(check)


def each_checked(problem: Callable[[str], str | None]) -> AfterValidator:
    """Refuse a list for what is said of each item, all of it at once, and for an item that stands there twice."""

    def check(items: tuple[str, ...]) -> tuple[str, ...]:
        problems = ["it names the same twice"] if len(set(items)) < len(items) else []
        problems += [
            f"item {place} {message}" for place, item in enumerate(items, start=1) if (message := problem(item))
        ]
        if problems:
            raise Wrong("; ".join(problems))
        return items

    return AfterValidator(check)


def readable(read: Callable[[str], object]) -> AfterValidator:
    """Refuse a string for what its reader says of it in a `ValueError`, as a predicate."""

    def check(string: str | None) -> str | None:
        try:
            if string is not None:
                read(string)
        except ValueError as problem:
            raise Wrong(f"it {problem}") from None
        return string

    return AfterValidator(check)


def require_distinct(items: tuple[str, ...], *, field: str) -> None:
    """Raise `Refusal` for a list, which a field has, that names the same twice."""
    if len(set(items)) < len(items):
        raise Refusal("names the same twice", example=",".join(dict.fromkeys(items)), made_of=field)
