"""What a stack asks for: its configuration as one frozen, validated model.

Pure: a mapping in, `Settings` or one error that lists every problem out. Secrets are never part of it, so the
model can be printed.
"""

import difflib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from infra.capabilities import CAPABILITIES, Persistence
from infra.sizing import MEBIBYTE, TIERS, TierName

NAMESPACE: Final = "cache"

BackendName = Literal["local", "docker", "elasticache", "memorystore", "rediscloud", "memory"]
MaxmemoryPolicy = Literal[
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
]


class InvalidSettings(Exception):
    """The stack's configuration has problems; the message lists each with the command that cures it."""


@dataclass(frozen=True)
class Only:
    """Marks a setting that only some backends have."""

    backends: tuple[BackendName, ...]

    def __init__(self, *backends: BackendName) -> None:
        """Name the backends."""
        object.__setattr__(self, "backends", backends)


def _texts(value: object) -> object:
    """Read a list as Pulumi hands it over, as JSON; or, typed on a command line, with commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return [item.strip() for item in value.split(",") if item.strip()]


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class Settings(BaseModel):
    """The settings of one stack. A field `maxmemory_policy` is the configuration key `cache:maxmemoryPolicy`.

    The order matters: a validator sees the fields before its own.
    """

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)

    backend: Annotated[BackendName, Field(description="Where the Redis runs")]
    tier: Annotated[TierName, Field(description="The size and the care: dev, staging or prod")] = "dev"
    memory_mb: Annotated[int | None, Field(gt=0, description="Usable memory in MiB, within what the tier allows")] = (
        None
    )
    maxmemory_policy: Annotated[MaxmemoryPolicy, Field(description="What Redis does when its memory is full")] = (
        "allkeys-lru"
    )
    persistence: Annotated[
        Persistence | None, Field(description="How data outlive a restart; unset: what the backend does best")
    ] = None
    port: Annotated[
        int | None,
        Field(ge=0, le=65535, description="The TCP port; 0 picks a free one and keeps it"),
        Only("local", "docker"),
    ] = None
    folder: Annotated[
        str | None,
        Field(min_length=1, description="Where the server's files are kept; relative to the project"),
        Only("local"),
    ] = None

    # Validators of one field, which see the valid fields before it, and not of the model: pydantic runs those
    # only once everything else is valid, and a user wants all problems at once.

    @field_validator("memory_mb")
    @classmethod
    def _memory_fits_the_tier(cls, memory_mb: int | None, info: ValidationInfo) -> int | None:
        tier = TIERS.get(info.data.get("tier", ""))
        if memory_mb is None or tier is None or tier.smallest_mb <= memory_mb <= tier.largest_mb:
            return memory_mb
        raise _refusal(
            f"{memory_mb} MiB is outside tier {info.data['tier']}, which goes from {tier.smallest_mb} to "
            f"{tier.largest_mb} MiB",
            example=str(tier.default_mb),
        )

    @field_validator("maxmemory_policy")
    @classmethod
    def _backend_has_the_policy(cls, policy: str, info: ValidationInfo) -> str:
        can = CAPABILITIES.get(info.data.get("backend", ""))
        if can is not None and policy not in can.policies:
            raise _refusal(f'"{policy}" is not a policy of {info.data["backend"]}', example=min(can.policies))
        return policy

    @field_validator("persistence")
    @classmethod
    def _backend_has_the_persistence(cls, persistence: str | None, info: ValidationInfo) -> str | None:
        can = CAPABILITIES.get(info.data.get("backend", ""))
        if persistence is not None and can is not None and persistence not in can.persistence:
            raise _refusal(
                f'"{persistence}" is not what {info.data["backend"]} can do; it can: '
                f"{', '.join(sorted(can.persistence))}",
                example=can.default_persistence,
            )
        return persistence

    @property
    def maxmemory_bytes(self) -> int:
        """The memory that the application can use, in bytes."""
        return (self.memory_mb or TIERS[self.tier].default_mb) * MEBIBYTE

    @property
    def chosen_persistence(self) -> Persistence:
        """How data outlive a restart: as asked, or what the backend does best."""
        return self.persistence or CAPABILITIES[self.backend].default_persistence


KEYS: Final = tuple(to_camel(field) for field in Settings.model_fields)

# What a fix-it line proposes where the problem itself does not say.
EXAMPLES: Final[Mapping[str, str]] = {
    "backend": "local",
    "tier": "dev",
    "memoryMb": "256",
    "maxmemoryPolicy": "allkeys-lru",
    "persistence": "snapshot",
    "port": "6379",
}


def load(config: Mapping[str, str], *, stack: str, secret_keys: Collection[str] = ()) -> Settings:
    """Make the settings of `stack` from its configuration.

    `config` maps full keys ("cache:tier") to their text, as Pulumi hands them over; keys of other namespaces
    are other programs' and are left alone. `secret_keys` are the full keys whose values must never be shown.
    Raises `InvalidSettings` with all problems at once.
    """
    prefix = f"{NAMESPACE}:"
    values = {key.removeprefix(prefix): text for key, text in config.items() if key.startswith(prefix)}
    hidden = {key.removeprefix(prefix) for key in secret_keys}
    problems = _misplaced(values, stack)
    settings = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as invalid:
        problems += [_describe(error, values, hidden, stack) for error in invalid.errors(include_url=False)]
    if settings is not None and not problems:
        return settings
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    header = f"the configuration of stack {stack} has {count}; edit Pulumi.{stack}.yaml, or run:"
    raise InvalidSettings("\n".join([header, *problems]))


def _misplaced(values: Mapping[str, str], stack: str) -> list[str]:
    """Name the settings that the stack's backend does not have."""
    backend = values.get("backend", "")
    found = []
    for field, information in Settings.model_fields.items():
        key = to_camel(field)
        only = next((mark.backends for mark in information.metadata if isinstance(mark, Only)), None)
        if key in values and only is not None and backend in get_args(BackendName) and backend not in only:
            owners = " and ".join(only)
            words = f"is a setting of {owners}, and this stack's backend is {backend}"
            found.append(f"  {NAMESPACE}:{key} {words}\n      pulumi config rm {NAMESPACE}:{key} --stack {stack}")
    return found


def _refusal(words: str, *, example: str = "") -> PydanticCustomError:
    """Refuse a value for a reason that pydantic's own rules cannot see."""
    return PydanticCustomError("settings", "{words}", {"words": words, "example": example})


def _describe(error: ErrorDetails, values: Mapping[str, str], hidden: Collection[str], stack: str) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    key = str(error["loc"][0])
    full_key = f"{NAMESPACE}:{key}"
    shown = "the value" if key in hidden else f'"{values.get(key)}"'
    fix = f"pulumi config set {full_key} {context.get('example') or EXAMPLES.get(key, 'VALUE')}"
    remove = f"pulumi config rm {full_key}"
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
    return f"  {full_key} {words}\n      {fix} --stack {stack}"
