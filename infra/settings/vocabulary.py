"""What the settings of every backend are written with: names, marks, and what is said of a problem."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from infra.settings.model import Check, Model, Wrong, settings_of

NAMESPACE: Final = "cache"

BackendName = Literal["local", "docker", "elasticache", "memorystore", "rediscloud", "memory"]

Texts = tuple[str, ...]

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


def checked(problem: Callable[[str], str | None]) -> Check:
    """Refuse a text for what is said of it, as a predicate like "is not the id of a subnet"."""

    def check(text: str | None) -> None:
        if text is not None and (words := problem(text)):
            raise Wrong(f"it {words}")

    return Check(check)


def each_checked(problem: Callable[[str], str | None]) -> Check:
    """Refuse a list for what is said of each item, all of it at once, and for an item that stands there twice."""

    def check(items: Texts) -> None:
        problems = ["it names the same twice"] if len(set(items)) < len(items) else []
        problems += [f"item {place} {words}" for place, item in enumerate(items, start=1) if (words := problem(item))]
        if problems:
            raise Wrong("; ".join(problems))

    return Check(check)


def problem(words: str, *, cure: str, stack: str) -> str:
    """Give the two lines of a problem: what it is, and the command of Pulumi's that cures it, where one does."""
    return f"  {words}\n      pulumi {cure} --stack {stack}" if cure else f"  {words}"


def name_problems(name_of: Callable[[str], str], stack: str) -> list[str]:
    """Say whether the vendor would refuse what the stack's name makes of the cache's."""
    try:
        name_of(stack)
    except ValueError as error:
        return [problem(str(error), cure="stack rename prod", stack=stack)]
    return []


def example_of(settings: type[Model], key: str) -> str:
    """Give the value that a fix-it line proposes for a key, without its namespace."""
    return settings_of(settings)[key].field.example
