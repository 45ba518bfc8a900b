"""TLS under a private authority that Python 3.13 alone finds fault with, as managed services have them."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from benchmarks.listeners import listener, tls_terminator
from benchmarks.servers import RedisServer
from verify import preflight, tls
from verify.environment import CacheEnvironment
from verify.faults import CacheError
from verify.open_cache import open_cache

_NOW = datetime.now(UTC)


class PlainAuthority:
    """An authority as one makes it by hand: no key identifiers, no key usage, basic constraints not critical."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "private authority")])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        certificate = self._draft(self._name, self._key, days=1).add_extension(constraints, critical=False)
        self._certificate = certificate.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        """The authority's certificate, as REDIS_TLS_CA takes it."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def certify(self, folder: Path, name: str, *, days: int = 1) -> Path:
        """Write key and certificate for this name to one file, and return its path."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        issued = self._draft(subject, key, days).add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        file = folder / f"{name}-{days}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + issued.public_bytes(serialization.Encoding.PEM))
        return file

    def _draft(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW - timedelta(days=30))
            .not_valid_after(_NOW + timedelta(days=days))
        )


@pytest.fixture(autouse=True)
def _as_strict_as_python_313(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Earlier versions of Python have the flag, and do not set it."""
    create = ssl.create_default_context

    def strict(*arguments: Any, **options: Any) -> ssl.SSLContext:
        context = create(*arguments, **options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    tls._context.cache_clear()
    yield
    tls._context.cache_clear()


@pytest.fixture(scope="module")
def plain_authority() -> PlainAuthority:
    """An authority that strict checks refuse."""
    return PlainAuthority()


def environment(server: RedisServer, port: int, authority: PlainAuthority) -> CacheEnvironment:
    """Return the environment of a client of that port that trusts the authority."""
    return server.environment(
        REDIS_HOST="localhost", REDIS_PORT=str(port), REDIS_USE_TLS="true", REDIS_TLS_CA=authority.pem
    )


def test_an_authority_of_redis_tls_ca_is_trusted_as_it_is(
    shared_server: RedisServer, tmp_path: Path, plain_authority: PlainAuthority
) -> None:
    """The check's first look and the client both connect."""
    certificate = plain_authority.certify(tmp_path, "localhost")
    with listener(tls_terminator(shared_server.port, certificate)) as port:
        trusting = environment(shared_server, port, plain_authority)
        assert preflight.look(trusting).tls_version
        with open_cache(trusting) as cache:
            cache.set("key", b"value", ttl_seconds=60)


@pytest.mark.parametrize(
    ("issued", "code"),
    [(("elsewhere", 1), "certificate-name"), (("localhost", -1), "certificate-out-of-date")],
)
def test_name_and_date_are_checked_all_the_same(
    shared_server: RedisServer, tmp_path: Path, plain_authority: PlainAuthority, issued: tuple[str, int], code: str
) -> None:
    """Only what RFC 5280 wants of an authority is not asked of it."""
    name, days = issued
    certificate = plain_authority.certify(tmp_path, name, days=days)
    with listener(tls_terminator(shared_server.port, certificate)) as port, pytest.raises(CacheError, match=code):
        preflight.look(environment(shared_server, port, plain_authority))


def test_another_authority_is_not_trusted(
    shared_server: RedisServer, tmp_path: Path, plain_authority: PlainAuthority
) -> None:
    """The chain is checked."""
    certificate = PlainAuthority().certify(tmp_path, "localhost")
    with (
        listener(tls_terminator(shared_server.port, certificate)) as port,
        pytest.raises(CacheError, match="certificate-untrusted"),
    ):
        preflight.look(environment(shared_server, port, plain_authority))


def test_public_authorities_are_checked_as_strictly_as_before(
    shared_server: RedisServer, tmp_path: Path, plain_authority: PlainAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same authority is refused where it comes from the system."""
    bundle = tmp_path / "system.pem"
    bundle.write_text(plain_authority.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    certificate = plain_authority.certify(tmp_path, "localhost")
    with listener(tls_terminator(shared_server.port, certificate)) as port:
        public = shared_server.environment(REDIS_HOST="localhost", REDIS_PORT=str(port), REDIS_USE_TLS="true")
        with pytest.raises(CacheError, match="certificate-untrusted") as refused:
            preflight.look(public)
    assert "Missing" in refused.value.detail
    assert tls.context(public).verify_flags & ssl.VerifyFlags.VERIFY_X509_STRICT
