"""The local server itself, run for real, and the provider over it, called as both engines call it."""

import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from benchmarks.servers import free_port, is_written, until
from infra.backends.local import binary, ownership, provider, server
from infra.backends.local.binary import BinaryError
from infra.backends.local.provider import Login, ServerProvider
from infra.backends.local.server import Configuration, LocalServer, Owner, ServerError
from infra.server_users import OPERATOR, digest
from verify import access
from verify.access import Preset

PASSWORD = "correct horse battery staple"
OPERATOR_PASSWORD = "the operator's own"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LocalServer]:
    """A server's folder; whatever runs there is ended with the test."""
    local = LocalServer(tmp_path / "server")
    yield local
    local.remove()


def configured(port: int, **changes: Any) -> Configuration:
    """Make a configuration with the password of these tests."""
    values: dict[str, Any] = {
        "password_digests": (digest(PASSWORD),),
        "maxmemory": 1 << 27,
        "maxmemory_policy": "allkeys-lru",
        "persistence": "append-only",
        **changes,
    }
    return Configuration(port=port, **values)


def owned(pin: str = binary.BUNDLED, *, owner: str = "test#local", of: str = "of this one") -> Owner:
    """Make a record of a folder's owner."""
    return Owner(owner=owner, identity=of, project=str(ownership.PROJECT), binary=pin)


def started(here: LocalServer, **changes: Any) -> int:
    """Start the server on a free port."""
    chosen = binary.find()
    port = free_port()
    here.claim(owned(chosen.pin))
    here.write(configured(port, **changes))
    here.start(chosen.path)
    return port


def client(port: int, password: str | None = PASSWORD, user: str | None = None) -> redis.Redis:
    """Connect once, without retries."""
    return redis.Redis(
        host=server.HOST,
        port=port,
        username=user,
        password=password,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def operator(port: int) -> redis.Redis:
    """Connect as the user that administers."""
    return client(port, OPERATOR_PASSWORD, OPERATOR)


def inputs(folder: Path, **changes: Any) -> dict[str, Any]:
    """Make what the program declares."""
    return {
        "folder": str(folder),
        "owner": "test#local",
        "identity": "of this one",
        "requestedPort": 0,
        "maxmemory": 1 << 27,
        "maxmemoryPolicy": "allkeys-lru",
        "persistence": "append-only",
        "passwords": [PASSWORD],
        "access": list(access.rules("data")),
        "operatorPasswords": [OPERATOR_PASSWORD],
        **changes,
    }


class Running:
    """A server that the provider made, and what the state has of it."""

    def __init__(self, here: LocalServer, **changes: Any) -> None:
        self.here = here
        outputs = ServerProvider().create(inputs(here.folder, **changes)).outs
        assert outputs is not None
        self.outputs = outputs

    @property
    def port(self) -> int:
        """Its port."""
        return int(self.outputs["port"])

    @property
    def process(self) -> str:
        """The id of its process."""
        return (self.here.folder / "server.pid").read_text().strip()

    def update(self, passwords: list[str], **changes: Any) -> None:
        """Have it take other passwords, and other changes."""
        wanted = inputs(self.here.folder, passwords=passwords, **changes)
        outputs = ServerProvider().update("id", self.outputs, wanted).outs
        assert outputs is not None
        self.outputs = outputs

    def restart(self) -> None:
        """End the process, and start it from its file alone."""
        self.here.stop()
        self.here.start(binary.find().path)

    def takes(self, password: str | None) -> bool:
        """Return whether a client with a password gets in."""
        with client(self.port, password) as connection:
            try:
                return bool(connection.ping())
            except redis.AuthenticationError:
                return False


@pytest.fixture
def running(here: LocalServer) -> Running:
    """A server with the password of these tests."""
    return Running(here)


class TestServer:
    """One process in one folder."""

    def test_it_runs_as_configured_and_asks_for_its_password(self, here: LocalServer) -> None:
        """Memory, policy and persistence are the server's own words; without the password it says nothing."""
        port = started(here)
        with client(port) as connection:
            assert connection.config_get("maxmemory")["maxmemory"] == str(1 << 27)
            assert connection.config_get("maxmemory-policy")["maxmemory-policy"] == "allkeys-lru"
            assert connection.config_get("appendonly")["appendonly"] == "yes"
            assert connection.config_get("bind")["bind"] == server.HOST
        with client(port, None) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()

    def test_it_takes_each_of_its_passwords_and_no_other(self, here: LocalServer) -> None:
        """From its start on."""
        port = started(here, password_digests=(digest("new"), digest(PASSWORD)))
        for password in ("new", PASSWORD):
            with client(port, password) as connection:
                assert connection.ping()
        with client(port, "another") as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()

    def test_its_files_are_its_owners_alone_and_hold_no_password(self, here: LocalServer) -> None:
        """The folder is closed to others, and the password is nowhere in it."""
        started(here)
        assert stat.S_IMODE(here.folder.stat().st_mode) == 0o700
        for file in here.folder.rglob("*"):
            if file.is_file():
                assert PASSWORD.encode() not in file.read_bytes(), file
        assert stat.S_IMODE((here.folder / "server.conf").stat().st_mode) == 0o600

    def test_data_survive_sigkill(self, here: LocalServer) -> None:
        """The append-only file brings back what was written before."""
        port = started(here)
        with client(port) as connection:
            connection.set("kept", "yes")
            until(lambda: is_written(connection))
        os.kill(int((here.folder / "server.pid").read_text()), signal.SIGKILL)
        until(lambda: not here.is_running())
        here.start(binary.find().path)
        with client(port) as connection:
            assert connection.get("kept") == "yes"

    def test_liveness_is_the_lock_and_not_the_pid_file(self, here: LocalServer) -> None:
        """A pid file of a process that is somebody else's proves nothing, and nobody else is killed."""
        started(here)
        here.stop()
        (here.folder / "server.pid").write_text(str(os.getpid()))
        assert not here.is_running()
        here.stop()

    def test_starting_twice_starts_one(self, here: LocalServer) -> None:
        """The second start finds the first."""
        started(here)
        pid = (here.folder / "server.pid").read_text()
        here.start(binary.find().path)
        assert (here.folder / "server.pid").read_text() == pid

    def test_a_server_that_cannot_start_says_why_in_its_own_words(self, here: LocalServer) -> None:
        """A port that somebody took between the choice and the start."""
        with socket.socket() as taken:
            taken.bind((server.HOST, 0))
            taken.listen()
            here.claim(owned())
            here.write(configured(taken.getsockname()[1]))
            with pytest.raises(ServerError, match=r"(?s)did not start on port \d+: .*[Aa]ddress already in use"):
                here.start(binary.find().path)
        assert not here.is_running()

    @pytest.mark.parametrize(
        "warning", ["WARNING Memory overcommit must be enabled! x", "WARNING overcommit_memory is set to 0! x"]
    )
    def test_its_last_words_are_why_it_did_not_start(self, here: LocalServer, tmp_path: Path, warning: str) -> None:
        """The warning of memory overcommit, which every server gives, is not."""
        bind = "Could not create server TCP listening socket 127.0.0.1:1: bind: Address already in use"
        printed = ["*** FATAL CONFIG FILE ERROR ***", f"1:M 1 Jan # {bind}", f"1:M 1 Jan # {warning}"]
        script(tmp_path / "fails", "\n".join(printed))
        here.claim(owned())
        here.write(configured(1))
        with pytest.raises(ServerError) as refused:
            here.start(tmp_path / "fails")
        assert str(refused.value) == f"the server did not start on port 1: {printed[0]} / {bind}"

    def test_remove_leaves_nothing_and_can_run_twice(self, here: LocalServer) -> None:
        """The process and the folder are gone."""
        started(here)
        here.remove()
        assert not here.exists()
        here.remove()

    def test_remove_leaves_what_is_not_its_own(self, here: LocalServer) -> None:
        """A user who pointed the folder at something of theirs keeps it."""
        started(here)
        (here.folder / "notes.txt").write_text("mine")
        here.remove()
        assert [file.name for file in here.folder.iterdir()] == ["notes.txt"]

    def test_a_folder_with_something_else_in_it_is_refused(self, here: LocalServer) -> None:
        """Nobody's files become a server's."""
        here.folder.mkdir()
        (here.folder / "notes.txt").write_text("mine")
        with pytest.raises(ServerError, match="is not empty and is no server's folder"):
            here.claim(owned())

    def test_an_unwritable_folder_is_refused_in_one_line(self, tmp_path: Path) -> None:
        """A path through a file can be made by nobody, root included."""
        (tmp_path / "file").write_text("")
        with pytest.raises(ServerError, match=r"server cannot be made: .*/file is a file"):
            LocalServer(tmp_path / "file" / "server").claim(owned())


class TestProvider:
    """The resource: what is refused, changed in place, replaced and healed."""

    def test_create_update_read_delete(self, tmp_path: Path) -> None:
        """A whole life, with the data kept through a change in place."""
        resource, wanted = ServerProvider(), inputs(tmp_path / "server")
        outputs = resource.create(dict(wanted)).outs
        assert outputs is not None
        with client(outputs["port"]) as connection:
            connection.set("kept", "yes")

        changed = inputs(tmp_path / "server", maxmemory=1 << 28, maxmemoryPolicy="noeviction")
        assert resource.diff("id", outputs, changed).changes
        assert not resource.diff("id", outputs, changed).replaces
        updated = resource.update("id", outputs, dict(changed)).outs
        assert updated is not None
        assert (updated["port"], updated["passwords"]) == (outputs["port"], outputs["passwords"])
        with client(updated["port"]) as connection:
            assert connection.get("kept") == "yes"
        with operator(updated["port"]) as connection:
            assert connection.config_get("maxmemory")["maxmemory"] == str(1 << 28)
            assert connection.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"

        assert not resource.diff("id", updated, changed).changes
        resource.delete("id", updated)
        assert not (tmp_path / "server").exists()
        resource.delete("id", updated)

    def test_a_killed_server_is_seen_by_read_and_mended_by_update_on_its_port(self, tmp_path: Path) -> None:
        """A refresh says that it does not run; the update starts it where it was, with the same password."""
        resource, wanted = ServerProvider(), inputs(tmp_path / "server")
        outputs = resource.create(dict(wanted)).outs
        assert outputs is not None
        os.kill(int((tmp_path / "server" / "server.pid").read_text()), signal.SIGKILL)
        until(lambda: not LocalServer(tmp_path / "server").is_running())
        seen = resource.read("id", outputs).outs
        assert seen is not None
        assert seen["running"] is False
        assert resource.diff("id", seen, wanted).changes
        mended = resource.update("id", seen, dict(wanted)).outs
        assert mended is not None
        with client(outputs["port"]) as connection:
            assert connection.ping()
        resource.delete("id", mended)

    @pytest.mark.long
    def test_a_kept_port_that_another_process_took_is_named_before_a_start(self, tmp_path: Path) -> None:
        """One line with both ways out, and the server as it was."""
        resource, wanted = ServerProvider(), inputs(tmp_path / "server")
        outputs = resource.create(dict(wanted)).outs
        assert outputs is not None
        LocalServer(tmp_path / "server").stop()
        log = (tmp_path / "server" / "server.log").read_bytes()
        with socket.create_server((server.HOST, outputs["port"])), pytest.raises(ServerError) as refused:
            resource.update("id", outputs, dict(wanted))
        assert str(refused.value) == (
            f"port {outputs['port']}, which this server had, is taken by another process: end that process, which "
            "keeps the data; or set cache:port to a free port, which makes a new server and loses the data"
        )
        assert (tmp_path / "server" / "server.log").read_bytes() == log
        resource.delete("id", outputs)

    def test_read_does_not_put_settings_right(self, tmp_path: Path) -> None:
        """A password that was switched off stays off, for the verification to see."""
        resource = ServerProvider()
        outputs = resource.create(inputs(tmp_path / "server")).outs
        assert outputs is not None
        with operator(outputs["port"]) as connection:
            connection.config_set("requirepass", "")
        seen = resource.read("id", outputs).outs
        with client(outputs["port"], None) as stranger:
            assert stranger.ping()
        assert seen == outputs
        resource.delete("id", outputs)

    def test_a_vanished_folder_is_a_vanished_server(self, tmp_path: Path) -> None:
        """An empty id tells the engine to create it again."""
        assert ServerProvider().read("id", inputs(tmp_path / "server")).id == ""

    @pytest.mark.parametrize("change", [{"requestedPort": 6390}, {"folder": "elsewhere"}], ids=["port", "folder"])
    def test_another_port_or_folder_replaces_and_deletes_first(self, change: dict[str, Any], tmp_path: Path) -> None:
        """Two servers cannot have one folder or one port at a time."""
        diff = ServerProvider().diff("id", inputs(tmp_path), inputs(tmp_path) | change)
        assert diff.replaces == list(change)
        assert diff.delete_before_replace

    def test_create_adopts_what_a_cut_off_creation_left(self, tmp_path: Path) -> None:
        """A server that the state does not know is ended, and its data taken over under the password of now."""
        resource = ServerProvider()
        lost = resource.create(inputs(tmp_path / "server", passwords=["of the lost one"])).outs
        assert lost is not None
        with client(lost["port"], "of the lost one") as connection:
            connection.set("kept", "yes")
        found = resource.create(inputs(tmp_path / "server")).outs
        assert found is not None
        with client(found["port"]) as connection:
            assert connection.get("kept") == "yes"
        with client(found["port"], "of the lost one") as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with client(lost["port"], "of the lost one") as gone, pytest.raises(redis.ConnectionError):
            gone.ping()
        resource.delete("id", found)

    def test_another_owners_folder_is_refused_with_the_command_that_takes_it_down(self, tmp_path: Path) -> None:
        """Two engines must not fight over one server."""
        folder = tmp_path / "server"
        LocalServer(folder).claim(owned(owner="file://.local/state#local"))
        failures = ServerProvider().check({}, inputs(folder)).failures
        assert [failure.property for failure in failures] == ["folder"]
        assert "to take it down: make down STACK=local ENGINE=pulumi" in failures[0].reason

    @pytest.mark.parametrize(
        "record",
        [
            "{}",
            "",
            "not JSON",
            "[]",
            '{"owner": 1}',
            '{"owner": "x"}',
            '{"owner": "test#local", "binary": null}',
            "\udcff",
        ],
    )
    def test_a_damaged_record_is_named_with_its_cure(self, tmp_path: Path, record: str) -> None:
        """And the cure cures."""
        folder = tmp_path / "the server"
        LocalServer(folder).claim(owned())
        (folder / "owner.json").write_bytes(record.encode(errors="surrogateescape"))
        failures = ServerProvider().check({}, inputs(folder)).failures
        assert [failure.property for failure in failures] == ["folder"]
        assert failures[0].reason.startswith(f"{folder}/owner.json is damaged, and does not say whose server is in")
        cure = failures[0].reason.partition("write it again: ")[2].partition("; if not, set cache:folder")[0]
        subprocess.run(["/bin/sh", "-c", cure], check=True)
        assert ServerProvider().check({}, inputs(folder)).failures == []

    @pytest.mark.parametrize("record", ["{}", None], ids=["damaged", "missing"])
    def test_delete_fails_while_a_server_lives_that_nothing_identifies(
        self, here: LocalServer, record: str | None
    ) -> None:
        """Else the state would forget a server that goes on; with its record back, it can be deleted."""
        started(here)
        file, process = here.folder / "owner.json", (here.folder / "server.pid").read_text().strip()
        whole = file.read_text()
        file.unlink() if record is None else file.write_text(record)
        with pytest.raises(ServerError) as refused:
            ServerProvider().delete("id", inputs(here.folder))
        file.write_text(whole)
        assert here.is_running()
        assert f"{here.folder} is held by a living server, process {process}, and its owner.json" in str(refused.value)
        cure = f".venv/bin/python -m infra.backends.local remove {here.folder}"
        assert str(refused.value).endswith(f"if server and data are this stack's: {cure}")
        ServerProvider().delete("id", inputs(here.folder))
        assert not here.exists()

    def test_delete_leaves_another_owners_server_alone(self, tmp_path: Path) -> None:
        """Even where the state says that it is ours."""
        LocalServer(tmp_path / "server").claim(owned(owner="file://.local/state#local"))
        ServerProvider().delete("id", inputs(tmp_path / "server"))
        assert (tmp_path / "server" / "owner.json").exists()

    def test_all_obstacles_are_named_at_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A taken port, a folder that cannot be made and a missing server, each in one line with its cure."""
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(binary, "_bundled", lambda: None)
        (tmp_path / "file").write_text("")
        with socket.socket() as taken:
            taken.bind((server.HOST, 0))
            taken.listen()
            port = taken.getsockname()[1]
            failures = ServerProvider().check({}, inputs(tmp_path / "file" / "x", requestedPort=port)).failures
        reasons = [failure.reason for failure in failures]
        assert len(reasons) == 3
        assert "cannot be made:" in reasons[0]
        assert "set cache:folder to another" in reasons[0]
        assert reasons[1] == (
            f"port {port} is taken by another process; set cache:port to another, or to 0 for a free one"
        )
        assert "install redis-server" in reasons[2]

    def test_its_own_port_is_not_taken(self, tmp_path: Path) -> None:
        """A second `up` with a fixed port finds its own server there."""
        wanted = inputs(tmp_path / "server", requestedPort=free_port())
        resource = ServerProvider()
        outputs = resource.create(dict(wanted)).outs
        assert outputs is not None
        assert resource.check(wanted, dict(wanted)).failures == []
        resource.delete("id", outputs)

    def test_a_failed_creation_leaves_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither a folder nor a process."""
        monkeypatch.setattr(server, "READY", "never printed")
        monkeypatch.setattr(server, "START_SECONDS", 0.2)
        with pytest.raises(ServerError, match="did not answer on port"):
            ServerProvider().create(inputs(tmp_path / "server"))
        assert not (tmp_path / "server").exists()


class TestPasswords:
    """The passwords of a rotation: given to the server as it runs, and kept over its end."""

    def test_two_passwords_are_valid_and_then_the_newer_alone(self, running: Running) -> None:
        """Nobody else gets in meanwhile, and the data stay."""
        with client(running.port) as connection:
            connection.set("kept", "yes")
        running.update(["new", PASSWORD])
        assert (running.takes("new"), running.takes(PASSWORD), running.takes(None)) == (True, True, False)
        running.update(["new"])
        assert (running.takes("new"), running.takes(PASSWORD), running.takes(None)) == (True, False, False)
        with client(running.port, "new") as connection:
            assert connection.get("kept") == "yes"

    def test_a_change_of_the_passwords_is_made_in_place(self, running: Running) -> None:
        """By the same process; and the same passwords are no change."""
        process = running.process
        wanted = inputs(running.here.folder, passwords=["new", PASSWORD])
        diff = ServerProvider().diff("id", running.outputs, wanted)
        assert (diff.changes, diff.replaces) == (True, [])
        running.update(["new", PASSWORD])
        assert running.process == process
        assert not ServerProvider().diff("id", running.outputs, wanted).changes

    def test_a_server_that_has_the_new_ones_already_is_met(self, running: Running) -> None:
        """An update that was cut off after the server took them, and before the state did."""
        before, process = running.outputs, running.process
        running.update(["new"])
        running.outputs = before
        running.update(["new"])
        assert running.process == process
        assert (running.takes("new"), running.takes(PASSWORD)) == (True, False)

    def test_a_password_that_was_changed_by_hand_is_put_right(self, running: Running) -> None:
        """By the operator, in place."""
        with operator(running.port) as connection:
            connection.config_set("requirepass", "by hand")
        running.update(["new", PASSWORD])
        assert (running.takes("new"), running.takes(PASSWORD), running.takes("by hand")) == (True, True, False)

    def test_no_client_is_refused_while_they_change(self, running: Running) -> None:
        """Those that connect again and again with the password of before, through twenty updates."""
        answers: list[str] = []
        ended = threading.Event()

        def connect() -> None:
            while not ended.is_set():
                try:
                    with client(running.port) as connection:
                        answers.append(f"PING: {connection.ping()}")
                except redis.RedisError as error:
                    answers.append(str(error))

        threads = [threading.Thread(target=connect) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for round_ in range(20):
                before = len(answers)
                running.update([f"new-{round_}", PASSWORD])
                while len(answers) == before:
                    time.sleep(0.001)
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        assert set(answers) == {"PING: True"}

    def test_a_restart_keeps_them(self, running: Running) -> None:
        """The file has the digest of each, and of the retired one no longer."""
        running.update(["new", PASSWORD])
        running.restart()
        assert (running.takes("new"), running.takes(PASSWORD)) == (True, True)
        running.update(["new"])
        running.restart()
        assert (running.takes("new"), running.takes(PASSWORD), running.takes(None)) == (True, False, False)

    def test_a_dead_server_comes_back_with_the_new_ones(self, running: Running) -> None:
        """A rotation and a repair in one update."""
        running.here.stop()
        running.update(["new", PASSWORD])
        assert (running.takes("new"), running.takes(PASSWORD)) == (True, True)

    def test_the_protection_can_still_be_switched_off_by_hand(self, running: Running) -> None:
        """With two passwords too, `CONFIG SET requirepass ""` acts: so the verification can find it."""
        running.update(["new", PASSWORD])
        with operator(running.port) as connection:
            connection.config_set("requirepass", "")
        assert running.takes(None)

    def test_a_state_of_before_rotations_is_taken_over(
        self, running: Running, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It has one password, by another name, which the server still has; that it changes is said."""
        process = running.process
        running.outputs = {**running.outputs, "password": PASSWORD}
        del running.outputs["passwords"]
        assert ServerProvider().diff("id", running.outputs, inputs(running.here.folder, passwords=["new"])).changes
        running.update(["new"])
        assert capsys.readouterr().out.startswith("warning: the server has another password from now on")
        assert "password" not in running.outputs
        assert running.outputs["passwords"] == ["new"]
        assert running.process == process
        assert (running.takes("new"), running.takes(PASSWORD)) == (True, False)

    def test_no_file_has_any_of_them(self, running: Running) -> None:
        """Nor has one the process's arguments."""
        running.update(["brand new password", PASSWORD])
        for file in running.here.folder.rglob("*"):
            if file.is_file():
                assert b"brand new password" not in file.read_bytes(), file
        arguments = Path(f"/proc/{running.process}/cmdline").read_text()
        assert arguments
        assert PASSWORD not in arguments
        assert "brand new password" not in arguments


class TestUsers:
    """The application's user and the operator."""

    @pytest.mark.parametrize("preset", get_args(Preset))
    def test_a_resize_and_a_rotation_keep_the_data(self, here: LocalServer, preset: Preset) -> None:
        """In place, with `persistence: none`, whatever the application may do."""
        kept = {"persistence": "none", "access": list(access.rules(preset))}
        running = Running(here, **kept)
        process = running.process
        with client(running.port) as connection:
            connection.set("kept", "yes")
        running.update([PASSWORD], **kept, maxmemory=1 << 28)
        running.update(["new", PASSWORD], **kept, maxmemory=1 << 28, operatorPasswords=["new too", OPERATOR_PASSWORD])
        running.update(["new"], **kept, maxmemory=1 << 28, operatorPasswords=["new too"])
        with client(running.port, "new") as connection:
            assert connection.get("kept") == "yes"
            assert connection.info("memory")["maxmemory"] == 1 << 28
        assert running.process == process

    def test_the_application_administers_nothing(self, running: Running) -> None:
        """From the first start, and after the next one from the file."""
        for _ in range(2):
            with client(running.port) as connection:
                assert connection.select(0)
                connection.incr("counted")
                for refused in (["CONFIG", "GET", "dir"], ["FLUSHALL"], ["ACL", "LIST"], ["SHUTDOWN"]):
                    with pytest.raises(redis.exceptions.NoPermissionError):
                        connection.execute_command(*refused)
            running.restart()

    def test_another_preset_is_given_in_place(self, running: Running) -> None:
        """And taken away again."""
        process = running.process
        wanted = inputs(running.here.folder, access=list(access.rules("full")))
        assert (diff := ServerProvider().diff("id", running.outputs, wanted)).changes
        assert not diff.replaces
        running.update([PASSWORD], access=list(access.rules("full")))
        with client(running.port) as connection:
            assert connection.config_get("dir")
        running.update([PASSWORD], access=list(access.rules("cache")))
        with client(running.port) as connection, pytest.raises(redis.exceptions.NoPermissionError):
            connection.lpush("list", "value")
        assert running.process == process

    def test_a_server_of_the_time_before_gets_its_operator_in_place(self, here: LocalServer) -> None:
        """The application's user had every right, and uses them for the last time."""
        running = Running(here, persistence="none", access=list(access.rules("full")), operatorPasswords=[])
        del running.outputs["access"], running.outputs["operatorPasswords"]
        process = running.process
        assert "operator" not in (here.folder / "server.conf").read_text()
        with client(running.port) as connection:
            connection.set("kept", "yes")
        assert ServerProvider().read("id", running.outputs).outs == running.outputs
        assert ServerProvider().diff("id", running.outputs, inputs(here.folder, persistence="none")).changes
        running.update([PASSWORD], persistence="none")
        assert running.process == process
        with client(running.port) as connection, operator(running.port) as administrator:
            assert connection.get("kept") == "yes"
            assert administrator.config_get("dir")
            with pytest.raises(redis.exceptions.NoPermissionError):
                connection.config_get("dir")

    @pytest.mark.parametrize("by_hand", [["DELUSER", OPERATOR], ["SETUSER", OPERATOR, "-config"]], ids=["gone", "less"])
    def test_a_refusal_is_said_and_nothing_is_begun_anew(self, running: Running, by_hand: list[str]) -> None:
        """A start would lose what is kept in memory alone; the line says what cures it, and the cure does."""
        process = running.process
        with operator(running.port) as connection:
            connection.execute_command("ACL", *by_hand)
        with pytest.raises(
            ServerError, match=r"refuses its user \w+ CONFIG GET: its users were changed by hand"
        ) as said:
            running.update(["new"])
        assert running.process == process
        assert "new" not in str(said.value).split()
        running.here.stop()
        running.update(["new"])
        assert running.takes("new")

    def test_no_refusal_holds_a_password(self, here: LocalServer) -> None:
        """The driver repeats a command of a transaction that was refused, with its arguments."""
        words = "Command # 1 (CONFIG SET requirepass hunter2) of pipeline caused error: User default has no permissions"
        refusal = redis.exceptions.NoPermissionError(f"{words} to run the 'config|set' command")
        said = str(provider._refused(here, Login("default", "hunter2"), refusal))
        assert "refuses its user default CONFIG SET:" in said
        assert "hunter2" not in said


class TestBinary:
    """Which server runs, and that it is found again."""

    def test_without_one_on_path_the_bundled_one_is_found(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A machine with nothing but Python has a server."""
        monkeypatch.setenv("PATH", "/nowhere")
        found = binary.find()
        assert found.pin == binary.BUNDLED
        assert found.version.startswith("valkey ")
        assert binary.resolve(found.pin) == found

    def test_one_on_path_that_is_too_old_is_passed_over(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Redis 6 has no rules for a part of a command."""
        script(tmp_path / "redis-server", "Redis server v=6.2.14 sha=0 bits=64")
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
        assert binary.find().pin == binary.BUNDLED

    def test_one_on_path_that_is_new_enough_is_taken(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The machine's own server goes first, pinned by its path."""
        script(tmp_path / "redis-server", "Redis server v=7.0.15 sha=0 bits=64")
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
        assert binary.find() == binary.Binary(
            pin=str(tmp_path / "redis-server"), path=tmp_path / "redis-server", version="redis 7.0.15"
        )

    def test_a_pinned_server_that_is_gone_is_named(self, tmp_path: Path) -> None:
        """Another binary over the same data would lose them."""
        with pytest.raises(BinaryError, match="which this stack's server was created with, no longer runs"):
            binary.resolve(str(tmp_path / "redis-server"))


def test_the_resource_is_known_to_states_by_this_name() -> None:
    """Type token and class path are state identity: a rename needs an alias."""
    assert provider.Server._resource_type_name == "dynamic/local:Server"
    assert (ServerProvider.__module__, ServerProvider.__qualname__) == (
        "infra.backends.local.provider",
        "ServerProvider",
    )


def script(path: Path, prints: str) -> None:
    """Write a program that prints one line."""
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
