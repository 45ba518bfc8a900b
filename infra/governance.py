"""Governance: what compliance and permissions read of a backend, a sink or a verifier, by the resources it declares."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from infra.control import Control, Exemption, NotAssessed
from infra.permission import Permissions


@dataclass(frozen=True, kw_only=True)
class Governance:
    """What is asked of the resources, and what the cloud is asked for. It is read where no SDK is installed, too."""

    controls: Sequence[Control] = ()
    not_assessed: Sequence[NotAssessed] = ()
    exemptions: Sequence[Exemption] = ()
    permissions: Permissions = field(default_factory=dict)
