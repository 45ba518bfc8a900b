"""Secrets of an Encore application, through a stand-in of Encore's command line."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.settings.delivery import ENCORE_TYPES
from infra.sinks import encore_cli, files
from infra.sinks.encore import Encore, EncoreProvider
from infra.sinks.encore_cli import EncoreError, Selection
from tests.standins.encore import Platform

PASSWORD = "correct-horse-battery-staple"
VALUES = {"REDIS_HOST": "cache.example", "REDIS_PORT": "6379", "REDIS_PASSWORD": PASSWORD}
EMPTY = dict.fromkeys(VALUES, "")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of its own, beside an application."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(files, "PROJECT", folder)
    (tmp_path / "application").mkdir()
    (tmp_path / "application" / "encore.app").write_text('{\n\t"id": "hospitality",\n}\n')
    return folder


@pytest.fixture
def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform with two environments, and its `encore` on PATH."""
    platform = Platform(tmp_path / "platform")
    platform.install("staging", "live")
    for name, value in platform.variables.items():
        monkeypatch.setenv(name, value)
    return platform


def inputs(**changes: Any) -> dict[str, Any]:
    """Return what the program declares."""
    return {"app": "../application", "types": ["prod"], "environments": [], "values": VALUES, **changes}


def created(**changes: Any) -> dict[str, Any]:
    """Create them, and give what the state keeps."""
    outputs = EncoreProvider().create(inputs(**changes)).outs
    assert outputs is not None
    return outputs


def updated(outputs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Change them, and give what the state keeps."""
    found = EncoreProvider().update("id", outputs, inputs(**changes)).outs
    assert found is not None
    return found


def problems(**changes: Any) -> list[str]:
    """Return what the check refuses."""
    return [failure.reason for failure in EncoreProvider().check({}, inputs(**changes)).failures]


class TestSecrets:
    """What arrives on the platform."""

    def test_each_variable_is_a_secret_of_the_environments_asked_for(self, platform: Platform) -> None:
        """Types and names together are one group of each secret."""
        assert created(types=["prod", "pr"], environments=["staging"]) == inputs(
            types=["prod", "pr"], environments=["staging"]
        )
        for selector in ("type:production", "type:preview", "env:staging"):
            assert platform.values(selector) == VALUES
        assert platform.values("type:development") == {}

    def test_no_value_is_ever_an_argument(self, platform: Platform) -> None:
        """A process list shows arguments to everybody; of creation, change and deletion alike."""
        outputs = updated(created(), values={**VALUES, "REDIS_PASSWORD": f"{PASSWORD}2"})
        EncoreProvider().delete("id", outputs)
        assert platform.calls[0] == ["secret", "set", "--type=prod", "REDIS_HOST"]
        arguments = json.dumps(platform.calls)
        assert not [value for value in VALUES.values() if value in arguments]

    def test_values_arrive_as_they_are_but_for_line_ends_behind_them(self, platform: Platform) -> None:
        """Encore cuts those off, which a certificate does not mind."""
        created(values={"REDIS_PASSWORD": " 'a\\n\"$b ", "REDIS_TLS_CA": "BEGIN\nEND\n"})
        assert platform.values("type:production") == {"REDIS_PASSWORD": " 'a\\n\"$b ", "REDIS_TLS_CA": "BEGIN\nEND"}

    def test_only_what_changed_is_set(self, platform: Platform) -> None:
        """A rotation is one version of one secret."""
        outputs = created()
        platform.forget_calls()
        assert not EncoreProvider().diff("id", outputs, inputs()).changes
        assert EncoreProvider().read("id", outputs).outs == outputs
        assert platform.calls == []
        changed = {**VALUES, "REDIS_PASSWORD": "another"}
        difference = EncoreProvider().diff("id", outputs, inputs(values=changed))
        assert (difference.changes, difference.replaces) == (True, [])
        updated(outputs, values=changed)
        assert platform.calls == [["secret", "set", "--type=prod", "REDIS_PASSWORD"]]
        assert platform.values("type:production") == changed
        assert (platform.versions("REDIS_PASSWORD"), platform.versions("REDIS_HOST")) == (2, 1)

    def test_a_rollback_empties_and_unsets_nothing(self, platform: Platform) -> None:
        """A deploy fails where a secret that the code declares has no value."""
        updated(created(), values=EMPTY)
        assert platform.values("type:production") == EMPTY

    def test_a_variable_that_is_no_more_is_deleted(self, platform: Platform) -> None:
        """As the name of a certificate's server, where there is no TLS any more."""
        updated(created(values={**VALUES, "REDIS_TLS_CA": "BEGIN"}))
        assert platform.values("type:production") == VALUES

    def test_deletion_is_by_the_listed_id_and_of_ours_alone(self, platform: Platform) -> None:
        """Another group of the same secret, and other secrets, stay. Twice changes nothing."""
        other = inputs(types=["dev"], values={"REDIS_HOST": "theirs", "API_KEY": "theirs"})
        EncoreProvider().create(other)
        outputs = created(types=["prod", "local"], environments=["live"])
        for _ in range(2):
            EncoreProvider().delete("id", outputs)
            assert platform.values("type:production") == {}
            assert platform.values("type:development") == other["values"]
        assert ["secret", "delete", "--yes", "secgrp_3"] in platform.calls

    @pytest.mark.parametrize("change", [{"app": "../other"}, {"types": ["dev"]}, {"environments": ["live"]}])
    def test_other_environments_replace_the_old_ones_first(self, change: dict[str, Any]) -> None:
        """Encore refuses a group that overlaps another."""
        difference = EncoreProvider().diff("id", inputs(), inputs(**change))
        assert (difference.replaces, difference.delete_before_replace) == (list(change), True)

    def test_values_that_a_preview_cannot_know_are_a_change(self) -> None:
        """Without a call, and without a login."""
        assert EncoreProvider().diff("id", inputs(), inputs(values=None)).changes


class TestInterruptions:
    """What a cut-off run leaves, and what the next makes of it."""

    def test_a_creation_that_was_cut_off_is_run_again(self, platform: Platform) -> None:
        """What was set already gets another version, and there is one group of each."""
        encore_cli.set_secret(
            files.find("../application"), "REDIS_HOST", "old", Selection(types=["prod"], environments=[])
        )
        created()
        assert platform.values("type:production") == VALUES
        assert len(platform.load()["groups"]) == len(VALUES)

    def test_an_update_that_was_cut_off_is_run_again(self, platform: Platform) -> None:
        """The state still has the old values, so what changed is set again."""
        outputs, changed = created(), {**EMPTY, "REDIS_PORT": "6380"}
        encore_cli.set_secret(
            files.find("../application"), "REDIS_HOST", "", Selection(types=["prod"], environments=[])
        )
        updated(outputs, values=changed)
        assert platform.values("type:production") == changed

    def test_a_daemon_that_does_not_start_in_time_is_no_failure(self, platform: Platform) -> None:
        """The group is there by then, and is given its value again: a machine of a pipeline has no daemon yet."""
        platform.change(daemon=False)
        created()
        assert platform.values("type:production") == VALUES


class TestRefusals:
    """What Encore refuses, and what our user reads of it."""

    def test_a_conflict_of_environments(self, platform: Platform) -> None:
        """The other group's id is what the cure needs."""
        created(types=["prod", "dev"])
        with pytest.raises(EncoreError) as refused:
            created(types=["prod"])
        assert str(refused.value).startswith("encore secret set --type=prod REDIS_HOST, in ")
        assert (
            "failed: the environment selection conflicts with other secret values: secgrp_1 type:production; delete "
            "the other group (encore secret delete ID), or set cache:encoreTypes and"
        ) in str(refused.value)
        assert len(platform.load()["groups"]) == len(VALUES)

    def test_no_login(self, platform: Platform) -> None:
        """With the command that logs in, at a terminal and in a pipeline."""
        platform.log_out()
        with pytest.raises(EncoreError, match=r"not logged in: .*; log in: encore auth login, or .* --auth-key KEY$"):
            created()

    def test_an_environment_that_is_not_there(self, platform: Platform) -> None:
        """With the setting that names it."""
        del platform
        with pytest.raises(EncoreError, match=r'environment "test" not found; set cache:encoreEnvironments to'):
            created(environments=["test"])

    def test_an_application_that_is_not_linked(self, platform: Platform, tmp_path: Path) -> None:
        """In Encore's own words, which have the cure."""
        del platform
        (tmp_path / "application" / "encore.app").write_text('{"id": ""}')
        with pytest.raises(EncoreError, match=r"app is not linked with the Encore Platform \(see 'encore app link'\)$"):
            created()

    def test_an_application_that_is_gone(self, platform: Platform, tmp_path: Path) -> None:
        """At the end of the stack too: its secrets cannot be deleted from elsewhere."""
        outputs = created()
        shutil.rmtree(tmp_path / "application")
        (refused,) = problems()
        assert refused.startswith("cache:encoreApp ../application is no folder; put the application back, or set")
        with pytest.raises(EncoreError, match="application is no folder; put the application back"):
            EncoreProvider().delete("id", outputs)
        assert platform.values("type:production") == VALUES

    def test_a_folder_without_an_application(self, platform: Platform, tmp_path: Path) -> None:
        """A folder inside of one will do."""
        del platform
        (tmp_path / "application" / "backend").mkdir()
        (tmp_path / "other").mkdir()
        assert problems(app="../application/backend") == []
        (refused,) = problems(app="../other")
        assert "is no Encore application, since it has no encore.app; set cache:encoreApp to the folder" in refused

    def test_no_command_line(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Said by the check, in a preview already."""
        monkeypatch.setenv("PATH", str(tmp_path))
        (refused,) = problems()
        assert "needs Encore's command line, and there is no `encore` on PATH; install it" in refused

    @pytest.mark.usefixtures("platform")
    @pytest.mark.parametrize(
        ("script", "seconds", "said"),
        [
            ('echo "error: cannot take $(cat)" >&2; exit 1', 60, "failed: cannot take ****"),
            ("exit 3", 60, "failed: it said nothing"),
            ("exec sleep 300", 1, "did not end within 1 s; try it by hand"),
        ],
    )
    def test_an_error_never_shows_the_value(
        self, script: str, seconds: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever the command line prints."""
        monkeypatch.setattr(encore_cli, "SECONDS", seconds)
        (tmp_path / "platform" / "bin" / "encore").write_text(f"#!/bin/sh\n{script}\n")
        with pytest.raises(EncoreError) as refused:
            created(values={"REDIS_PASSWORD": PASSWORD})
        assert str(refused.value).endswith(said)
        assert PASSWORD not in str(refused.value)


def test_the_stand_in_refuses_what_the_guide_says(platform: Platform, tmp_path: Path) -> None:
    """`secret set NAME VALUE` is two arguments, `secret unset` is no command, and a deletion asks."""

    def encore(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["encore", "secret", *arguments],
            cwd=tmp_path / "application",
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    assert encore("set", "--type", "prod", "REDIS_HOST", "there").stderr == "accepts 1 arg(s), received 2\n"
    assert "must specify at least one environment" in encore("set", "REDIS_HOST").stderr
    encore("set", "--type=prod", "REDIS_HOST")
    assert "Usage:" in encore("unset", "REDIS_HOST").stdout
    assert encore("delete", "secgrp_1").stdout.endswith("Aborted.\n")
    assert encore("list", "REDIS_HOST").stdout.splitlines() == [
        "ID         Secret Key   Environment(s)    ",
        "secgrp_1   REDIS_HOST   type:production   ",
    ]
    assert platform.values("type:production") == {"REDIS_HOST": ""}


def test_the_types_of_the_settings_are_those_of_the_command_line() -> None:
    """Each has its name in a list."""
    assert tuple(encore_cli.KINDS) == ENCORE_TYPES


def test_the_identity_in_the_state_is_what_it_was() -> None:
    """Stacks name the type, and the class of the provider; a change takes an alias."""
    assert Encore._resource_type_name == "dynamic/sinks:Encore"
    assert (EncoreProvider.__module__, EncoreProvider.__qualname__) == ("infra.sinks.encore", "EncoreProvider")
