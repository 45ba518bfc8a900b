import socket
import time
from typing import Any

import pytest

from tests.servers import RedisServer
from tests.verify.listeners import answering, black_hole, listener
from verify import preflight
from verify.environment import CacheEnvironment
from verify.faults import CacheError


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let every name have these addresses."""
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)


def test_a_dead_address_leaves_time_for_the_next(shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with an address that nobody answers at is reached through its other one."""
    with black_hole() as port:
        resolve_to(monkeypatch, ("127.0.0.1", port), ("127.0.0.1", shared_server.port))
        seen = preflight.look(CacheEnvironment(host="cache", connect_timeout_ms=500))
    assert seen.stranger.startswith("-NOAUTH")


def test_all_addresses_dead_is_one_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three dead addresses cost no more than one."""
    started = time.monotonic()
    with black_hole() as port:
        resolve_to(monkeypatch, *[("127.0.0.1", port)] * 3)
        with pytest.raises(CacheError, match="connect-timeout"):
            preflight.look(CacheEnvironment(host="cache", connect_timeout_ms=300))
    assert time.monotonic() - started < 0.6


def test_a_silent_name_server_is_one_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's own patience is half a minute, and no option of a socket shortens it."""

    def silent(*_: Any, **__: Any) -> None:
        time.sleep(1)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    started = time.monotonic()
    with pytest.raises(CacheError, match="name-not-resolved"):
        preflight.look(CacheEnvironment(host="cache.example.com", connect_timeout_ms=100))
    assert time.monotonic() - started < 0.6


def test_a_name_that_is_none_is_not_resolved() -> None:
    """What cannot be put into a question to a name server is a name that has no address."""
    with pytest.raises(CacheError, match="name-not-resolved"):
        preflight.look(CacheEnvironment(host="a" * 64 + ".example.com"))


@pytest.mark.parametrize("answer", [b"\x15\x03\x03\x00\x02\x02\x46", b"\x16\x03\x03"], ids=["alert", "handshake"])
def test_an_answer_in_tls_is_known_at_its_first_bytes(answer: bytes) -> None:
    """Some servers send an alert to whoever speaks plain text; it needs no second look."""
    with listener(answering(answer)) as port, pytest.raises(CacheError, match="tls-required"):
        preflight.look(CacheEnvironment(host="127.0.0.1", port=port, connect_timeout_ms=500))
