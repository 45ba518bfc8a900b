"""Authority: certificates for a test or a benchmark, made in memory and trusted by nobody else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Authority:
    """A certificate authority that lives as long as this object."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    @property
    def pem(self) -> str:
        """The authority's own certificate, as REDIS_TLS_CA takes it."""
        return self._authority.cert_pem.bytes().decode()

    def certify(self, folder: Path, *names: str, expires: timedelta = timedelta(days=90)) -> Path:
        """Write key and certificate for these names and addresses to one file; return its path."""
        moment = datetime.now(UTC) + expires
        issued = self._authority.issue_cert(*names, not_after=moment, not_before=moment - timedelta(days=365))
        file = folder / "-".join(["certificate", *names, "pem"])
        issued.private_key_and_cert_chain_pem.write_to_path(str(file))
        return file
