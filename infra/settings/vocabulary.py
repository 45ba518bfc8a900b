"""What the settings of every backend are written with: names, marks, and refusals in our own words."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

NAMESPACE: Final = "cache"

BackendName = Literal["local", "docker", "elasticache", "memorystore", "rediscloud", "memory"]

SinkName = Literal["dotenv", "encore", "encore-infra-config", "aws-secrets-manager", "aws-ssm", "gcp-secret-manager"]


@dataclass(frozen=True)
class Only:
    """Marks a setting that only some backends have."""

    backends: tuple[BackendName, ...]

    def __init__(self, *backends: BackendName) -> None:
        """Name the backends."""
        object.__setattr__(self, "backends", backends)


@dataclass(frozen=True)
class OnlyWith:
    """Marks a setting that only some sinks have."""

    sinks: tuple[SinkName, ...]

    def __init__(self, *sinks: SinkName) -> None:
        """Name the sinks."""
        object.__setattr__(self, "sinks", sinks)


def values_of(config: Mapping[str, str]) -> dict[str, str]:
    """Give a stack's own settings, without their namespace; keys of other namespaces are other programs'."""
    prefix = f"{NAMESPACE}:"
    return {key.removeprefix(prefix): text for key, text in config.items() if key.startswith(prefix)}


def texts(value: object) -> object:
    """Read a list as Pulumi hands it over, as JSON; or, typed on a command line, with commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return [item.strip() for item in value.split(",") if item.strip()]


Texts = Annotated[tuple[str, ...], BeforeValidator(texts)]


def refusal(words: str, *, example: str = "") -> PydanticCustomError:
    """Refuse a value for a reason that pydantic's own rules cannot see."""
    return PydanticCustomError("settings", "{words}", {"words": words, "example": example})


def wrong(words: str) -> PydanticCustomError:
    """Refuse a free text; the message shows it, unless it is a secret."""
    return PydanticCustomError("wrong", "{words}", {"words": words})


def checked(problem: Callable[[str], str | None]) -> AfterValidator:
    """Refuse a text for what is said of it, as a predicate like "is not the id of a subnet"."""

    def check(text: str | None) -> str | None:
        if text is not None and (words := problem(text)):
            raise wrong(f"it {words}")
        return text

    return AfterValidator(check)


def each_checked(problem: Callable[[str], str | None]) -> AfterValidator:
    """Refuse a list for what is said of each item, all of it at once, and for an item that stands there twice."""

    def check(items: tuple[str, ...]) -> tuple[str, ...]:
        problems = ["it names the same twice"] if len(set(items)) < len(items) else []
        problems += [f"item {place} {words}" for place, item in enumerate(items, start=1) if (words := problem(item))]
        if problems:
            raise wrong("; ".join(problems))
        return items

    return AfterValidator(check)


def problem(words: str, *, cure: str, stack: str) -> str:
    """Give the two lines of a problem: what it is, and the command of Pulumi's that cures it."""
    return f"  {words}\n      pulumi {cure} --stack {stack}"


def name_problems(name_of: Callable[[str], str], stack: str) -> list[str]:
    """Say whether the vendor would refuse what the stack's name makes of the cache's."""
    try:
        name_of(stack)
    except ValueError as error:
        return [problem(str(error), cure="stack rename prod", stack=stack)]
    return []


def example_of(settings: type[BaseModel], key: str) -> str:
    """Give the value that a fix-it line proposes for a key, without its namespace."""
    return next(example(field) for name, field in settings.model_fields.items() if to_camel(name) == key)


def example(field: FieldInfo) -> str:
    """Give the value that a fix-it line proposes where the problem itself does not say."""
    return str(field.examples[0]) if field.examples else "VALUE"
