"""From a stack's configuration to its settings, or to one message with every problem and its cure."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, get_args

from infra import sizing
from infra.settings import elasticache, memorystore, rediscloud
from infra.settings.delivery import DEFAULT_SINKS, DeliverySettings
from infra.settings.elasticache import ElastiCacheSettings
from infra.settings.memorystore import MemorystoreSettings
from infra.settings.model import NoChoice, NotSet, Refusal, Unknown, Wrong, read, settings_of, texts
from infra.settings.rediscloud import RedisCloudSettings
from infra.settings.self_hosted import SelfHostedSettings
from infra.settings.vocabulary import NAMESPACE, BackendName, Only, OnlyWith, problem, values_of


class InvalidSettings(Exception):
    """The stack's configuration has problems; the message lists each with the command that cures it."""


class Settings(DeliverySettings, RedisCloudSettings, MemorystoreSettings, ElastiCacheSettings, SelfHostedSettings):
    """The settings of one stack: those of every backend, of which `Only` leaves each the ones that it has."""


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
    settings, refused = read(Settings, _with_tier(values))
    wanting = WANTING.get(values.get("backend", ""))
    problems = [
        *_misplaced(values, refused, stack),
        *(wanting(config, stack, secret_keys) if wanting else []),
        *(
            _describe(key, refusal, shown="the value" if key in hidden else f'"{values.get(key)}"', stack=stack)
            for key, refusal in refused.items()
        ),
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
    except (ValueError, OverflowError):
        # What is wrong with the number, its rule says.
        return values


def _misplaced(values: Mapping[str, str], refused: Collection[str], stack: str) -> list[str]:
    """Name the settings that the stack's backend, or none of its sinks, has; of refused sinks nothing is said."""
    backend = values.get("backend", "")
    if backend not in get_args(BackendName):
        return []
    sinks = _sinks(values, backend)
    found = []
    for key, setting in settings_of(Settings).items():
        if key not in values:
            continue
        words = ""
        for mark in setting.marks:
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
    try:
        return texts(values["sinks"])
    except Refusal:
        return ()


def _describe(key: str, refusal: Refusal, *, shown: str, stack: str) -> str:
    full_key = f"{NAMESPACE}:{key}"
    remove = f"config rm {full_key}"
    known = settings_of(Settings)
    if isinstance(refusal, Unknown):
        nearest = difflib.get_close_matches(key, known, n=1)
        words = (
            f"did you mean {NAMESPACE}:{nearest[0]}?"
            if nearest
            else f"there are {', '.join(f'{NAMESPACE}:{name}' for name in known)}"
        )
        return problem(f"{full_key} is no setting; {words}", cure=remove, stack=stack)
    change = f"config set {full_key} {refusal.example or known[key].field.example}"
    match refusal:
        case NotSet():
            words, cure = f"is not set; it is one of {', '.join(get_args(BackendName))}", change
        case NoChoice():
            words, cure = f"{shown} is not one of {refusal.words}", change
        case Wrong():
            words, cure = f"{shown} will not do: {refusal.words}", change
        case _:
            words, cure = refusal.words, change if refusal.example else remove
    return problem(f"{full_key} {words}", cure=cure, stack=stack)
