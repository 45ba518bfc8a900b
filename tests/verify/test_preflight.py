import socket
import threading
from typing import Any

import pytest

from benchmarks.listeners import answering, black_hole, listener
from benchmarks.servers import RedisServer
from verify import preflight
from verify.environment import CacheEnvironment
from verify.faults import CacheError

DEAD = ("192.0.2.1", 6379)  # an address for documents (RFC 5737)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Let every name have these addresses."""
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer)


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each attempt to connect to DEAD would have waited there in vain, in seconds."""
    seen: list[float] = []
    connect = socket.socket.connect

    def waiting(link: socket.socket, address: Any) -> None:
        if address != DEAD:
            return connect(link, address)
        seen.append(link.gettimeout() or 0)
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", waiting)
    return seen


def test_a_dead_address_leaves_time_for_the_next(
    shared_server: RedisServer, waited: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name with an address that nobody answers at is reached through its other one."""
    resolve_to(monkeypatch, DEAD, ("127.0.0.1", shared_server.port))
    seen = preflight.look(CacheEnvironment(host="cache", connect_timeout_ms=60_000))
    assert seen.anonymous.startswith("-NOAUTH")
    assert waited == [30]


def test_all_addresses_dead_is_one_timeout(waited: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Three dead addresses cost no more than one."""
    resolve_to(monkeypatch, DEAD, DEAD, DEAD)
    with pytest.raises(CacheError, match="connect-timeout"):
        preflight.look(CacheEnvironment(host="cache", connect_timeout_ms=300))
    assert len(waited) == 3
    assert sum(waited) == pytest.approx(0.3)


def test_an_address_that_is_dead_is_left_in_time() -> None:
    """By the kernel's clock: nobody accepts there."""
    with black_hole() as port, pytest.raises(CacheError, match="connect-timeout"):
        preflight.look(CacheEnvironment(host="127.0.0.1", port=port, connect_timeout_ms=300))


def test_a_silent_name_server_is_one_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver's own patience is half a minute, and no option of a socket shortens it."""
    over = threading.Event()

    def silent(*_: Any, **__: Any) -> None:
        over.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    with pytest.raises(CacheError, match="name-not-resolved") as unanswered:
        preflight.look(CacheEnvironment(host="cache.example.com", connect_timeout_ms=100))
    over.set()
    assert unanswered.value.detail == "the name server does not answer"


def test_a_name_that_is_none_is_not_resolved() -> None:
    """What cannot be put into a question to a name server is a name that has no address."""
    with pytest.raises(CacheError, match="name-not-resolved"):
        preflight.look(CacheEnvironment(host="a" * 64 + ".example.com"))


@pytest.mark.parametrize("answer", [b"\x15\x03\x03\x00\x02\x02\x46", b"\x16\x03\x03"], ids=["alert", "handshake"])
def test_an_answer_in_tls_is_known_at_its_first_bytes(answer: bytes) -> None:
    """Some servers send an alert to whoever speaks plain text; it needs no second look."""
    with listener(answering(answer)) as port, pytest.raises(CacheError, match="tls-required"):
        preflight.look(CacheEnvironment(host="127.0.0.1", port=port))
