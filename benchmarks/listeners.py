"""Sockets that behave as badly as a network can, and those that stand before a server: TLS, and distance."""

import contextlib
import queue
import socket
import socketserver
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.serving import running

Handler = Callable[[socket.socket], None]

_TLS_HANDSHAKE = b"\x16"
_CHUNK = 65536


@contextlib.contextmanager
def listener(handler: Handler) -> Iterator[int]:
    """Yield a port of loopback whose connections the handler gets, each in a thread of its own."""

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # A client that goes away is how most of its uses end.
            with contextlib.suppress(OSError):
                handler(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with running(Server(("127.0.0.1", 0), Connection)) as server:
        yield int(server.server_address[1])


@contextlib.contextmanager
def black_hole() -> Iterator[int]:
    """Yield a port of loopback that answers no request to connect: its queue is full and nobody accepts."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port: int = full.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(("127.0.0.1", port))
        yield port


def silent(connection: socket.socket) -> None:
    """Take everything and answer nothing."""
    while connection.recv(_CHUNK):
        pass


def closing(connection: socket.socket) -> None:
    """Hear the first word and hang up."""
    connection.recv(_CHUNK)


def answering(answer: bytes) -> Handler:
    """Return the same answer to the first word of everybody, as a web server does."""

    def handle(connection: socket.socket) -> None:
        connection.recv(_CHUNK)
        connection.sendall(answer)

    return handle


def cutting(target: int, after_bytes: int) -> Handler:
    """Stand before a server, and hang up on whoever sends more than so much, as a proxy with a limit does."""

    def handle(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", target)) as far:
            back = threading.Thread(target=_carry, args=(far, connection, 0), daemon=True)
            back.start()
            left = after_bytes
            while left > 0 and (part := connection.recv(min(_CHUNK, left))):
                far.sendall(part)
                left -= len(part)
            far.shutdown(socket.SHUT_RDWR)
            back.join()

    return handle


def tls_terminator(
    target: int,
    certificate: Path,
    *,
    client_authority: str | None = None,
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
    takes_plain_text: bool = False,
) -> Handler:
    """Speak TLS before a server of plain text, as a managed service's port does.

    With `client_authority` clients need a certificate of it; `newest` is the newest version that is spoken.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    with warnings.catch_warnings():
        # Python warns of old versions, which is what they are here for.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = newest
        if newest < ssl.TLSVersion.TLSv1_2:
            context.minimum_version = newest
            context.set_ciphers("ALL:@SECLEVEL=0")
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=client_authority)

    def handle(connection: socket.socket) -> None:
        if takes_plain_text and connection.recv(1, socket.MSG_PEEK) != _TLS_HANDSHAKE:
            _relay(connection, target, 0)
        else:
            with context.wrap_socket(connection, server_side=True) as secured:
                _relay(secured, target, 0)

    return handle


def distance(target: int, round_trip_seconds: float) -> Handler:
    """Stand before a server as if it were so far away."""

    def handle(connection: socket.socket) -> None:
        _relay(connection, target, round_trip_seconds / 2)

    return handle


def leading_to(target: Callable[[], int]) -> Handler:
    """Be an endpoint that moves: each new connection goes where it leads then, and those before stay."""

    def handle(connection: socket.socket) -> None:
        _relay(connection, target(), 0)

    return handle


def changing(target: int, change: Callable[[bytes], bytes]) -> Handler:
    """Stand before a server, and change what it answers."""

    def handle(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", target)) as far:

            def answer() -> None:
                with contextlib.suppress(OSError):
                    while part := far.recv(_CHUNK):
                        connection.sendall(change(part))
                    connection.shutdown(socket.SHUT_RDWR)

            back = threading.Thread(target=answer, daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                while part := connection.recv(_CHUNK):
                    far.sendall(part)
            with contextlib.suppress(OSError):
                far.shutdown(socket.SHUT_RDWR)
            back.join()

    return handle


def _relay(near: socket.socket, port: int, delay: float) -> None:
    with socket.create_connection(("127.0.0.1", port)) as far:
        back = threading.Thread(target=_carry, args=(far, near, delay), daemon=True)
        back.start()
        _carry(near, far, delay)
        back.join()


def _carry(source: socket.socket, sink: socket.socket, delay: float) -> None:
    """Carry bytes one way, each arriving `delay` seconds after it was sent, however many are on their way."""
    under_way: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def arrive() -> None:
        with contextlib.suppress(OSError):
            while True:
                due, part = under_way.get()
                time.sleep(max(due - time.monotonic(), 0))
                if not part:
                    sink.shutdown(socket.SHUT_RDWR)
                    return
                sink.sendall(part)

    writer = threading.Thread(target=arrive, daemon=True)
    writer.start()
    part = b"more"
    while part:
        try:
            part = source.recv(_CHUNK)
        except OSError:
            part = b""
        under_way.put((time.monotonic() + delay, part))
    writer.join()
