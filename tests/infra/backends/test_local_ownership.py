"""Whose a local server is: which process is ended, whose folder is used, and which of two projects it belongs to."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks.servers import until
from infra.backends.local import __main__ as command
from infra.backends.local import binary, identity, ownership, processes, provider, server
from infra.backends.local.provider import ServerProvider
from infra.backends.local.server import LocalServer, ServerError
from tests.infra.backends.test_local_server import OPERATOR_PASSWORD, client, inputs, operator, owned, started

OWNER = "file://.local/state#local"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LocalServer]:
    """A server's folder; whatever runs there is ended with the test."""
    local = LocalServer(tmp_path / "the server")
    yield local
    local.remove()


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is nobody's business."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def pid_file(here: LocalServer) -> Path:
    """Return the file with the number of a server's process."""
    return here.folder / "server.pid"


class TestWhoIsEnded:
    """A number in a file ends nobody."""

    def test_a_strangers_number_is_not_sent_a_signal(
        self, here: LocalServer, stranger: "subprocess.Popen[bytes]"
    ) -> None:
        """The server itself is found and ended."""
        started(here)
        number = int(pid_file(here).read_text())
        pid_file(here).write_text(f"{stranger.pid}\n")
        assert here.process() == number
        here.stop()
        assert not here.is_running()
        assert stranger.poll() is None

    @pytest.mark.parametrize("content", ["0", "-1", "1", "", "x", "99999999999999999999", "\0", None])
    def test_whatever_the_file_says_the_server_is_ended(
        self, here: LocalServer, content: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nought would end this test, and -1 everything of the user."""
        started(here)
        send, sent = processes.send, []

        def recorded(number: int, which: signal.Signals, lock: Path, folders: list[Path]) -> None:
            sent.append(number)
            send(number, which, lock, folders)

        monkeypatch.setattr(processes, "send", recorded)
        process = here.process()
        pid_file(here).unlink() if content is None else pid_file(here).write_text(content)
        here.stop()
        assert not here.is_running()
        assert sent == [process]

    def test_a_process_that_only_works_in_the_folder_is_left_alone(self, here: LocalServer) -> None:
        """A shell that somebody opened there, or a backup that reads the lock file from elsewhere."""
        started(here)
        with (
            (here.folder / "server.lock").open() as lock,
            subprocess.Popen(["cat"], cwd=here.folder, stdin=subprocess.PIPE) as shell,
            subprocess.Popen(["cat"], cwd="/", stdin=subprocess.PIPE, pass_fds=[lock.fileno()]) as backup,
        ):
            here.stop()
            assert (shell.poll(), backup.poll()) == (None, None)

    @pytest.mark.parametrize("how", ["removed", "replaced"])
    def test_a_server_whose_lock_file_is_gone_is_still_seen_and_ended(self, here: LocalServer, how: str) -> None:
        """A second one over its data would destroy them."""
        started(here)
        process = here.process()
        (here.folder / "server.lock").unlink()
        if how == "replaced":
            (here.folder / "server.lock").touch()
        assert here.is_running()
        here.start(binary.find().path)
        assert here.process() == process
        here.stop()
        assert here.process() is None

    def test_a_server_whose_folder_was_removed_is_ended(self, here: LocalServer) -> None:
        """Nobody can find its data any more."""
        started(here)
        shutil.rmtree(here.folder)
        assert here.is_running()
        here.remove()
        assert not here.is_running()

    def test_a_lock_whose_holder_cannot_be_seen_is_named_with_the_way_on(
        self, here: LocalServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another user's process, or one of a container, as seen from in another."""
        started(here)
        with monkeypatch.context() as patch:
            patch.setattr(processes, "find", lambda *_: set())
            patch.setattr(server, "UNSEEN_SECONDS", 0.0)
            with pytest.raises(ServerError, match="its process cannot be seen from here: it is another user's, or a"):
                here.stop()
        assert here.is_running()

    @pytest.mark.parametrize("password", [OPERATOR_PASSWORD, "another"])
    def test_a_server_that_cannot_be_seen_is_asked_with_our_password(
        self, here: LocalServer, monkeypatch: pytest.MonkeyPatch, password: str
    ) -> None:
        """One that takes it is ours, in a container too, and ends; another is left alone."""
        outputs = ServerProvider().create(inputs(here.folder)).outs
        assert outputs is not None
        with monkeypatch.context() as patch:
            patch.setattr(processes, "find", lambda *_: set())
            patch.setattr(server, "UNSEEN_SECONDS", 0.0)
            props = {**outputs, "operatorPasswords": [password], "passwords": ["another"]}
            with (
                nullcontext()
                if password == OPERATOR_PASSWORD
                else pytest.raises(ServerError, match="its process cannot be seen from here")
            ):
                ServerProvider().delete("id", props)
        assert here.is_running() == (password != OPERATOR_PASSWORD)

    def test_a_server_that_asks_for_no_password_is_not_ended_by_ours(
        self, here: LocalServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It would take any."""
        outputs = ServerProvider().create(inputs(here.folder)).outs
        assert outputs is not None
        with operator(outputs["port"]) as connection:
            connection.config_set("requirepass", "")
        with monkeypatch.context() as patch:
            patch.setattr(processes, "find", lambda *_: set())
            patch.setattr(server, "UNSEEN_SECONDS", 0.0)
            with pytest.raises(ServerError, match="its process cannot be seen from here"):
                ServerProvider().delete("id", outputs)
        assert here.is_running()

    def test_a_number_that_has_passed_to_another_process_is_not_sent_a_signal(
        self, here: LocalServer, stranger: "subprocess.Popen[bytes]"
    ) -> None:
        """Between the moment when it was found and the signal."""
        started(here)
        processes.send(stranger.pid, signal.SIGKILL, here.folder / "server.lock", [here.folder])
        assert stranger.poll() is None

    def test_without_proc_the_server_is_found_by_lsof(
        self, here: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """As on macOS."""
        if shutil.which("lsof") is None:
            pytest.skip("no lsof on PATH")
        started(here)
        process = here.process()
        monkeypatch.setattr(processes, "PROC", tmp_path)
        assert here.process() == process
        here.stop()
        assert here.process() is None


class TestAskers:
    """Whether it lives can be asked by many at once, and changes nothing."""

    def test_starts_beside_busy_askers_start_a_server(self, here: LocalServer) -> None:
        """And a dead server is dead for all of them."""
        chosen = binary.find().path
        started(here)
        ended = threading.Event()

        def ask() -> None:
            while not ended.is_set():
                LocalServer(here.folder).is_running()

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        said = []
        try:
            for _ in range(5):
                here.stop()
                said += [here.is_running() for _ in range(5)]
                here.start(chosen)
                said.append(not here.is_running())
        finally:
            ended.set()
            for thread in threads:
                thread.join()
        assert not any(said)

    def test_a_start_waits_for_one_who_asks(self, here: LocalServer) -> None:
        """Who asks holds the lock for a moment, and is no server."""
        started(here)
        here.stop()
        lock = (here.folder / "server.lock").open()
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert not here.is_running()
        thread = threading.Thread(target=here.start, args=[binary.find().path])
        thread.start()
        lock.close()
        thread.join()
        assert here.is_running()

    def test_starts_at_the_same_time_start_one(self, here: LocalServer) -> None:
        """And each of them ends with a server that answers."""
        port = started(here)
        here.stop()
        chosen = binary.find().path
        answers: list[bool] = []

        def start() -> None:
            LocalServer(here.folder).start(chosen)
            with client(port) as connection:
                answers.append(bool(connection.ping()))

        threads = [threading.Thread(target=start) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [True] * 5


class TestWhoseFolder:
    """A folder of others, or one that others may write, is not used."""

    @pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
    def test_one_that_others_may_write_is_refused(self, tmp_path: Path, mode: int) -> None:
        """With the command that closes it."""
        folder = tmp_path / "server"
        folder.mkdir()
        folder.chmod(mode)
        reasons = [failure.reason for failure in ServerProvider().check({}, inputs(folder)).failures]
        assert reasons == [f"{folder} can be written by other users; if all in it is yours: chmod go-w {folder}"]
        subprocess.run(["/bin/sh", "-c", reasons[0].partition(": ")[2]], check=True)
        assert ServerProvider().check({}, inputs(folder)).failures == []

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make another user's files")
    def test_another_users_is_refused_and_so_are_his_files_in_ours(self, tmp_path: Path) -> None:
        """What he planted in it is neither read nor written."""
        theirs = tmp_path / "theirs"
        theirs.mkdir(mode=0o755)
        os.chown(theirs, 12345, 12345)
        with pytest.raises(ServerError, match=r"theirs belongs to another user \(12345\)"):
            LocalServer(theirs).claim(owned())
        ours = LocalServer(tmp_path / "ours")
        ours.claim(owned())
        os.chown(ours.folder / "owner.json", 12345, 12345)
        (failure,) = ServerProvider().check({}, inputs(ours.folder)).failures
        assert f"{ours.folder}/owner.json belongs to another user (12345); make it yours" in failure.reason
        assert f"sudo chown -R $(id -u) {ours.folder}" in failure.reason

    @pytest.mark.parametrize("name", ["owner.json.new", "server.conf.new", "server.pid", "server.log", "server.lock"])
    def test_a_link_in_the_place_of_a_file_is_never_followed(
        self, here: LocalServer, tmp_path: Path, name: str
    ) -> None:
        """Not by a start, and not by a removal."""
        (tmp_path / "precious").write_text("mine")
        here.claim(owned())
        (here.folder / name).symlink_to(tmp_path / "precious")
        with (
            nullcontext() if name.endswith(".new") else pytest.raises(ServerError, match="is no regular file; move it")
        ):
            ServerProvider().create(inputs(here.folder))
        here.remove()
        assert (tmp_path / "precious").read_text() == "mine"
        assert not here.exists()


class TestTwoProjects:
    """Two clones, a moved project, and a copied one, with one `cache:folder` outside of both."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        """The server's folder."""
        yield tmp_path / "shared"
        LocalServer(tmp_path / "shared").remove()

    def use(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> identity.Identity:
        """Have the provider, which finds the project by where its code is, take this one for it."""
        monkeypatch.setattr(ownership, "PROJECT", project)
        project.mkdir(exist_ok=True)
        return identity.ensure(project)

    def declared(self, folder: Path, of: identity.Identity) -> dict[str, object]:
        """Return what a project's program declares."""
        return inputs(folder, owner=OWNER, identity=of.number)

    def test_a_second_clone_is_refused_and_its_down_removes_nothing(
        self, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By the command that takes the first one's server down, in its own folder."""
        first = self.declared(folder, self.use(tmp_path / "the first", monkeypatch))
        outputs = ServerProvider().create(dict(first)).outs
        assert outputs is not None
        second = self.declared(folder, self.use(tmp_path / "second", monkeypatch))
        (failure,) = ServerProvider().check({}, second).failures
        assert f"{folder} holds the server of another owner, {OWNER} in {tmp_path}/the first; " in failure.reason
        assert f"to take it down: make -C '{tmp_path}/the first' down STACK=local ENGINE=pulumi" in failure.reason
        assert "take it over" not in failure.reason
        ServerProvider().delete("id", {**outputs, **second})
        assert capsys.readouterr().out.startswith("warning: nothing was removed: ")
        with client(outputs["port"]) as connection:
            assert connection.ping()
        monkeypatch.setattr(ownership, "PROJECT", tmp_path / "the first")
        assert ServerProvider().check(first, first).failures == []
        ServerProvider().delete("id", outputs)
        assert not folder.exists()

    def test_a_moved_project_keeps_its_server(
        self, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And says from then on where it is."""
        first = self.use(tmp_path / "before", monkeypatch)
        ServerProvider().create(self.declared(folder, first))
        (tmp_path / "before").rename(tmp_path / "after")
        moved = self.use(tmp_path / "after", monkeypatch)
        assert (moved.number, moved.project) == (first.number, f"{tmp_path}/after")
        assert ServerProvider().check({}, self.declared(folder, moved)).failures == []
        assert identity.find(tmp_path / "after") == moved

    def test_a_copied_project_is_another_and_leaves_the_originals_server_alone(
        self, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Though its copied state says that the server is its own; before its first run too."""
        first = self.use(tmp_path / "original", monkeypatch)
        declared = self.declared(folder, first)
        outputs = ServerProvider().create(dict(declared)).outs
        assert outputs is not None
        shutil.copytree(tmp_path / "original", tmp_path / "copy")
        monkeypatch.setattr(ownership, "PROJECT", tmp_path / "copy")
        ServerProvider().delete("id", outputs)
        assert LocalServer(folder).is_running()
        copied = self.use(tmp_path / "copy", monkeypatch)
        assert copied.number != first.number
        assert copied.copied_from == (first.number,)
        (failure,) = ServerProvider().check(declared, self.declared(folder, copied)).failures
        assert "holds the server of another owner" in failure.reason
        # The copy of the copy knows both.
        shutil.copytree(tmp_path / "copy", tmp_path / "third")
        assert self.use(tmp_path / "third", monkeypatch).copied_from == (first.number, copied.number)

    def test_a_copied_project_has_its_own_copied_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The one in its `.local`, and the port is named as the original's."""
        first = self.use(tmp_path / "original", monkeypatch)
        declared = self.declared(Path(".local/servers/local"), first)
        original = ownership.server_in(".local/servers/local")
        outputs = ServerProvider().create(dict(declared)).outs
        assert outputs is not None
        try:
            shutil.copytree(tmp_path / "original", tmp_path / "copy")
            copied = self.declared(Path(".local/servers/local"), self.use(tmp_path / "copy", monkeypatch))
            assert ServerProvider().check(declared, copied).failures == []
            with pytest.raises(ServerError) as refused:
                ServerProvider().update("id", outputs, dict(copied))
            assert f"is that of the server in {original.folder}, of which this project's folder is a copy" in str(
                refused.value
            )
            ServerProvider().delete("id", outputs)
            assert not (tmp_path / "copy/.local/servers/local").exists()
            assert original.is_running()
        finally:
            original.remove()

    def test_a_lost_number_is_made_again_and_the_state_knows_the_server(
        self, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever lost both is refused, and told how to take it over."""
        declared = self.declared(folder, self.use(tmp_path / "project", monkeypatch))
        ServerProvider().create(dict(declared))
        (tmp_path / "project/.local/identity").write_text("{cut")
        again = self.declared(folder, self.use(tmp_path / "project", monkeypatch))
        assert again["identity"] != declared["identity"]
        assert ServerProvider().check(declared, again).failures == []
        (failure,) = ServerProvider().check({}, again).failures
        cure, _, removal = failure.reason.partition("to go on with it and its data: ")[2].partition("; to remove it: ")
        assert removal == f".venv/bin/python -m infra.backends.local remove {folder}"
        subprocess.run(["/bin/sh", "-c", cure], check=True)
        assert ServerProvider().check({}, again).failures == []

    def test_one_state_with_two_engines_has_two_owners(
        self, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The number says which `.local`, and the owner which state in it."""
        declared = self.declared(folder, self.use(tmp_path / "project", monkeypatch))
        ServerProvider().create(dict(declared))
        other = {**declared, "owner": "inprocess:.local/inprocess#local"}
        (failure,) = ServerProvider().check({}, other).failures
        assert "to take it down: make down STACK=local ENGINE=pulumi" in failure.reason


class TestStateOfBefore:
    """What the version before identities brought up."""

    @pytest.fixture
    def outputs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
        """The state of such a server, which runs."""
        monkeypatch.setattr(ownership, "PROJECT", tmp_path)
        folder = tmp_path / "server"
        outputs = ServerProvider().create(inputs(folder)).outs
        assert outputs is not None
        del outputs["identity"]
        (folder / "owner.json").write_text(json.dumps({"owner": "test#local", "binary": outputs["binary"]}))
        yield outputs
        LocalServer(folder).remove()

    def test_it_is_seen_changed_and_taken_down(self, outputs: dict[str, object], tmp_path: Path) -> None:
        """By the same process, and with the number in it from then on."""
        folder = tmp_path / "server"
        olds = {key: outputs[key] for key in outputs if key in provider.ServerInputs.__annotations__}
        declared = inputs(folder, identity=identity.ensure(tmp_path).number)
        process = LocalServer(folder).process()
        assert ServerProvider().read("id", outputs).outs == outputs
        assert ServerProvider().check(olds, declared).failures == []
        diff = ServerProvider().diff("id", outputs, declared)
        assert (diff.changes, diff.replaces) == (True, [])
        updated = ServerProvider().update("id", outputs, dict(declared)).outs
        assert updated is not None
        assert LocalServer(folder).process() == process
        record = LocalServer(folder).owner()
        assert record is not None
        assert record.identity == updated["identity"] == declared["identity"]
        # A run that was cut off before it wrote the state: the state is still that of before.
        ServerProvider().delete("id", outputs)
        assert not folder.exists()

    def test_its_provider_is_found_where_it_was(self) -> None:
        """The state names it by module and name."""
        from infra.local_server.provider import ServerProvider as OfBefore

        assert OfBefore is ServerProvider

    def test_it_is_taken_down_as_it_is(self, outputs: dict[str, object], tmp_path: Path) -> None:
        """Without an `up` before."""
        ServerProvider().delete("id", outputs)
        assert not (tmp_path / "server").exists()

    def test_a_project_without_its_state_is_refused(self, outputs: dict[str, object], tmp_path: Path) -> None:
        """Every clone of before had the same owner."""
        del outputs
        (failure,) = ServerProvider().check({}, inputs(tmp_path / "server")).failures
        assert "holds the server of another owner" in failure.reason


class TestCommand:
    """`python -m infra.backends.local`, which the repair of a stack and the errors print."""

    def run(self, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
        """Run it, in this process."""
        monkeypatch.setattr(sys, "argv", ["infra.backends.local", *arguments])
        return command.main()

    def test_end_keeps_the_data_and_passes_where_the_server_is_dead(
        self, here: LocalServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """So that what is to follow it follows."""
        started(here)
        assert self.run(monkeypatch, "end", str(here.folder)) == 0
        assert not here.is_running()
        assert (here.folder / "data").is_dir()
        assert self.run(monkeypatch, "end", str(here.folder)) == 0

    def test_remove_leaves_nothing(self, here: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """A second one has nothing to do."""
        started(here)
        assert self.run(monkeypatch, "remove", str(here.folder)) == 0
        assert not here.exists()
        assert self.run(monkeypatch, "remove", str(here.folder)) == 0

    def test_a_folder_that_is_no_servers_is_left_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Though it has a folder of that name in it."""
        (tmp_path / "data").mkdir()
        (tmp_path / "data/precious").write_text("mine")
        for verb in ("end", "remove"):
            assert self.run(monkeypatch, verb, str(tmp_path)) == 1
            assert "is no server's folder" in capsys.readouterr().err
        assert (tmp_path / "data/precious").read_text() == "mine"

    def test_what_cannot_be_removed_is_named(
        self, here: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Somebody's folder in the place of a file, and all the rest is removed later."""
        started(here)
        here.stop()
        (here.folder / "server.log").unlink()
        (here.folder / "server.log").mkdir()
        (here.folder / "server.log/precious").write_text("mine")
        assert self.run(monkeypatch, "remove", str(here.folder)) == 1
        assert f"{here.folder}/server.log cannot be removed: Directory not empty" in capsys.readouterr().err
        shutil.rmtree(here.folder / "server.log")
        until(lambda: self.run(monkeypatch, "remove", str(here.folder)) == 0)
        assert not here.exists()
