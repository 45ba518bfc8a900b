"""The redis part of a self-hosted Encore application's file, checked with a model of the runtimes that read it."""

import json
import os
import stat
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from infra.sinks import files
from infra.sinks.encore_cluster import content
from infra.sinks.encore_infra_config import InfraConfig, InfraConfigProvider
from infra.sinks.files import FileError

VALUES = {
    "REDIS_HOST": "cache.example",
    "REDIS_PORT": "6379",
    "REDIS_PASSWORD": "hunter2hunter2",
    "REDIS_USE_TLS": "true",
    "REDIS_MAX_RETRIES": "3",
    "REDIS_CONNECT_TIMEOUT": "5000",
}
EMPTY = dict.fromkeys(VALUES, "")
PASSWORD = {"$env": "REDIS_PASSWORD"}

APPLICATIONS = """{
    "$schema": "https://encore.dev/schemas/infra.schema.json",
    "metadata": {"app_id": "hospitality", "env_type": "production"},
    "redis": {
        "sessions": {"host": "theirs:6379", "database_index": 0, "in_memory": false},
        "cache": {
            "host": "old:6379",
            "auth": {"type": "auth_string", "auth_string": "in clear text"},
            "key_prefix": "hospitality:",
            "database_index": 3,
            "max_connections": 50
        }
    },
    "secrets": {"API_KEY": {"$env": "API_KEY"}}
}
"""


class Strict(BaseModel):
    """Fields as the runtimes read them: the ones without a default are those that one of the two cannot do without."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class EnvRef(Strict):
    """A value from the environment (config.go, EnvRef)."""

    name: str = Field(alias="$env", min_length=1)


class Authentication(Strict):
    """RedisAuth of config.go and infracfg.rs: the latter unwraps what the type needs."""

    type: Literal["auth_string", "acl"]
    auth_string: EnvRef | str | None = None
    username: str | None = None
    password: EnvRef | str | None = None


class Tls(Strict):
    """TLSConfig of config.go."""

    disabled: bool = False
    ca: str = ""
    disable_tls_hostname_verification: bool = False


class Cluster(Strict):
    """Redis of infracfg.rs, which takes a missing tls_config for TLS, and of config.go, which takes it for none."""

    host: str = Field(min_length=1)
    database_index: int = Field(ge=0, le=15)
    in_memory: bool
    tls_config: Tls
    auth: Authentication | None = None
    key_prefix: str | None = None
    max_connections: int | None = None
    min_connections: int | None = None


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an application beside the project."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(files, "PROJECT", folder)
    return tmp_path / "infra.config.json"


def inputs(values: Any = VALUES, **changes: Any) -> dict[str, Any]:
    """Return what the program declares."""
    return {"file": "../infra.config.json", "cluster": "cache", "content": content(values), **changes}


def created(values: Any = VALUES) -> dict[str, Any]:
    """Create it, and give what the state keeps: the real engine drops what is None."""
    outputs = InfraConfigProvider().create(inputs(values)).outs
    assert outputs is not None
    return {name: value for name, value in outputs.items() if value is not None}


def refreshed(outputs: dict[str, Any]) -> dict[str, Any]:
    """Look at it again."""
    found = InfraConfigProvider().read("id", outputs).outs
    assert found is not None
    return found


def problems(**changes: Any) -> list[str]:
    """Return what the check refuses."""
    return [failure.reason for failure in InfraConfigProvider().check({}, inputs(**changes)).failures]


def cluster(file: Path) -> dict[str, Any]:
    """Read our cluster, as both runtimes could."""
    found: dict[str, Any] = json.loads(file.read_text())["redis"]["cache"]
    Cluster.model_validate(found)
    return found


class TestContent:
    """What is said of a cache in Encore's terms."""

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({}, {"auth": {"type": "auth_string", "auth_string": PASSWORD}, "tls_config": {"disabled": False}}),
            ({"REDIS_USE_TLS": "false"}, {"tls_config": {"disabled": True}}),
            (
                {"REDIS_USERNAME": "application"},
                {"auth": {"type": "acl", "username": "application", "password": PASSWORD}},
            ),
            ({"REDIS_TLS_CA": "BEGIN"}, {"tls_config": {"disabled": False, "ca": "BEGIN"}}),
            (
                {"REDIS_TLS_CA": "BEGIN", "REDIS_HOST": "10.0.0.3", "REDIS_PORT": "6378"},
                {
                    "host": "10.0.0.3:6378",
                    "tls_config": {"disabled": False, "ca": "BEGIN", "disable_tls_hostname_verification": True},
                },
            ),
            (
                {"REDIS_TLS_CA": "BEGIN", "REDIS_TLS_SERVER_NAME": "other.example"},
                {"tls_config": {"disabled": False, "ca": "BEGIN", "disable_tls_hostname_verification": True}},
            ),
            ({"REDIS_HOST": "fd00::3"}, {"host": "[fd00::3]:6379"}),
        ],
    )
    def test_each_way_to_connect_has_its_fields(
        self, changes: dict[str, str], expected: dict[str, Any], file: Path
    ) -> None:
        """The name check is skipped only for a private authority, whose certificate has another name or none."""
        created({**VALUES, **changes})
        found = cluster(file)
        usual = {"host": "cache.example:6379", "in_memory": False, "database_index": 0}
        assert {name: found[name] for name in (*usual, *expected)} == {**usual, **expected}

    def test_a_cache_without_a_password_has_no_authentication(self, file: Path) -> None:
        """Encore refuses one without a value."""
        created({**VALUES, "REDIS_PASSWORD": ""})
        assert "auth" not in cluster(file)

    def test_after_a_rollback_the_cache_is_in_memory(self, file: Path) -> None:
        """Encore's own fall-back; the host is not used, and must not be empty all the same."""
        created(EMPTY)
        found = cluster(file)
        assert (found["in_memory"], found["host"]) == (True, "localhost")
        assert "auth" not in found

    def test_the_file_has_no_secret(self, file: Path) -> None:
        """It is committed, and built into images."""
        outputs = created()
        assert VALUES["REDIS_PASSWORD"] not in file.read_text()
        assert VALUES["REDIS_PASSWORD"] not in json.dumps(outputs)


class TestFile:
    """What becomes of the file."""

    def test_a_new_file_names_the_schema(self, file: Path) -> None:
        """And is readable to whoever builds the image."""
        outputs = created()
        assert json.loads(file.read_text()) == {
            "$schema": "https://encore.dev/schemas/infra.schema.json",
            "redis": {"cache": {"database_index": 0, **content(VALUES)}},
        }
        assert stat.S_IMODE(file.stat().st_mode) == 0o644
        assert (outputs.get("before"), outputs["made"], outputs["intact"]) == (None, True, True)

    def test_the_rest_of_a_file_is_left_byte_for_byte(self, file: Path) -> None:
        """Other clusters, the layout, the mode, and what the application says of our cluster."""
        file.write_text(APPLICATIONS)
        file.chmod(0o640)
        created()
        head, _, tail = APPLICATIONS.partition('"cache": ')
        text = file.read_text()
        assert text.startswith(head)
        assert text.endswith(tail[tail.index('\n    },\n    "secrets"') :])
        found = cluster(file)
        assert (found["key_prefix"], found["database_index"], found["max_connections"]) == ("hospitality:", 3, 50)
        assert stat.S_IMODE(file.stat().st_mode) == 0o640

    def test_it_stays_the_same_file_where_another_would_lose_something(self, file: Path) -> None:
        """Its owner, a mount, a second name: as the environment file does."""
        file.write_text(APPLICATIONS)
        second = file.with_name("second.json")
        second.hardlink_to(file)
        if os.geteuid() == 0:
            os.chown(file, 12345, 54321)
        before = file.stat()
        outputs = created()
        assert cluster(second)["host"] == content(VALUES)["host"]
        InfraConfigProvider().delete("id", outputs)
        assert json.loads(second.read_text()) == json.loads(APPLICATIONS)
        after = file.stat()
        assert (after.st_ino, after.st_uid, after.st_gid) == (before.st_ino, before.st_uid, before.st_gid)

    def test_a_rollback_and_its_end_change_our_fields_alone(self, file: Path) -> None:
        """The same file as before the rollback."""
        file.write_text(APPLICATIONS)
        outputs, attached = created(), file.read_text()
        detached = InfraConfigProvider().update("id", outputs, inputs(EMPTY)).outs
        assert detached is not None
        assert cluster(file)["in_memory"]
        InfraConfigProvider().update("id", detached, inputs())
        assert file.read_text() == attached

    def test_deleting_gives_back_what_was_there(self, file: Path) -> None:
        """Twice as well, and what the application said of the cluster meanwhile stays."""
        file.write_text(APPLICATIONS)
        outputs = created()
        file.write_text(file.read_text().replace('"hospitality:"', '"other:"'))
        for _ in range(2):
            InfraConfigProvider().delete("id", outputs)
            expected = json.loads(APPLICATIONS)
            expected["redis"]["cache"]["key_prefix"] = "other:"
            assert json.loads(file.read_text()) == expected

    @pytest.mark.parametrize("text", ['{\n  "metadata": {"app_id": "a"}\n}\n', '{"redis": {"other": {"host": "h"}}}'])
    def test_deleting_takes_out_what_was_not_there(self, file: Path, text: str) -> None:
        """Down to the last byte."""
        file.write_text(text)
        InfraConfigProvider().delete("id", created())
        assert file.read_text() == text

    def test_deleting_removes_a_file_that_was_made(self, file: Path) -> None:
        """After a creation that was cut off and run again too; but not with anything else in it."""
        created()
        outputs = created()
        file_of_others = file.read_text().replace('"redis"', '"metadata": {},\n  "redis"')
        InfraConfigProvider().delete("id", outputs)
        assert not file.exists()
        InfraConfigProvider().delete("id", outputs)
        file.write_text(file_of_others)
        InfraConfigProvider().delete("id", outputs)
        assert set(json.loads(file.read_text())) == {"$schema", "metadata"}


class TestChanges:
    """What makes a change."""

    def test_no_change_is_none(self, file: Path) -> None:
        """The second `up` does nothing; what the application says of the cluster is its own."""
        file.write_text(APPLICATIONS)
        outputs = created()
        file.write_text(file.read_text().replace('"hospitality:"', '"other:"'))
        assert not InfraConfigProvider().diff("id", refreshed(outputs), inputs()).changes

    def test_another_password_is_none(self) -> None:
        """A rotation leaves the file, and whatever was built with it, as it is."""
        assert not InfraConfigProvider().diff("id", created(), inputs({**VALUES, "REDIS_PASSWORD": "other"})).changes

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda file: file.unlink(),
            lambda file: file.write_text(file.read_text().replace("cache.example", "other")),
            lambda file: file.write_text("{}"),
            lambda file: file.write_text("no JSON"),
        ],
        ids=["removed", "edited", "emptied", "spoiled"],
    )
    def test_what_somebody_changed_is_seen(self, file: Path, spoil: Any) -> None:
        """By the refresh that every `up` begins with; what is gone is mended, and still ours to remove."""
        outputs = created()
        spoil(file)
        outputs = refreshed(outputs)
        assert InfraConfigProvider().diff("id", outputs, inputs()).changes
        if not problems():
            mended = InfraConfigProvider().update("id", outputs, inputs()).outs
            assert mended is not None
            assert refreshed(mended)["intact"]
            InfraConfigProvider().delete("id", mended)
            assert not file.exists()

    @pytest.mark.parametrize("change", [{"file": "../other.json"}, {"cluster": "other"}])
    def test_another_place_replaces_the_old_one_first(self, change: dict[str, Any]) -> None:
        """Two names may lead to one file."""
        difference = InfraConfigProvider().diff("id", created(), inputs(**change))
        assert (difference.replaces, difference.delete_before_replace) == (list(change), True)

    def test_what_a_preview_cannot_know_is_a_change(self) -> None:
        """And nothing that the check could refuse."""
        assert InfraConfigProvider().diff("id", created(), inputs() | {"content": None}).changes
        assert problems(content=None) == []


class TestCheck:
    """What is refused in a preview already."""

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{", "is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
            ("[]", "is not an infrastructure file of Encore: it, its redis, or its redis.cache is not an object"),
            ('{"redis": []}', "is not an infrastructure file of Encore"),
            ('{"redis": {"cache": null}}', "is not an infrastructure file of Encore"),
        ],
    )
    def test_a_file_that_cannot_be_merged_into_is_refused(self, file: Path, text: str, said: str) -> None:
        """With what is wrong with it, and the setting; and never overwritten, nor at the end."""
        outputs = created()
        file.write_text(text)
        (refused,) = problems()
        assert refused.startswith(f"../infra.config.json {said}")
        assert refused.endswith("; mend it, or set cache:encoreInfraConfig to another")
        with pytest.raises(FileError, match=r"^\.\./infra\.config\.json is not .*; mend it, or remove it$"):
            InfraConfigProvider().delete("id", outputs)
        assert file.read_text() == text

    def test_a_folder_is_refused(self) -> None:
        """A file that is not there is not."""
        (refused,) = problems(file="..")
        assert refused.startswith(".. is a folder")
        assert problems() == []

    def test_a_pipe_is_refused(self, file: Path) -> None:
        """A preview would wait for ever for somebody to write into it."""
        os.mkfifo(file)
        (refused,) = problems()
        assert refused == "../infra.config.json is no regular file; mend it, or set cache:encoreInfraConfig to another"


def test_the_identity_in_the_state_is_what_it_was() -> None:
    """Stacks name the type, and the class of the provider; a change takes an alias."""
    assert InfraConfig._resource_type_name == "dynamic/sinks:InfraConfig"
    place = (InfraConfigProvider.__module__, InfraConfigProvider.__qualname__)
    assert place == ("infra.sinks.encore_infra_config", "InfraConfigProvider")
