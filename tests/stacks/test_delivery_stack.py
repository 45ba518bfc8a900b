"""What the application reads: delivered once it is proved, rotated without an outage, and taken away again."""

import itertools
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.stacks.project import ProjectCopy, copy

EMPTY = dict.fromkeys(
    (
        "REDIS_HOST",
        "REDIS_PORT",
        "REDIS_PASSWORD",
        "REDIS_USE_TLS",
        "REDIS_MAX_RETRIES",
        "REDIS_CONNECT_TIMEOUT",
    ),
    "",
)


class Application:
    """Reads its secrets when it starts, and then connects anew for every operation."""

    def __init__(self, project: ProjectCopy) -> None:
        """Start it."""
        self._project = project
        self._variables: Mapping[str, str] = MappingProxyType({})
        self.failures: list[str] = []
        self.operations = 0
        self.restart()

    def restart(self) -> None:
        """Read the secrets again, as a deploy has it do."""
        self._variables = self._project.delivered()

    def operate(self) -> None:
        """Write and read once."""
        with connection(self._variables) as client:
            try:
                client.set("key", "value", px=1000)
                client.get("key")
            except redis.RedisError as error:
                self.failures.append(str(error))
        self.operations += 1


@contextmanager
def running(application: Application) -> Iterator[None]:
    """Have the application work in the background."""
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            application.operate()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def connection(variables: Mapping[str, str], password: str | None = None) -> redis.Redis:
    """Connect without a second try."""
    return redis.Redis(
        host=variables["REDIS_HOST"],
        port=int(variables["REDIS_PORT"]),
        password=variables["REDIS_PASSWORD"] if password is None else password,
        retry=Retry(NoBackoff(), 0),
    )


def takes(project: ProjectCopy, password: str) -> bool:
    """Return whether the server takes a password."""
    with connection(project.delivered(), password) as client:
        try:
            return bool(client.ping())
        except redis.AuthenticationError:
            return False


@pytest.mark.long
def test_the_file_alone_is_enough_to_verify(project: ProjectCopy) -> None:
    """What was delivered is what was proved, and a second `up` does not touch the file."""
    project.run("up")
    written = project.dotenv.stat().st_mtime_ns
    assert project.delivered() == project.variables()
    check = ["sh", "-c", f'set -a; . "{project.dotenv}"; exec "{sys.executable}" -m verify check']
    done = subprocess.run(check, cwd=project.root, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stdout
    project.run("up")
    assert project.dotenv.stat().st_mtime_ns == written


def test_a_rotation_costs_an_application_not_one_operation(project: ProjectCopy) -> None:
    """Through both steps, reading its secrets again only when it is restarted between them."""
    project.run("up")
    old = project.delivered()["REDIS_PASSWORD"]
    application = Application(project)
    with running(application):
        printed = project.run("rotate").printed
        assert "make rotate-finish STACK=local" in printed
        new = project.delivered()["REDIS_PASSWORD"]
        assert new != old
        assert takes(project, old)
        assert takes(project, new)
        checks = project.outputs()["verification"]["checks"]
        assert checks["previous-password"] == "pass"
        application.restart()
        project.run("rotate-finish")
        before = application.operations
        while application.operations < before + 10:
            time.sleep(0.01)
    assert application.failures == []
    assert not takes(project, old)
    assert takes(project, new)
    assert project.outputs()["rotation"] == "closed"
    assert project.outputs()["verification"]["checks"]["retired-password"] == "pass"


@pytest.mark.long
def test_an_up_between_the_steps_keeps_both_passwords(project: ProjectCopy) -> None:
    """A deploy may come in between, and it says that the rotation is open."""
    project.run("up")
    old = project.delivered()["REDIS_PASSWORD"]
    project.run("rotate")
    new = project.delivered()["REDIS_PASSWORD"]
    assert "make rotate-finish STACK=local" in project.run("up").printed
    project.run("rotate")
    assert project.delivered()["REDIS_PASSWORD"] == new
    assert takes(project, old)


@pytest.mark.long
def test_a_rotation_is_undone(project: ProjectCopy) -> None:
    """The old password is delivered again, and it is the newer one that ends."""
    project.run("up")
    old = project.delivered()["REDIS_PASSWORD"]
    project.run("rotate")
    new = project.delivered()["REDIS_PASSWORD"]
    project.run("rotate-undo")
    assert project.delivered()["REDIS_PASSWORD"] == old
    assert takes(project, new)
    project.run("rotate-finish")
    assert takes(project, old)
    assert not takes(project, new)


@pytest.mark.long
def test_a_dropped_password_that_works_again_is_found(project: ProjectCopy) -> None:
    """Whoever puts it back by hand, the next `up` fails and names it."""
    project.configure(access="full")
    project.run("up")
    old = project.delivered()["REDIS_PASSWORD"]
    project.run("rotate")
    project.run("rotate-finish")
    with connection(project.delivered()) as client:
        client.execute_command("ACL", "SETUSER", "default", f">{old}")
    printed = project.run("up", code=1).printed
    assert "the retired password is refused: the password that a rotation dropped still opens the cache" in printed
    assert old not in printed


# The moments at which a step has done something that the next one builds on.
STATE, SERVER, SINK = "state", "server", "sink"


def reached(project: ProjectCopy, moment: str, standing: str, passwords: int, old: str) -> Callable[[], bool]:
    """Return a condition that holds once a step has come so far."""

    def holds() -> bool:
        try:
            match moment:
                case "state":
                    return standing in standings(project)
                case "server":
                    configuration = (project.server_folder / "server.conf").read_text()
                    return configuration.count("#") == passwords
                case _:
                    return project.delivered()["REDIS_PASSWORD"] != old
        except (OSError, ValueError, KeyError):
            return False

    return holds


def standings(project: ProjectCopy) -> list[str]:
    """Return where the rotation stands by the engine's own state."""
    if project.engine == "inprocess":
        resources = json.loads((project.root / ".local/inprocess/local.json").read_text())["resources"]
    else:
        file = project.root / ".local/state/.pulumi/stacks/cache/local.json"
        resources = json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
    return [each["outputs"]["standing"] for each in resources if "standing" in each.get("outputs", {})]


@pytest.mark.parametrize(
    ("moment", "then"), [*itertools.product((STATE, SERVER, SINK), ("rotate", "rotate-undo"))], ids="-".join
)
@pytest.mark.long
def test_a_rotation_that_was_killed_is_gone_on_with_or_undone(project: ProjectCopy, moment: str, then: str) -> None:
    """Wherever it was cut off, the application's password works all the time, and the same commands end it."""
    project.run("up")
    old = project.delivered()["REDIS_PASSWORD"]
    project.killed("rotate", when=reached(project, moment, "started", 2, old), may_end=True)
    assert takes(project, project.delivered()["REDIS_PASSWORD"])
    assert takes(project, old)
    project.run(then)
    delivered = project.delivered()["REDIS_PASSWORD"]
    assert (delivered == old) == (then == "rotate-undo")
    assert takes(project, old)
    project.run("rotate-finish")
    assert project.outputs()["rotation"] == "closed"
    assert project.delivered()["REDIS_PASSWORD"] == delivered
    assert takes(project, delivered)
    assert takes(project, old) == (then == "rotate-undo")


@pytest.mark.parametrize("moment", [STATE, SERVER])
@pytest.mark.long
def test_a_last_step_that_was_killed_is_gone_on_with(project: ProjectCopy, moment: str) -> None:
    """By itself or by any `up`; and it ends with the old password refused."""
    project.run("up")
    old = project.delivered()["REDIS_PASSWORD"]
    project.run("rotate")
    new = project.delivered()["REDIS_PASSWORD"]
    project.killed("rotate-finish", when=reached(project, moment, "closed", 1, old), may_end=True)
    project.run("rotate-finish")
    assert takes(project, new)
    assert not takes(project, old)


@pytest.mark.long
def test_a_rollback_stays_until_it_is_taken_back(project: ProjectCopy) -> None:
    """The server stays, the application is told of none, every later `up` leaves it so, and `attach` brings it back."""
    project.run("up")
    before, file = project.delivered(), (project.root / "Pulumi.local.yaml").read_text()
    for _ in range(2):
        printed = project.run("rollback").printed
        assert "Cache is healthy using memory backend" in printed
        assert "commit it" in printed
        assert project.delivered() == EMPTY
        assert (project.root / "Pulumi.local.yaml").read_text() == file.replace(
            "config:\n", "config:\n  cache:attached: false\n"
        )
    with connection(before) as client:
        assert client.ping()
    # What a pipeline does next: a fresh checkout of the committed file, over the same state.
    checkout = replace(project, root=project.root.parent / "checkout")
    copy(checkout.root)
    shutil.copy(project.root / "Pulumi.local.yaml", checkout.root)
    shutil.move(project.root / ".local", checkout.root)
    shutil.rmtree(project.root)
    checkout.root.rename(project.root)
    assert "unchanged" in project.run("up").printed
    assert project.delivered() == EMPTY
    assert project.outputs()["verification"] == {"verdict": "memory"}
    assert "the application uses its own memory" in project.run("verify").printed
    for _ in range(2):
        project.run("attach")
        assert project.delivered() == before
        assert (project.root / "Pulumi.local.yaml").read_text() == file


@pytest.mark.long
def test_the_applications_own_names_follow_a_rotation_and_a_rollback(project: ProjectCopy) -> None:
    """A client that knows the URL alone works through both steps; rolled back, every name is there and empty."""
    project.configure(url=True, variables=["spring", {"QUEUE_URL": "url"}])
    project.run("up")

    def works(name: str) -> str:
        url = project.delivered()[name]
        with redis.Redis.from_url(url) as client:
            assert client.ping()
        return url

    first = works("REDIS_URL")
    project.run("rotate")
    second = works("QUEUE_URL")
    assert second != first
    assert project.delivered()["SPRING_DATA_REDIS_PASSWORD"] in second
    project.run("rotate-finish")
    works("REDIS_URL")
    names = project.delivered().keys()
    assert names > EMPTY.keys() | {"SPRING_DATA_REDIS_HOST", "SPRING_DATA_REDIS_DATABASE"}
    project.run("rollback")
    assert project.delivered() == dict.fromkeys(names, "")
    project.run("attach")
    works("REDIS_URL")
    project.configure(url=True)
    project.run("up")
    assert project.delivered().keys() == EMPTY.keys() | {"REDIS_URL"}
    project.run("down")
    assert not project.dotenv.exists()


@pytest.mark.long
def test_a_failing_verification_leaves_the_sink_as_it_was(project: ProjectCopy) -> None:
    """A rotation to a server that does not pass delivers nothing, and what was delivered still works."""
    project.configure(access="full")
    project.run("up")
    before = project.dotenv.read_bytes()
    with connection(project.delivered()) as client:
        client.replicaof("127.0.0.1", "1")
        printed = project.run("rotate", code=1).printed
        assert "the server is the primary" in printed
        assert "is not through" in printed
    assert project.dotenv.read_bytes() == before
    with connection(project.delivered()) as client:
        client.replicaof("NO", "ONE")
    project.run("rotate")
    assert project.dotenv.read_bytes() != before


@pytest.mark.long
def test_the_application_is_restarted_and_the_rotation_ends_by_itself(project: ProjectCopy) -> None:
    """With a command for it, which runs once for each other connection and never else."""
    project.configure(afterDelivery="echo restarted >> restarts")
    restarts = project.root / "restarts"
    project.run("up")
    project.run("up")
    assert restarts.read_text().splitlines() == ["restarted"]
    old = project.delivered()["REDIS_PASSWORD"]
    project.run("rotate")
    assert restarts.read_text().splitlines() == ["restarted"] * 2
    assert project.outputs()["rotation"] == "closed"
    assert not takes(project, old)


@pytest.mark.long
def test_a_restart_that_fails_is_tried_again(project: ProjectCopy) -> None:
    """The run says how it ended, both passwords stay, and the next run goes on."""
    project.run("up")
    old = project.delivered()["REDIS_PASSWORD"]
    project.configure(afterDelivery="echo deploying; exit 3")
    printed = project.run("rotate", code=1).printed
    assert "cache:afterDelivery echo deploying; exit 3 ended with 3: deploying" in printed
    assert "Traceback" not in printed
    # The last step takes nothing away either, as long as the application was not restarted.
    project.run("rotate-finish", code=1)
    assert takes(project, old)
    project.configure(afterDelivery="exit 0")
    project.run("rotate")
    assert not takes(project, old)


@pytest.mark.long
def test_what_is_not_up_is_not_built_by_a_rotation(project: ProjectCopy) -> None:
    """A wrong login must not make a cache and call it rotated."""
    for verb in ("rotate", "rotate-finish", "rotate-undo", "rollback", "attach"):
        assert "stack local is not up: make up STACK=local" in project.run(verb, code=1).printed
    assert not project.server_folder.exists()
    assert "attached" not in (project.root / "Pulumi.local.yaml").read_text()


def test_down_takes_what_was_delivered_away(project: ProjectCopy) -> None:
    """The file goes with the server that it names."""
    project.run("up")
    project.run("down")
    assert not project.dotenv.exists()
