"""A stack of the project in the stand-in for Google Cloud, and a server such as Memorystore's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.certificates import Authority
from tests.stacks.encrypted_server import encrypted_server
from tests.stacks.inprocess import StackInProcess
from tests.standins import gcp

MAIN = "projects/my-project/global/networks/main"
INSTANCE = "gcp:redis/instance:Instance"


def stack(
    folder: Path, cloud: gcp.Cloud, *, tier: str = "prod", name: str | None = None, **values: str | None
) -> StackInProcess:
    """Return a stack in the cloud's first network, whose private service access is there already."""
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
    return StackInProcess(
        folder=folder,
        name=name or tier,
        finders=[cloud.find],
        honoured=gcp.HONOURED,
        configuration={key: value for key, value in {**settings, **values}.items() if value is not None},
    )


@contextmanager
def private_server(folder: Path, password: str, *, names: tuple[str, ...] = ("127.0.0.1",)) -> Iterator[gcp.Cloud]:
    """Return a cloud behind whose instances stands a real server with TLS under a private authority, on an address."""
    folder.mkdir(parents=True, exist_ok=True)
    authority, next_authority = Authority(), Authority()
    certificate = authority.certify(folder, *names)
    settings = {"maxmemory": "1gb", "maxmemory-policy": "allkeys-lru"}
    with encrypted_server(folder / "server", certificate, password=password, settings=settings) as (_, port):
        yield gcp.Cloud(
            address=("127.0.0.1", port), auth_string=password, authorities=(authority.pem, next_authority.pem)
        )
