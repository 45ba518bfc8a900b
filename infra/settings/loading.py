"""From a stack's configuration to its settings, or to one message with every problem and its cure."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Literal, get_args

from infra import sizing
from infra.aws import patterns
from infra.settings import aws, elasticache, memorystore, rediscloud
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
    misplaced = _misplaced(values, refused, stack)
    # What is wrong with the value of a setting that has to go, nobody needs to know.
    refused = {key: refusal for key, refusal in refused.items() if key not in misplaced}
    here = {key: text for key, text in values.items() if key not in misplaced}
    cures = _cures(here, refused, region=config.get(aws.REGION, ""))
    problems = [
        *misplaced.values(),
        *(wanting(config, stack, secret_keys) if wanting else []),
        *(aws.region_problems(config, stack, secret_keys) if _is_at_aws(values) else []),
        *(
            _describe(
                key,
                refusal,
                shown="the value" if key in hidden else f'"{values.get(key)}"',
                cure=cures[key],
                stack=stack,
            )
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


def _misplaced(values: Mapping[str, str], refused: Collection[str], stack: str) -> dict[str, str]:
    """Say by its key of each setting that the stack's backend, or each of its sinks, lacks that it has to go.

    Of refused sinks nothing is said.
    """
    backend = values.get("backend", "")
    if backend not in get_args(BackendName):
        return {}
    sinks = _sinks(values, backend)
    found = {}
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
            found[key] = problem(f"{NAMESPACE}:{key} {words}", cure=f"config rm {NAMESPACE}:{key}", stack=stack)
    return found


def _sinks(values: Mapping[str, str], backend: str) -> Sequence[str]:
    if "sinks" not in values:
        return DEFAULT_SINKS[backend]
    try:
        return texts(values["sinks"])
    except Refusal:
        return ()


def _is_at_aws(values: Mapping[str, str]) -> bool:
    backend = values.get("backend", "")
    if backend not in get_args(BackendName):
        return False
    return backend == "elasticache" or any(sink.startswith("aws-") for sink in _sinks(values, backend))


def _cures(values: Mapping[str, str], refused: Mapping[str, Refusal], *, region: str) -> Mapping[str, str]:
    """Find for each refused key a change that makes it valid after those before it, and at best no other key invalid.

    Each is tried: an example that suits most stacks may be refused beside other settings. Empty where none is found.
    """
    known = settings_of(Settings)
    # There may be thousands, and nothing is to be tried for them.
    found = {key: f"config rm {NAMESPACE}:{key}" for key in refused if key not in known}
    working = {key: text for key, text in values.items() if key in known}
    invalid = {key for key in refused if key in known}
    for key in [key for key in refused if key in known]:
        found[key], second_best = "", None
        for value in _proposals(key, refused[key], region):
            trial = {other: text for other, text in working.items() if other != key}
            if value is not None:
                trial[key] = value
            still_invalid = {*read(Settings, _with_tier(trial))[1]}
            # What is not set yet may have to be: that is asked for next.
            if still_invalid & trial.keys() <= invalid - {key} and key not in still_invalid:
                break
            if key not in still_invalid and second_best is None:
                second_best = value, trial, still_invalid
        else:
            if second_best is None:
                continue
            value, trial, still_invalid = second_best
        change = f"rm {NAMESPACE}:{key}" if value is None else f"set {NAMESPACE}:{key} {value}"
        found[key], working, invalid = f"config {change}", trial, still_invalid
    return found


def _proposals(key: str, refusal: Refusal, region: str) -> Sequence[str | None]:
    """Return values to try in the place of a refused one, the likeliest first; None is for no value at all."""
    setting = settings_of(Settings)[key]
    examples = _in_region([refusal.example, setting.field.example, *setting.field.other_examples], region)
    choices = get_args(setting.type) if setting.kind is Literal else ()
    proposals: list[str | None] = [each for each in (*examples, *choices) if each]
    # A rule that has no example refuses the setting, and not its value.
    first = type(refusal) is Refusal and not refusal.example
    return [None, *proposals] if first else [*proposals, None]


def _in_region(examples: Sequence[str], region: str) -> Sequence[str]:
    """Move the examples that are ARNs to the stack's region."""
    if patterns.REGION.problem(region):
        return examples
    return [patterns.moved(each, region) if each.startswith("arn:") else each for each in examples]


def _describe(key: str, refusal: Refusal, *, shown: str, cure: str, stack: str) -> str:
    full_key = f"{NAMESPACE}:{key}"
    match refusal:
        case Unknown():
            known = settings_of(Settings)
            nearest = difflib.get_close_matches(key, known, n=1)
            listed = f"there are {', '.join(f'{NAMESPACE}:{name}' for name in known)}"
            words = f"is no setting; {f'did you mean {NAMESPACE}:{nearest[0]}?' if nearest else listed}"
        case NotSet():
            words = f"is not set; it is one of {', '.join(get_args(BackendName))}"
        case NoChoice():
            words = f"{shown} is not one of {refusal.words}"
        case Wrong():
            words = f"{shown} will not do: {refusal.words}"
        case _:
            words = refusal.words
    return problem(f"{full_key} {words}", cure=cure, stack=stack)
