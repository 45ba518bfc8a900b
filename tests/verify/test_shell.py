import os
import shlex
import subprocess
import sys

from benchmarks.servers import RedisServer
from tests import leaks


def ask(lines: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Type lines at the prompt."""
    return subprocess.run(
        [sys.executable, "-m", "verify", "shell"],
        input=lines,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_answers_commands_until_exit(shared_server: RedisServer) -> None:
    """Quoting as in a shell; an error is an answer and not the end."""
    done = ask(
        'set greeting "hello there"\nget greeting\nget nothing\nnonsense\nexit\nget greeting\n', shared_server.variables
    )
    assert done.returncode == 0
    answers = [line.rpartition("> ")[2] for line in done.stdout.splitlines()]
    assert answers[:3] == ["OK", "hello there", "(nil)"]
    assert "(error) unknown command 'nonsense'" in done.stdout
    assert done.stdout.count("hello there") == 1


def test_a_server_that_is_not_there_is_said_in_one_line(shared_server: RedisServer) -> None:
    """No traceback, and the exit code of the fault."""
    done = ask("", {**shared_server.variables, "REDIS_PASSWORD": "wrong"})
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr


def test_without_a_host_there_is_nothing_to_open() -> None:
    """Bad configuration, as everywhere."""
    assert ask("", {"REDIS_HOST": ""}).returncode == 78


def test_an_answer_holds_neither_the_password_nor_what_a_terminal_obeys(shared_server: RedisServer) -> None:
    """A value is shown line by line."""
    password = shlex.quote(shared_server.password or "")
    done = ask(
        f'SET said "\x1b[31m"\nGET said\nSET lines "a\rb"\nGET lines\nECHO {password}\n', shared_server.variables
    )
    assert "\\x1b[31m" in done.stdout
    assert "\x1b" not in done.stdout
    assert "****" in done.stdout
    assert leaks.in_text(done.stdout + done.stderr, {"password": shared_server.password or ""}) == []


def test_input_that_is_no_text_is_no_end(shared_server: RedisServer) -> None:
    """A command with a byte of another encoding is refused or sent, and the next one is read."""
    done = subprocess.run(
        [sys.executable, "-m", "verify", "shell"],
        input=b"get \xff\nping\n",
        env={**os.environ, **shared_server.variables},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"PONG" in done.stdout
