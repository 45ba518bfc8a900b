"""The sink github-environment against GitHub's API as its OpenAPI has it."""

from pathlib import Path
from typing import Any

import pytest

from compliance.terraform import render
from infra import settings
from infra.settings import InvalidSettings
from infra.sinks.github_environment import CONTROLS
from runner.inprocess.providers import ProviderError
from tests.infra.sinks import fed
from tests.infra.sinks.fed import PASSWORD, VALUES, anywhere
from tests.leaks import in_text
from tests.recorded_stacks import resource
from tests.stacks.inprocess import StackInProcess, written
from tests.standins.github_secrets import GET, KEY_ID, PUT, REFUSALS, SECRET, Refusal, Repository, sealed
from verify.environment import CacheEnvironment
from verify.open_cache import open_cache

OWN: dict[str, Any] = {
    "sinks": "github-environment",
    "github:owner": "my-organization",
    "githubRepository": "application",
    "githubEnvironment": "production",
}


@pytest.fixture
def repository() -> Repository:
    """A repository with one environment, and no secret in it."""
    return Repository()


def stack(folder: Path, repository: Repository, **settings: Any) -> StackInProcess:
    """Return a stack that delivers to the environment."""
    return anywhere(folder, repository.find, **{**OWN, **settings})


@pytest.mark.stack
class TestSecrets:
    """What a workflow of the environment reads."""

    def test_each_variable_is_a_secret_of_the_environment(self, repository: Repository, tmp_path: Path) -> None:
        """Beside those of others, and taken out again; the environment stays."""
        repository.environments["production"]["OTHERS"] = "theirs"
        made = stack(tmp_path, repository)
        made.up()
        assert repository.environments == {"production": {**VALUES, "OTHERS": "theirs"}}
        assert made.outputs == {"githubEnvironment": "my-organization/application/production"}
        assert "7 unchanged" in made.preview()
        assert "7 unchanged" in made.up()
        made.destroy()
        assert repository.environments == {"production": {"OTHERS": "theirs"}}

    def test_a_rotation_sets_one_secret_and_deletes_none(self, repository: Repository, tmp_path: Path) -> None:
        """In place: a job may start at any moment."""
        made = stack(tmp_path, repository)
        made.up()
        repository.requests.clear()
        made.configure(**fed.fed({**VALUES, "REDIS_PASSWORD": "second"}))
        made.up()
        assert repository.requests == [("create", "REDIS_PASSWORD")]
        assert repository.environments["production"] == {**VALUES, "REDIS_PASSWORD": "second"}

    def test_a_rollback_leaves_every_secret_with_nothing_in_it(self, repository: Repository, tmp_path: Path) -> None:
        """One that were gone would give way to the repository's of the same name."""
        made = stack(tmp_path, repository)
        made.up()
        made.configure(attached="false", **fed.fed(fed.DETACHED))
        made.up()
        found = repository.environments["production"]
        assert found == dict.fromkeys(VALUES, "\n")
        with open_cache(CacheEnvironment.from_mapping(found)) as client:
            assert client.health().backend == "memory"
        made.configure(attached="true", **fed.fed())
        made.up()
        assert repository.environments["production"] == VALUES

    def test_the_applications_own_names_follow(self, repository: Repository, tmp_path: Path) -> None:
        """And go when they are asked for no more."""
        made = stack(tmp_path, repository, values={**VALUES, "REDIS_URL": "rediss://:first@cache:6379"})
        made.up()
        made.configure(**fed.fed({**VALUES, "REDIS_URL": "rediss://:second@cache:6379"}))
        made.up()
        assert repository.environments["production"]["REDIS_URL"] == "rediss://:second@cache:6379"
        made.configure(**fed.fed())
        made.up()
        assert repository.environments["production"] == VALUES

    def test_what_somebody_else_set_is_set_again(self, repository: Repository, tmp_path: Path) -> None:
        """GitHub shows no value, and says when it was set."""
        made = stack(tmp_path, repository)
        made.up()
        place = {"owner": "my-organization", "repo": "application", "environment_name": "production"}
        body = {"encrypted_value": sealed("theirs"), "key_id": KEY_ID}
        repository.send(PUT, {**place, "secret_name": "REDIS_HOST"}, body)
        made.up()
        assert repository.environments["production"] == VALUES

    def test_an_environment_that_is_not_there_is_not_made(self, repository: Repository, tmp_path: Path) -> None:
        """Its reviewers are nobody's to guess."""
        made = stack(tmp_path, repository, githubEnvironment="nowhere")
        assert "404 Not Found: no such environment" in made.up(code=1)
        assert list(repository.environments) == ["production"]

    def test_the_state_has_the_values_as_secrets_alone(self, repository: Repository, tmp_path: Path) -> None:
        """Neither plain nor in any other form, in no input, no output and no line that was printed."""
        made = stack(tmp_path, repository)
        printed = made.preview() + made.up()
        made.configure(**fed.fed({**VALUES, "REDIS_PORT": "6380"}))
        printed += made.preview() + made.up()
        everything = printed + "".join(written(each) for each in made.resources)
        assert "[secret]" in everything
        assert in_text(everything, {"password": PASSWORD}) == []


class TestSettings:
    """What the sink has to know."""

    @pytest.mark.parametrize(
        ("changes", "said", "cure"),
        [
            ({"github:owner": None}, "github:owner is not set: ", "set github:owner my-organization"),
            ({"github:owner": "a/b"}, "it is not up to 39 letters, digits and hyphens", "set github:owner"),
            ({"githubRepository": None}, "cache:githubRepository is not set: ", "Repository application"),
            ({"githubRepository": "o/r"}, "it is not up to 100 letters, digits, dots", "githubRepository application"),
            ({"githubEnvironment": None}, "cache:githubEnvironment is not set", "githubEnvironment production"),
            ({"githubEnvironment": ""}, "cache:githubEnvironment", "githubEnvironment production"),
            ({"githubEnvironment": "e" * 256}, "cache:githubEnvironment", "githubEnvironment production"),
            (
                {"variables": "dotnet"},
                "github-environment takes no Redis__Host, Redis__Port",
                "cache:variables laravel",
            ),
            ({"variables": "GITHUB_REDIS=host"}, "github-environment takes no GITHUB_REDIS", "cache:variables laravel"),
            ({"variables": "1A=host"}, "github-environment takes no 1A", "cache:variables laravel"),
            ({"sinks": "dotenv"}, "cache:githubRepository is a setting of github-environment", "rm cache:githubRep"),
        ],
    )
    def test_what_will_not_do_is_refused(self, changes: dict[str, Any], said: str, cure: str) -> None:
        """With the command that cures it."""
        values = {key: value for key, value in {"backend": "local", **OWN, **changes}.items() if value is not None}
        config = {key if ":" in key else f"cache:{key}": value for key, value in values.items()}
        with pytest.raises(InvalidSettings) as refused:
            settings.load(config, stack="prod")
        assert said in str(refused.value)
        assert cure in str(refused.value)


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.words)
def test_the_stand_in_refuses_what_github_refuses(repository: Repository, row: Refusal) -> None:
    """Each row of the table, by a request that lacks nothing else; without what breaks it, it is taken."""
    place = {
        "owner": "my-organization",
        "repo": "application",
        "environment_name": "production",
        "secret_name": "TAKEN",
    }
    body = {"encrypted_value": sealed("value"), "key_id": KEY_ID}
    repository.send(PUT, place, body)
    operation = PUT if PUT in row.operations else GET
    with pytest.raises(ProviderError) as refused:
        repository.send(operation, {**place, **row.parameters}, {**body, **row.body} if operation == PUT else None)
    assert row.words in str(refused.value)
    with pytest.raises(AssertionError):
        repository.send(PUT, place, {**body, "value": "in clear text"})


@pytest.mark.parametrize(
    ("values", "said"), [({"value": "x"}, None), ({"plaintextValue": "x"}, "plaintext_value is set")]
)
def test_a_plain_value_is_judged(values: dict[str, str], said: str | None) -> None:
    """By our control, of what is declared."""
    plan = render([resource(SECRET, secretName="REDIS_HOST", **values)])
    (secret,) = plan.resources.values()
    assert secret.type in CONTROLS[0].types
    assert CONTROLS[0].check(secret, plan) == said
