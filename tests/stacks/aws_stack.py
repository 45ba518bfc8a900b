"""A stack of the project in the stand-in account of AWS."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.certificates import Authority
from benchmarks.servers import RedisServer
from tests.stacks.encrypted_server import encrypted_server
from tests.stacks.inprocess import ROOT, StackInProcess
from tests.standins import aws
from verify import tls


class AwsStack(StackInProcess):
    """One stack."""

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


def stack(
    folder: Path, account: aws.Account, *, tier: str = "prod", name: str | None = None, **values: str
) -> AwsStack:
    """Return a stack of the project in a network of its own."""
    settings = {"backend": "elasticache", "tier": tier, **account.network(), **values}
    return AwsStack(folder, account, settings, name=name or tier)


def rules(account: aws.Account, group: str) -> list[tuple[bool, str, int, int, str]]:
    """Return the rules of a security group: whether out, protocol, ports, and the other side."""
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
    """Return a server that speaks TLS on the port, under a certificate that this process takes for a public one."""
    authority = Authority()
    (folder / "authority.pem").write_text(authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "authority.pem"))
    certificate = authority.certify(folder, "127.0.0.1")
    settings |= {"maxmemory": "400mb", "maxmemory-policy": "allkeys-lru"}
    with encrypted_server(folder / "server", certificate, settings=settings) as served:
        tls._context.cache_clear()
        try:
            yield served
        finally:
            tls._context.cache_clear()
