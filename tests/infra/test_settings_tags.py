"""cache:tags: what each vendor takes, all problems at once, and never in the place of the project's own."""

import json
from collections.abc import Mapping

import pytest

from infra.backends.docker.settings import LABEL_RULES
from infra.settings import InvalidSettings, load
from infra.settings.tags import RULES, problems
from infra.tags import labels_of, tags_of

DOCKER = {"cache:backend": "docker"}


def found(tags: Mapping[str, str], *vendors: str) -> str:
    """Return all problems of some tags."""
    return "\n".join(problems([*tags.items()], [{**RULES, "docker": LABEL_RULES}[vendor] for vendor in vendors]))


@pytest.mark.parametrize(
    ("vendor", "tags"),
    [
        (
            "aws",
            {"Owner": "Payments & co".replace("&", "+"), "contact": "team@example.com", "cost/center": "", "ü": "é"},
        ),
        ("aws", {"k" * 128: "v" * 256}),
        ("aws", {f"key-{number}": "" for number in range(46)}),
        ("gcp", {"owner": "payments", "cost_center-1": "", "k" * 63: "v" * 63}),
        ("docker", {"com.example.owner": "Payments & Co", "contact": "team@example.com"}),
    ],
)
def test_tags_that_a_vendor_takes_are_taken(vendor: str, tags: Mapping[str, str]) -> None:
    """Up to its limits."""
    assert found(tags, vendor) == ""


@pytest.mark.parametrize(
    ("vendor", "tags", "words"),
    [
        ("aws", {"AWS:owner": "x"}, "AWS:owner is no key of AWS"),
        ("aws", {"k" * 129: "x"}, "is no key of AWS: 1 to 128"),
        ("aws", {"": "x"}, "is no key of AWS"),
        ("aws", {"owner": "v" * 257}, "the value of owner is none of AWS: up to 256"),
        ("aws", {"owner": "a&b"}, "the value of owner is none of AWS"),
        ("aws", {"owner": "a", "Owner": "b"}, "Owner is there twice"),
        ("aws", {f"key-{number}": "" for number in range(47)}, "they are 47, and AWS takes 46"),
        ("gcp", {"Owner": "x"}, "Owner is no key of Google"),
        ("gcp", {"1st": "x"}, "1st is no key of Google"),
        ("gcp", {"k" * 64: "x"}, "is no key of Google"),
        ("gcp", {"contact": "team@example.com"}, "the value of contact is none of Google"),
        ("gcp", {"owner": "v" * 64}, "the value of owner is none of Google"),
        ("gcp", {f"key-{number}": "" for number in range(60)}, "they are 60, and Google takes 59"),
        ("docker", {"com.docker.owner": "x"}, "com.docker.owner is no key of Docker"),
        ("docker", {"a..b": "x"}, "a..b is no key of Docker"),
        ("docker", {"acl": "x"}, "acl is no key of Docker"),
        ("docker", {"owner": "two\nlines"}, "the value of owner is none of Docker: one line"),
        *(
            (vendor, {key: "x"}, f"{key} is a tag of the project's own")
            for vendor in ("aws", "docker")
            for key in ("managed-by", "project", "stack", "tier")
        ),
        ("aws", {"Stack": "x"}, "Stack is a tag of the project's own"),
    ],
)
def test_tags_that_a_vendor_refuses_are_refused(vendor: str, tags: Mapping[str, str], words: str) -> None:
    """Before anything is asked of it."""
    assert words in found(tags, vendor)


def test_every_problem_is_told_at_once_with_a_command() -> None:
    """Of each tag, and by the key of the configuration."""
    config = {**DOCKER, "cache:tags": json.dumps({"stack": "x", "Owner": "two\nlines"})}
    with pytest.raises(InvalidSettings) as refused:
        load(config, stack="dev")
    for words in ("stack is a tag of the project's own", "Owner is no key of Docker", "the value of Owner is none of"):
        assert words in str(refused.value)
    assert 'pulumi config set cache:tags \'{"owner": "payments"' in str(refused.value)


@pytest.mark.parametrize("tags", ["owner", "[1]", '{"owner": 1}', '{"owner": null}', "{"])
def test_what_is_no_mapping_of_texts_is_refused(tags: str) -> None:
    """A number has to be in quotes: YAML would read 0123 as another one."""
    with pytest.raises(
        InvalidSettings, match=r"cache:tags .*it is no mapping|cache:tags .*owner has a value that is no"
    ):
        load({**DOCKER, "cache:tags": tags}, stack="dev")


def test_tags_that_nothing_takes_are_refused() -> None:
    """A server on this machine has none."""
    with pytest.raises(InvalidSettings, match=r"cache:tags has nothing to be put on"):
        load({"cache:backend": "local", "cache:tags": '{"owner": "x"}'}, stack="local")


def test_the_projects_own_tags_stand_beside_the_users() -> None:
    """And go before them, whatever a validator let through."""
    settings = load({**DOCKER, "cache:tags": '{"owner": "payments"}'}, stack="dev")
    assert tags_of(settings, "dev")["owner"] == "payments"
    assert labels_of(settings, "dev")["owner"] == "payments"
    forged = settings.model_copy(update={"tags": (("stack", "prod"), ("tier", "prod"))})
    assert (tags_of(forged, "dev")["stack"], tags_of(forged, "dev")["tier"]) == ("dev", "dev")
