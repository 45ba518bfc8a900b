"""The names by which an application reads the parts of a connection: `cache:variables`, and what it may say."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from infra.connection import PART_OF, PARTS
from infra.settings.base import Refusal, Wrong

PRESETS: Final[Mapping[str, Mapping[str, str]]] = {
    # laravel/framework, config/database.php. Of a URL it takes TLS too, which it does before the others.
    "laravel": {
        "REDIS_URL": "url",
        "REDIS_HOST": "host",
        "REDIS_PORT": "port",
        "REDIS_USERNAME": "username",
        "REDIS_PASSWORD": "password",
        "REDIS_DB": "database",
    },
    # Spring Boot, Common Application Properties, spring.data.redis.*. Its URL overrides the others, and needs none.
    "spring": {
        "SPRING_DATA_REDIS_HOST": "host",
        "SPRING_DATA_REDIS_PORT": "port",
        "SPRING_DATA_REDIS_USERNAME": "username",
        "SPRING_DATA_REDIS_PASSWORD": "password",
        "SPRING_DATA_REDIS_DATABASE": "database",
        "SPRING_DATA_REDIS_SSL_ENABLED": "tls",
    },
    # Rails, Sidekiq, Django, Celery, Flask-Caching: by habit.
    "url": {"REDIS_URL": "url"},
    # ASP.NET: two underscores stand for a level of the configuration (learn.microsoft.com, Configuration).
    "dotnet": {
        "Redis__Host": "host",
        "Redis__Port": "port",
        "Redis__Password": "password",
        "Redis__Ssl": "tls",
    },
}

Claim = tuple[str, str]


def claims(asked: object) -> Iterator[Claim]:
    """Yield each name with its part, as asked: a preset, a mapping, or a list of both, as YAML, JSON or with commas.

    A mapping's entry may be written NAME=part. What is none of them has an empty part. Raises `ValueError` for no JSON.
    """
    match asked:
        case str() if asked.lstrip().startswith(("[", "{")):
            yield from claims(json.loads(asked))
        case str() if "," in asked:
            yield from claims(asked.split(","))
        case str() if "=" in asked:
            name, _, part = asked.partition("=")
            yield name.strip(), part.strip()
        case str():
            yield from PRESETS.get(asked.strip(), {asked.strip(): ""} if asked.strip() else {}).items()
        case Mapping():
            yield from ((name, str(part)) for name, part in asked.items())
        case Sequence():
            for item in asked:
                yield from claims(item)
        case _:
            yield str(asked), ""


def named(asked: object) -> tuple[Claim, ...]:
    """Return the part of each name. Raises `Refusal` for every name that cannot have the part that it is given."""
    try:
        made = [*claims(asked)]
    except (ValueError, RecursionError):
        raise Wrong("it is neither a list nor a mapping") from None
    found: dict[str, str] = {}
    problems = []
    for name, part in made:
        taken = found.setdefault(name, PART_OF.get(name, part))
        if not part:
            problems.append(f"{name} is no preset ({', '.join(PRESETS)}) and no NAME=part")
        elif part not in PARTS:
            problems.append(f"{name} is given {part}, which is no part ({', '.join(PARTS)})")
        elif taken != part:
            problems.append(f"{name} is the {taken} already, and cannot be the {part}")
    if problems:
        raise Refusal("will not do: {variables}", example="", variables="; ".join(problems))
    return tuple(found.items())


# A mapping is no part of settings that are compared and hashed.
Named = Annotated[
    tuple[Claim, ...],
    BeforeValidator(named),
    WithJsonSchema({"type": "object", "additionalProperties": {"enum": [*PARTS]}}),
]
