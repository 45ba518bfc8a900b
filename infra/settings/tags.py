"""Tags of the user's own, `cache:tags`, and what each vendor takes for one."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from infra.capabilities import TagRules
from infra.settings.base import Wrong

Tag = tuple[str, str]

# By infra/tags.py. A pipeline's role goes by them, so no other value may stand in their place.
OURS: Final = frozenset({"managed-by", "project", "stack", "tier"})


# Of the clouds, and of the sinks that have rules of their own.
RULES: Final[Mapping[str, TagRules]] = {
    # AWS, Tagging AWS Resources, "Tag naming limits and requirements": 50 for a resource.
    "aws": TagRules(
        "AWS",
        re.compile(r"(?!aws:)[\w .:/=+@-]{1,128}", re.IGNORECASE),
        "1 to 128 letters, digits, spaces and _.:/=+-@, not beginning with aws:",
        re.compile(r"[\w .:/=+@-]{0,256}"),
        "up to 256 letters, digits, spaces and _.:/=+-@",
        50 - len(OURS),
    ),
    # Resource Manager, "Requirements for labels": 64 for a resource, of which Pulumi's provider has one
    # (goog-pulumi-provisioned).
    "gcp": TagRules(
        "Google",
        re.compile(r"[a-z][a-z0-9_-]{0,62}"),
        "1 to 63 lower-case letters, digits, _ and -, with a letter first",
        re.compile(r"[a-z0-9_-]{0,63}"),
        "up to 63 lower-case letters, digits, _ and -",
        63 - len(OURS),
    ),
    # Kubernetes documentation, Annotations: a key's name has at most 63 characters, and all of them 256 KiB together.
    "kubernetes-secret": TagRules(
        "Kubernetes",
        re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"),
        "1 to 63 letters, digits and _.-, with a letter or a digit first and last",
        re.compile(r".{0,1024}"),
        "up to 1024 characters on one line",
        128 - len(OURS),
    ),
}


def read(asked: object) -> tuple[Tag, ...]:
    """Return the tags of a mapping, or of its JSON, which Pulumi hands over. Raises `Refusal`."""
    try:
        found = json.loads(asked) if isinstance(asked, str) else dict(asked)  # type: ignore[call-overload]
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Wrong("it is no mapping of keys to values")
    others = [key for key, value in found.items() if not isinstance(value, str)]
    if others:
        raise Wrong(f"{', '.join(others)} has a value that is no text: put it in quotes")
    return tuple(found.items())


Tags = Annotated[
    tuple[Tag, ...],
    BeforeValidator(read),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]


def problems(tags: Collection[Tag], vendors: Collection[TagRules]) -> Iterator[str]:
    """Yield what is wrong with the tags of a stack whose resources are at these vendors."""
    # IAM takes two keys for one that differ in the case of their letters (IAM User Guide, "Rules for tagging").
    count = Counter(key.lower() for key, _ in tags)
    for key, value in tags:
        if key.lower() in OURS:
            yield f"{key} is a tag of the project's own ({', '.join(sorted(OURS))})"
        elif count[key.lower()] > 1:
            yield f"{key} is there twice, in another case of its letters"
        for rules in vendors:
            if not rules.key.fullmatch(key):
                yield f"{key} is no key of {rules.vendor}: {rules.key_description}"
            if not rules.value.fullmatch(value):
                yield f"the value of {key} is none of {rules.vendor}: {rules.value_description}"
    yield from (
        f"they are {len(tags)}, and {rules.vendor} takes {rules.most} beside the project's own"
        for rules in vendors
        if len(tags) > rules.most
    )
