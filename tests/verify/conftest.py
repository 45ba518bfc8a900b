import socket
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.certificates import Authority
from benchmarks.servers import RedisServer, new_password

ServerMaker = Callable[..., RedisServer]


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A healthy server with a password and an append-only file, for tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("shared-server")
    settings = {"appendonly": "yes", "maxmemory": "64mb", "maxmemory-policy": "allkeys-lru"}
    with RedisServer(folder, password=new_password(), settings=settings) as server:
        yield server


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[ServerMaker]:
    """Start servers of a test's own, for it to break; they end with the test."""
    with ExitStack() as stack:

        def start(*, password: str | None = None, settings: Mapping[str, str] | None = None) -> RedisServer:
            folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
            return stack.enter_context(RedisServer(folder, password=password, settings=settings))

        yield start


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often this process asked to be connected to each port: what a fault may cost, on however slow a machine."""
    seen: Counter[int] = Counter()
    connect = socket.socket.connect

    def counted(link: socket.socket, address: Any) -> None:
        seen[address[1]] += 1
        connect(link, address)

    monkeypatch.setattr(socket.socket, "connect", counted)
    return seen


@pytest.fixture(scope="session")
def authority() -> Authority:
    """A certificate authority that no system trusts."""
    return Authority()
