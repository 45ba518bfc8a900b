"""How names begin: the rules of the vendors, and that a stack which is up keeps its names."""

import re

import pytest

from infra.name_guard import failures
from infra.naming import LONGEST_PREFIX, NAME_PREFIX, name_of, prefix_problem, project_tag
from infra.settings import InvalidSettings, load


@pytest.mark.parametrize("prefix", [NAME_PREFIX, "a", "team-2-redis", "sgx", "x" * LONGEST_PREFIX])
def test_a_prefix_that_every_vendor_takes_is_taken(prefix: str) -> None:
    """As the strictest of them has it, with the stack's name behind it."""
    assert prefix_problem(prefix) is None
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name_of(prefix, "staging"))
    # Redis Cloud puts a hyphen and six digits behind it.
    assert len(name_of(prefix, "staging")) + 7 <= 40


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("", ["is not lower-case letters"]),
        ("Team", ["is not lower-case letters"]),
        ("team_redis", ["is not lower-case letters"]),
        ("team-", ["is not lower-case letters"]),
        ("a--b", ["is not lower-case letters"]),
        ("2-teams", ["is not lower-case letters"]),
        ("team\n", ["is not lower-case letters"]),
        ("x" * (LONGEST_PREFIX + 1), ["has 25 characters, and at most 24"]),
        ("aws-cache", ["begins with aws, ssm or sg-"]),
        ("ssmx", ["begins with aws, ssm or sg-"]),
        ("sg", ["begins with aws, ssm or sg-"]),
        ("sg-cache", ["begins with aws, ssm or sg-"]),
        ("aws_" + "x" * 30, ["is not lower-case letters", "has 34 characters", "begins with aws, ssm or sg-"]),
    ],
)
def test_a_prefix_that_a_vendor_refuses_is_refused_in_every_way_at_once(prefix: str, words: list[str]) -> None:
    """In the settings, with the command that cures it."""
    config = {"cache:backend": "local", "cache:namePrefix": prefix}
    with pytest.raises(InvalidSettings) as refused:
        load(config, stack="prod")
    message = str(refused.value)
    assert message.count("cache:namePrefix") == 2
    assert "pulumi config set cache:namePrefix team-redis --stack prod" in message
    problem = prefix_problem(prefix)
    assert problem is not None
    assert [word in problem and word in message for word in words] == [True] * len(words)
    assert problem.count("; it ") == len(words) - 1


def test_a_long_prefix_leaves_less_room_for_the_stacks_name() -> None:
    """The whole name is the vendor's to refuse."""
    config = {"cache:backend": "rediscloud", "cache:namePrefix": "x" * LONGEST_PREFIX}
    with pytest.raises(
        InvalidSettings, match=r"is no name at Redis Cloud: the stack's name may have at most 8 letters"
    ):
        load(config, stack="preproduction")


def test_the_tag_of_another_prefix_is_another_projects() -> None:
    """Else the role of one copy would reach the keys and groups of the other, whose stacks have the same names."""
    assert project_tag("cache", NAME_PREFIX) == "cache"
    assert project_tag("cache", "cache") == "cache/cache"
    assert project_tag("cache", "team") != project_tag("cache", "other")


@pytest.mark.parametrize(
    ("olds", "new"),
    [
        # The first run; a state of the time before the setting; the same as before.
        ({}, "team"),
        ({"step": ""}, NAME_PREFIX),
        ({"namePrefix": "team"}, "team"),
    ],
)
def test_the_names_of_a_stack_stay(olds: dict[str, str], new: str) -> None:
    """Nothing is refused then."""
    assert failures(olds, {"namePrefix": new, "stack": "prod"}) == []


@pytest.mark.parametrize(
    ("olds", "new", "old"),
    [
        ({"step": ""}, "team", NAME_PREFIX),
        ({"namePrefix": "team"}, NAME_PREFIX, "team"),
        ({"namePrefix": "team"}, "other", "team"),
    ],
)
def test_other_names_for_a_stack_that_is_up_are_refused(olds: dict[str, str], new: str, old: str) -> None:
    """Also where it was brought up before there was a setting."""
    (failure,) = failures(olds, {"namePrefix": new, "stack": "prod"})
    assert f'cache:namePrefix is "{new}", and stack prod was brought up with "{old}"' in failure.reason
    assert f"pulumi config set cache:namePrefix {old} --stack prod" in failure.reason
