"""Write verify/command_table.py, from what a server of each engine lists: python -m tests.verify.command_table."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import redis
from redis.utils import str_if_bytes

from benchmarks.servers import RedisServer, server_binary
from verify import command_table

# Valkey's row stands where both have one: a command takes more arguments there.
BINARIES: Final = (shutil.which("redis-server"), server_binary())

PAGE: Final = Path(command_table.__file__)
_BEGIN, _END = 'TABLE: Final = """\\\n', '"""\n'


def rows(client: redis.Redis) -> dict[str, str]:
    """Return the row of each command that the server of a client has, by the command's name."""
    client.response_callbacks.clear()
    listed: Any = client.execute_command("COMMAND")
    return dict(_rows(listed))


def _rows(listed: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for name, arity, _, _, _, _, categories, _, _, parts in listed:
        yield from _rows(parts)
        # Of the commands that have parts this one alone is one without them, too.
        if not parts or str_if_bytes(name) == "command":
            known = sorted(str_if_bytes(category).removeprefix("@") for category in categories)
            yield str_if_bytes(name), " ".join([str_if_bytes(name), str(arity), *known])


def table(found: dict[str, str]) -> str:
    """Return the rows as the module has them."""
    return "".join(f"{found[name]}\n" for name in sorted(found))


if __name__ == "__main__":
    seen: dict[str, str] = {}
    for binary in BINARIES:
        assert binary is not None, "redis-server is not installed"
        with RedisServer(Path(tempfile.mkdtemp()), binary=Path(binary)) as server, server.client() as asking:
            seen |= rows(asking)
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    PAGE.write_text(f"{head}{_BEGIN}{table(seen)}{_END}{rest.partition(_END)[2]}", encoding="utf-8")
