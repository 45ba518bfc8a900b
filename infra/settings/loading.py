"""From a stack's configuration to its settings, or to one message with every problem and its cure."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from infra import sizing
from infra.settings import elasticache, memorystore, rediscloud
from infra.settings.delivery import DEFAULT_SINKS, DeliverySettings
from infra.settings.elasticache import ElastiCacheSettings
from infra.settings.memorystore import MemorystoreSettings
from infra.settings.rediscloud import RedisCloudSettings
from infra.settings.self_hosted import SelfHostedSettings
from infra.settings.vocabulary import NAMESPACE, BackendName, Only, OnlyWith, example, problem, texts, values_of
from verify.capacity import InvalidForecast
from verify.workload import InvalidWorkload


class InvalidSettings(Exception):
    """The stack's configuration has problems; the message lists each with the command that cures it."""


class Settings(DeliverySettings, RedisCloudSettings, MemorystoreSettings, ElastiCacheSettings, SelfHostedSettings):
    """The settings of one stack: those of every backend, of which `Only` leaves each the ones that it has."""


KEYS: Final = tuple(to_camel(field) for field in Settings.model_fields)
FIELDS: Final = {to_camel(name): field for name, field in Settings.model_fields.items()}

# What a stack of a backend still has to say: of its whole configuration, its name, and the keys of its secrets.
WANTING: Final[Mapping[str, Callable[[Mapping[str, str], str, Collection[str]], list[str]]]] = {
    "elasticache": elasticache.wanting,
    "memorystore": memorystore.wanting,
    "rediscloud": rediscloud.wanting,
}


def load(config: Mapping[str, str], *, stack: str, secret_keys: Collection[str] = ()) -> Settings:
    """Make the settings of `stack` from its configuration.

    `config` maps full keys ("cache:tier") to their text, as Pulumi hands them over; keys of other namespaces
    are other programs' and are left alone. `secret_keys` are the full keys whose values must never be shown.
    Raises `InvalidSettings` with all problems at once.
    """
    values = values_of(config)
    hidden = {key.removeprefix(f"{NAMESPACE}:") for key in secret_keys}
    settings, errors = None, []
    try:
        settings = Settings.model_validate(_with_tier(values))
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
    wanting = WANTING.get(values.get("backend", ""))
    problems = [
        *_misplaced(values, {str(error["loc"][0]) for error in errors}, stack),
        *(wanting(config, stack, secret_keys) if wanting else []),
        *(_describe(error, values, hidden, stack) for error in errors),
    ]
    if settings is not None and not problems:
        return settings
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    header = (
        f"the configuration of stack {stack} has {count}; edit Pulumi.{stack}.yaml, or (in a Pulumi backend of your "
        "own) run:"
    )
    raise InvalidSettings("\n".join([header, *problems]))


def _with_tier(values: Mapping[str, str]) -> Mapping[str, str]:
    """Choose the tier of a stack that names its organizations alone."""
    if "organizations" not in values or "tier" in values:
        return values
    try:
        return {**values, "tier": sizing.tier_for(sizing.memory_mb_for(int(values["organizations"])))}
    except (ValueError, OverflowError, InvalidForecast, InvalidWorkload):
        # What is wrong with the number, its validator says.
        return values


def _misplaced(values: Mapping[str, str], refused: Collection[str], stack: str) -> list[str]:
    """Name the settings that the stack's backend, or none of its sinks, has; of refused sinks nothing is said."""
    backend = values.get("backend", "")
    if backend not in get_args(BackendName):
        return []
    sinks = _sinks(values, backend)
    found = []
    for field, information in Settings.model_fields.items():
        key = to_camel(field)
        if key not in values:
            continue
        words = ""
        for mark in information.metadata:
            if isinstance(mark, Only) and backend not in mark.backends:
                words = f"is a setting of {' and '.join(mark.backends)}, and this stack's backend is {backend}"
            if isinstance(mark, OnlyWith) and "sinks" not in refused and not set(mark.sinks) & set(sinks):
                where = f"to {' and '.join(sinks)}" if sinks else "nowhere"
                words = f"is a setting of {' and '.join(mark.sinks)}, and this stack delivers {where}"
        if words:
            found.append(problem(f"{NAMESPACE}:{key} {words}", cure=f"config rm {NAMESPACE}:{key}", stack=stack))
    return found


def _sinks(values: Mapping[str, str], backend: str) -> Sequence[str]:
    if "sinks" not in values:
        return DEFAULT_SINKS[backend]
    read = texts(values["sinks"])
    return read if isinstance(read, list) else ()


def _describe(error: ErrorDetails, values: Mapping[str, str], hidden: Collection[str], stack: str) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    key = str(error["loc"][0])
    if key not in values:
        # A default that will not do is named by its field.
        key = to_camel(key)
    full_key = f"{NAMESPACE}:{key}"
    shown = "the value" if key in hidden else f'"{values.get(key)}"'
    fix = f"config set {full_key} {context.get('example') or (example(FIELDS[key]) if key in FIELDS else 'VALUE')}"
    remove = f"config rm {full_key}"
    match error["type"]:
        case "extra_forbidden":
            nearest = difflib.get_close_matches(key, KEYS, n=1)
            words = (
                f"is no setting; did you mean {NAMESPACE}:{nearest[0]}?"
                if nearest
                else f"is no setting; there are {', '.join(f'{NAMESPACE}:{name}' for name in KEYS)}"
            )
            fix = remove
        case "missing":
            words = f"is not set; it is one of {', '.join(get_args(BackendName))}"
        case "literal_error":
            words = f"{shown} is not one of {context['expected']}"
        case "settings":
            words = str(context["words"])
            fix = fix if context["example"] else remove
        case _:
            # pydantic's own words ("Input should be a valid integer, ...") never hold the value.
            words = f"{shown} will not do: {error['msg'][:1].lower()}{error['msg'][1:]}"
    return problem(f"{full_key} {words}", cure=fix, stack=stack)
