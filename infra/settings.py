"""What a stack asks for: its configuration as one frozen, validated model.

Pure: a mapping in, `Settings` or one error that lists every problem out. Secrets are never part of it, so the
model can be printed.
"""

import difflib
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

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
Persistence = Literal["append-only", "snapshot", "none"]


class InvalidSettings(Exception):
    """The stack's configuration has problems; the message lists each with the command that cures it."""


class Settings(BaseModel):
    """The settings of one stack. A field `maxmemory_policy` is the configuration key `cache:maxmemoryPolicy`."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)

    backend: Annotated[BackendName, Field(description="Where the Redis runs")]
    tier: Annotated[TierName, Field(description="The size and the care: dev, staging or prod")] = "dev"
    memory_mb: Annotated[int | None, Field(gt=0, description="Usable memory in MiB, within what the tier allows")] = (
        None
    )
    maxmemory_policy: Annotated[MaxmemoryPolicy, Field(description="What Redis does when its memory is full")] = (
        "allkeys-lru"
    )
    persistence: Annotated[Persistence, Field(description="How data outlive a restart")] = "append-only"
    port: Annotated[int | None, Field(ge=0, le=65535, description="The TCP port; 0 picks a free one and keeps it")] = (
        None
    )
    folder: Annotated[
        str | None,
        Field(min_length=1, description="Where the local backend keeps its server; relative to the project"),
    ] = None

    # Validators of one field, which see the valid fields before it, and not of the model: pydantic runs those
    # only once everything else is valid, and a user wants all problems at once.

    @field_validator("memory_mb")
    @classmethod
    def _memory_fits_the_tier(cls, memory_mb: int | None, info: ValidationInfo) -> int | None:
        tier = TIERS.get(info.data.get("tier", ""))
        if memory_mb is None or tier is None or tier.smallest_mb <= memory_mb <= tier.largest_mb:
            return memory_mb
        name = info.data["tier"]
        raise PydanticCustomError(
            "settings",
            "{words}",
            {
                "words": f"{memory_mb} MiB is outside tier {name}, which goes from {tier.smallest_mb} to "
                f"{tier.largest_mb} MiB",
                "example": str(tier.default_mb),
            },
        )

    @field_validator("folder")
    @classmethod
    def _folder_belongs_to_the_local_backend(cls, folder: str | None, info: ValidationInfo) -> str | None:
        backend = info.data.get("backend", "local")
        if folder is None or backend == "local":
            return folder
        words = f"is a setting of the local backend, and this stack's backend is {backend}"
        raise PydanticCustomError("settings", "{words}", {"words": words, "example": ""})

    @property
    def maxmemory_bytes(self) -> int:
        """The memory that the application can use, in bytes."""
        return (self.memory_mb or TIERS[self.tier].default_mb) * MEBIBYTE


KEYS: Final = tuple(to_camel(field) for field in Settings.model_fields)

# What a fix-it line proposes where the problem itself does not say.
EXAMPLES: Final[Mapping[str, str]] = {
    "backend": "local",
    "tier": "dev",
    "memoryMb": "256",
    "maxmemoryPolicy": "allkeys-lru",
    "persistence": "append-only",
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
    try:
        return Settings.model_validate(values)
    except ValidationError as invalid:
        problems = [_describe(error, values, hidden, stack) for error in invalid.errors(include_url=False)]
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    raise InvalidSettings(
        "\n".join([f"the configuration of stack {stack} has {count}; edit Pulumi.{stack}.yaml, or run:", *problems])
    )


def _describe(error: ErrorDetails, values: Mapping[str, str], hidden: Collection[str], stack: str) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    key = str(error["loc"][0])
    full_key = f"{NAMESPACE}:{key}"
    shown = "the value" if key in hidden else f'"{values.get(key)}"'
    set_example = f"pulumi config set {full_key} {context.get('example') or EXAMPLES.get(key, 'VALUE')}"
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
            words, fix = f"is not set; it is one of {', '.join(get_args(BackendName))}", set_example
        case "literal_error":
            words, fix = f"{shown} is not one of {context['expected']}", set_example
        case "settings":
            words = str(context["words"])
            fix = set_example if context["example"] else remove
        case _:
            # pydantic's own words ("Input should be a valid integer, ...") never hold the value.
            words = f"{shown} will not do: {error['msg'][:1].lower()}{error['msg'][1:]}"
            fix = set_example
    return f"  {full_key} {words}\n      {fix} --stack {stack}"
