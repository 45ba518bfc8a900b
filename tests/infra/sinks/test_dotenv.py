"""The environment file as a resource: written, mended, and given back."""

import errno
import os
import re
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.connection import GUIDES_VARIABLES
from infra.sinks import files
from infra.sinks.dotenv import Dotenv, DotenvProvider
from infra.sinks.files import FileError

VALUES = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "6379", "REDIS_PASSWORD": "correct horse"}
WRITTEN = "REDIS_HOST=127.0.0.1\nREDIS_PORT=6379\nREDIS_PASSWORD='correct horse'\n"
UNKNOWN = object()


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a folder of its own."""
    monkeypatch.setattr(files, "PROJECT", tmp_path)
    return tmp_path


def inputs(**changes: Any) -> dict[str, Any]:
    """Return what the program declares."""
    return {"file": ".local/local.env", "values": VALUES, **changes}


def created(**changes: Any) -> dict[str, Any]:
    """Create it, and give what the state keeps."""
    outputs = DotenvProvider().create(inputs(**changes)).outs
    assert outputs is not None
    return outputs


def refreshed(outputs: dict[str, Any]) -> dict[str, Any]:
    """Look at it again."""
    found = DotenvProvider().read("id", outputs).outs
    assert found is not None
    return found


def problems(**changes: Any) -> list[str]:
    """Return what the check refuses."""
    return [failure.reason for failure in DotenvProvider().check({}, inputs(**changes)).failures]


class TestWriting:
    """What is in the file."""

    def test_a_new_file_is_its_owners_alone(self, project: Path) -> None:
        """With the folders above it; the state names it relative to the project, which can be moved."""
        outputs = created()
        file = project / ".local" / "local.env"
        assert file.read_text() == WRITTEN
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert outputs == {"file": ".local/local.env", "values": VALUES, "made": True, "mode": None, "intact": True}
        assert [each.name for each in file.parent.iterdir()] == ["local.env"]

    def test_a_file_that_is_there_is_kept_and_closed(self, project: Path) -> None:
        """Lines of others stay, ours that stand in it already are replaced, and its wide mode is narrowed."""
        file = project / ".env"
        file.write_text("DEBUG=1\nREDIS_HOST=old\n# the end\n")
        file.chmod(0o644)
        assert not created(file=".env")["made"]
        assert file.read_text() == (
            "DEBUG=1\nREDIS_HOST=127.0.0.1\n# the end\nREDIS_PORT=6379\nREDIS_PASSWORD='correct horse'\n"
        )
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o660, 0o400])
    def test_a_file_that_others_cannot_read_keeps_its_permissions(self, project: Path, mode: int) -> None:
        """A group that may read it is the application's own; so it is after a change and after the removal too."""
        file = project / ".env"
        file.write_text("DEBUG=1\n")
        file.chmod(mode)
        outputs = created(file=".env")
        assert files.mode_of(file) == mode
        assert refreshed(outputs)["intact"]
        changed = DotenvProvider().update("id", outputs, inputs(file=".env", values={"REDIS_HOST": "there"})).outs
        assert changed is not None
        assert files.mode_of(file) == mode
        DotenvProvider().delete("id", changed)
        assert (file.read_text(), files.mode_of(file)) == ("DEBUG=1\n", mode)

    @pytest.mark.parametrize("mode", [0o644, 0o666, 0o604])
    def test_a_file_that_others_can_read_is_as_wide_as_before_once_the_password_is_out(
        self, project: Path, mode: int
    ) -> None:
        """Unless somebody changed it meanwhile."""
        file = project / ".env"
        for changed in (None, 0o640):
            file.write_text("DEBUG=1\n")
            file.chmod(mode)
            outputs = created(file=".env")
            assert files.mode_of(file) == 0o600
            if changed:
                file.chmod(changed)
            DotenvProvider().delete("id", outputs)
            assert files.mode_of(file) == (changed or mode)

    def test_a_state_of_before_knows_no_permissions(self, project: Path) -> None:
        """The file stays its owner's alone."""
        (project / ".env").write_text("DEBUG=1\n")
        outputs = created(file=".env")
        del outputs["mode"]
        DotenvProvider().delete("id", outputs)
        assert files.mode_of(project / ".env") == 0o600

    def test_a_link_stays_and_its_target_is_written(self, project: Path) -> None:
        """A checkout whose .env is a link to somewhere else keeps it."""
        (project / "elsewhere").mkdir()
        (project / ".env").symlink_to("elsewhere/application.env")
        created(file=".env")
        assert (project / ".env").is_symlink()
        assert (project / "elsewhere" / "application.env").read_text() == WRITTEN

    def test_what_a_killed_run_left_is_taken_away_and_not_followed(self, project: Path) -> None:
        """A draft of the file, with the password in it; not even where somebody made it a link."""
        (project / "victim").write_text("mine")
        (project / "..env.new").symlink_to("victim")
        created(file=".env")
        assert (project / "victim").read_text() == "mine"
        assert not (project / "..env.new").is_symlink()

    def test_a_creation_after_one_that_was_cut_off_still_made_the_file(self, project: Path) -> None:
        """So that a later delete removes it."""
        created(file=".env")
        assert created(file=".env")["made"]
        (project / "empty.env").touch()
        assert not created(file="empty.env")["made"]

    def test_a_new_file_has_the_guides_order(self, project: Path) -> None:
        """The engines hand the values over in an order that differs from machine to machine."""
        values = dict.fromkeys(["REDIS_USERNAME", *reversed(GUIDES_VARIABLES), "REDIS_TLS_CA"], "x")
        created(values=values)
        written = (project / ".local" / "local.env").read_text().splitlines()
        assert written == [f"{name}=x" for name in (*GUIDES_VARIABLES, "REDIS_TLS_CA", "REDIS_USERNAME")]

    def test_a_full_disk_leaves_the_file_and_nothing_else(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """No draft beside it, with a part of the password or without."""

        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        (project / ".env").write_text("DEBUG=1\n")
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(FileError, match=r"\.env cannot be written: No space left on device; mend it"):
            created(file=".env")
        assert [(each.name, each.read_text()) for each in project.iterdir()] == [(".env", "DEBUG=1\n")]

    def test_a_file_below_the_home_is_found(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A tilde is the home of whoever runs it."""
        monkeypatch.setenv("HOME", str(project / "home"))
        created(file="~/application.env")
        assert (project / "home" / "application.env").exists()


class TestChanging:
    """What makes a change, and what it does."""

    def test_no_change_is_none(self) -> None:
        """The second `up` does nothing."""
        outputs = created()
        assert not DotenvProvider().diff("id", refreshed(outputs), inputs()).changes

    def test_another_value_is_put_in_the_place_of_the_old(self, project: Path) -> None:
        """And a variable that is no more is taken out; what others wrote meanwhile stays."""
        outputs, file = created(file=".env"), project / ".env"
        file.write_text(f"FIRST=1\n{file.read_text()}LAST=2\n")
        changed = inputs(file=".env", values={"REDIS_HOST": "there", "REDIS_PASSWORD": ""})
        difference = DotenvProvider().diff("id", outputs, changed)
        assert (difference.changes, difference.replaces) == (True, [])
        updated = DotenvProvider().update("id", outputs, changed).outs
        assert file.read_text() == "FIRST=1\nREDIS_HOST=there\nREDIS_PASSWORD=\nLAST=2\n"
        assert updated == {**outputs, "values": changed["values"]}

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda file: file.unlink(),
            lambda file: file.write_text(file.read_text().replace("6379", "6380")),
            lambda file: file.write_text("REDIS_HOST=127.0.0.1\n"),
            lambda file: file.write_text(f"{file.read_text()}REDIS_HOST=other\n"),
            lambda file: file.chmod(0o644),
            lambda file: file.write_bytes(b"\xff"),
        ],
        ids=["removed", "edited", "partly removed", "overridden", "opened to others", "no text"],
    )
    def test_what_somebody_changed_is_seen(self, project: Path, spoil: Any) -> None:
        """By the refresh that every `up` begins with."""
        outputs = created(file=".env")
        spoil(project / ".env")
        assert DotenvProvider().diff("id", refreshed(outputs), inputs(file=".env")).changes

    def test_what_somebody_removed_is_mended_and_still_ours_to_remove(self, project: Path) -> None:
        """The file comes back as it was."""
        outputs = created(file=".env")
        (project / ".env").unlink()
        updated = DotenvProvider().update("id", refreshed(outputs), inputs(file=".env")).outs
        assert (project / ".env").read_text() == WRITTEN
        assert updated is not None
        assert updated["made"]

    def test_another_file_replaces_the_old_one_first(self) -> None:
        """Two names may lead to one file: made first, the new one would be emptied with the old."""
        difference = DotenvProvider().diff("id", created(), inputs(file=".env"))
        assert (difference.replaces, difference.delete_before_replace) == (["file"], True)

    @pytest.mark.parametrize("unknown", [None, UNKNOWN, {"REDIS_HOST": None}])
    def test_values_that_a_preview_cannot_know_are_a_change(self, unknown: object) -> None:
        """And nothing that the check could refuse."""
        assert DotenvProvider().diff("id", created(), inputs(values=unknown)).changes
        assert problems(values=unknown) == []


class TestDeleting:
    """What is left."""

    def test_a_file_that_was_made_is_removed(self, project: Path) -> None:
        """Twice changes nothing."""
        outputs = created(file=".env")
        for _ in range(2):
            DotenvProvider().delete("id", outputs)
            assert list(project.iterdir()) == []

    def test_lines_of_others_stay(self, project: Path) -> None:
        """In a file that was made for ours as well."""
        outputs, file = created(file=".env"), project / ".env"
        file.write_text(f"{file.read_text()}DEBUG=1\n")
        DotenvProvider().delete("id", outputs)
        assert file.read_text() == "DEBUG=1\n"

    def test_a_file_that_was_there_stays(self, project: Path) -> None:
        """Even with nothing left in it."""
        (project / ".env").touch()
        DotenvProvider().delete("id", created(file=".env"))
        assert (project / ".env").read_text() == ""

    def test_what_cannot_be_read_is_said_with_the_cure(self, project: Path) -> None:
        """And not removed."""
        outputs = created(file=".env")
        (project / ".env").write_bytes(b"\xff")
        with pytest.raises(FileError, match=r"^\.env is not text in UTF-8; mend it, or remove it$"):
            DotenvProvider().delete("id", outputs)


class TestCheck:
    """What is refused in a preview already."""

    def test_what_works_is_not_refused(self) -> None:
        """A file that is not there, and one that is."""
        assert problems() == []
        created()
        assert problems() == []

    def test_a_file_that_git_tracks_is_refused(self, project: Path) -> None:
        """The password would be committed; a file that is not tracked is not refused."""
        (project / ".env").touch()
        (project / "other.env").touch()
        subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
        subprocess.run(["git", "add", ".env"], cwd=project, check=True)
        (refused,) = problems(file=".env")
        assert refused.startswith(
            ".env is tracked by git, and the password would be committed; take it out with git rm"
        )
        assert problems(file="other.env") == []

    @pytest.mark.parametrize(
        ("spoil", "words"),
        [
            (lambda project: (project / ".git" / "index").write_bytes(b"DIRC"), "index"),
            (lambda project: (project / ".git" / "HEAD").unlink(), "not a git repository"),
        ],
        ids=["a broken index", "no repository"],
    )
    def test_a_file_that_git_does_not_tell_of_is_refused(self, project: Path, spoil: Any, words: str) -> None:
        """Cannot tell is not no: with git's own words, which have the cure; test_files.py has more."""
        subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
        spoil(project)
        (refused,) = problems(file=".env")
        assert refused.startswith("git does not say whether it tracks .env, and if it does, the password would be")
        assert words in refused

    def test_without_git_a_file_in_a_repository_is_refused_and_another_is_not(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server may have a copy of the project, and no git."""
        monkeypatch.setenv("PATH", str(project))
        assert problems(file=".env") == []
        (project / ".git").mkdir()
        (refused,) = problems(file=".env")
        assert "(git is not on PATH)" in refused

    def test_what_is_open_to_others_and_cannot_be_closed_is_refused(
        self, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file of another user that every user may write."""
        (project / ".env").touch()
        (project / ".env").chmod(0o666)
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
        (refused,) = problems(file=".env")
        assert refused.startswith(".env can be read by every user, and only its owner can change that (chmod o= ")

    def test_a_folder_a_path_through_a_file_and_a_loop_are_refused(self, project: Path) -> None:
        """Each with the setting that cures it."""
        (project / "file").touch()
        (project / "folder").mkdir()
        (project / "loop").symlink_to("loop")
        assert problems(file="folder") == ["folder is a folder; set cache:dotenvFile to another"]
        assert problems(file="file/.env") == [
            "file/.env cannot be read: Not a directory; set cache:dotenvFile to another"
        ]
        (refused,) = problems(file="loop")
        assert refused.startswith("loop cannot be read")

    def test_a_device_a_pipe_and_a_socket_are_refused(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first would be replaced by a file, and the second never ends."""
        os.mkfifo(project / "pipe")
        # The path of a socket is short (unix(7)), and that of a test's folder may not be.
        monkeypatch.chdir(project)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket")
            for name in ("/dev/null", "pipe", "socket"):
                assert problems(file=name) == [f"{name} is no regular file; set cache:dotenvFile to another"]
                assert not refreshed({**inputs(file=name), "intact": True})["intact"]

    def test_a_name_that_no_file_can_have_is_refused(self) -> None:
        """With the setting that cures it."""
        (problem,) = problems(file="a\0b")
        # Python's own words differ from one of its versions to the next.
        assert re.fullmatch(r"a\0b cannot be read: .*embedded null .*; set cache:dotenvFile to another", problem)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_a_folder_that_may_not_be_written_is_refused(self, project: Path) -> None:
        """Before the cache is made, and not after."""
        project.chmod(0o500)
        (refused,) = problems(file=".env")
        assert "you may not write in" in refused

    @pytest.mark.parametrize("values", [VALUES, None])
    def test_a_line_that_cannot_be_changed_alone_is_refused(self, project: Path, values: object) -> None:
        """In a preview that does not know the values yet, and in a removal; the file stays as it is."""
        text = "A=1\nexport REDIS_HOST=old OTHER=keep\n"
        (project / ".env").write_text(text)
        (refused,) = problems(file=".env", values=values)
        assert refused.startswith(".env cannot be changed: line 2 says more than the value of REDIS_HOST, which cannot")
        assert refused.endswith("; set cache:dotenvFile to another")
        assert not refreshed({**inputs(file=".env"), "intact": True})["intact"]
        with pytest.raises(FileError, match=r"^\.env cannot be changed: line 2 .*; mend it, or remove it$"):
            DotenvProvider().delete("id", {**inputs(file=".env"), "made": False})
        assert (project / ".env").read_text() == text

    def test_a_line_for_a_variable_that_is_no_more_is_refused_too(self, project: Path) -> None:
        """It would be taken out."""
        (project / ".env").write_text("REDIS_USERNAME=a OTHER=keep\n")
        assert problems(file=".env") == []
        news = inputs(file=".env")
        olds = {**news, "values": {**VALUES, "REDIS_USERNAME": "a"}}
        (failure,) = DotenvProvider().check(olds, news).failures
        assert "line 1 says more than the value of REDIS_USERNAME" in failure.reason

    def test_a_value_that_cannot_be_quoted_is_refused_without_being_shown(self) -> None:
        """The variable is named."""
        (refused,) = problems(values={"REDIS_PASSWORD": "hunter2'$x"})
        assert refused.startswith("REDIS_PASSWORD has characters that docker compose, python-dotenv and a shell cannot")
        assert "hunter2" not in refused


def test_the_identity_in_the_state_is_what_it_was() -> None:
    """Stacks name the type, and the class of the provider; a change takes an alias."""
    assert Dotenv._resource_type_name == "dynamic/sinks:Dotenv"
    assert (DotenvProvider.__module__, DotenvProvider.__qualname__) == ("infra.sinks.dotenv", "DotenvProvider")
