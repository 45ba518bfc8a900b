"""`verify check` as a process, against redis-cli and a bare script of redis-py on the same server."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.comparison import Comparison, alternate, run
from benchmarks.figures import Row, Section, comparisons
from benchmarks.project import ROOT, newcomers_environment
from benchmarks.servers import RedisServer

_PING: Final = """
import os, redis
redis.Redis(port=int(os.environ["REDIS_PORT"]), password=os.environ["REDIS_PASSWORD"]).ping()
"""

# Said on every connection; the server blackens the password in its recording, and redis-cli says them by itself.
_GREETINGS: Final = ('"HELLO"', '"AUTH"')
_END: Final = "the end of the recording"


def section(server: RedisServer, *, python: Path, rounds: int) -> Section:
    """Measure, and write the part on `verify check`; `python` has the product's packages alone."""
    environment = newcomers_environment() | server.variables

    def process(*command: str | Path, words: bytes = b"") -> Callable[[], object]:
        return lambda: run(command, folder=ROOT, environment=environment, words=words)

    check = process(python, "-m", "verify", "check")
    others = {"redis-py: connect and PING": process(python, "-c", _PING)}
    if shutil.which("redis-cli"):
        environment["REDISCLI_AUTH"] = server.password or ""
        client = ("redis-cli", "-e", "-p", str(server.port))
        commands = recording(server, check)
        others |= {
            "redis-cli: PING": process(*client, "PING"),
            f"redis-cli: the same {len(commands)} commands": process(*client, words=b"\n".join(commands)),
        }
    ours, *bare = alternate((check, *others.values()), rounds=rounds)
    rows = [
        Row(title=title, comparison=Comparison(ours=ours, bare=times))
        for title, times in zip(others, bare, strict=True)
    ]
    return Section(
        title="`verify check`",
        introduction="`python -m verify check` as a process, from its start to its end.",
        header=comparisons("the other"),
        lines=[row.cells() for row in rows],
        remarks="60 ms of ours is the wait for a key to expire, which the commands alone do not show. The commands are "
        "what the server recorded (MONITOR) of one check, and redis-cli judges none of the answers.",
    )


def recording(server: RedisServer, action: Callable[[], object]) -> list[bytes]:
    """Return the commands that the server gets while the action runs, as redis-cli reads them."""
    ending = server.client()
    # Its connection's own greeting is not to be recorded.
    ending.ping()
    with server.client().monitor() as monitor:
        action()
        ending.echo(_END)
        commands = []
        while _END not in (line := str(monitor.connection.read_response())):
            _, _, command = line.partition("] ")
            if not command.startswith(_GREETINGS):
                commands.append(command.encode())
    return commands
