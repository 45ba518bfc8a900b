"""A Secret of Kubernetes, with the variables as keys or with those of a Service Binding.

The provider takes another value for another Secret, and deletes the old one first, unless
`kubernetes:enableSecretMutable` is true (pulumi-kubernetes, provider/pkg/provider/diff.go, forceNewProperties): a pod
that starts in between would not find it. So the settings ask for it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Final

import pulumi

from infra.connection import PARTS
from infra.control import Control, NotAssessed
from infra.governance import Governance
from infra.naming import name_of
from infra.outputs import Output
from infra.plan import Plan, Resource
from infra.settings import Settings
from infra.sinks import Delivered, Delivery
from infra.tags import tags_of
from verify.environment import CacheEnvironment

# Service Binding Specification for Kubernetes 1.1, "Well-known Secret Entries", by the parts that they are.
ENTRIES: Final[Mapping[str, str]] = {
    "host": "host",
    "port": "port",
    "username": "username",
    "password": "password",
    "uri": "url",
    "certificates": "ca",
}
# The same, "Provisioned Service": the Secret's own type reflects the entry `type`.
BINDING: Final = "redis"
BINDING_TYPE: Final = f"servicebinding.io/{BINDING}"


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
    """Declare the Secret."""
    import pulumi_kubernetes as kubernetes

    name = settings.kubernetes_secret or _name(name_of(settings.name_prefix, stack))
    is_binding = settings.kubernetes_keys == "service-binding"
    values = delivery.values
    if is_binding:
        has_authority = "REDIS_TLS_CA" in delivery.variables
        values = values.apply(lambda known: _binding(known, settings.backend, has_authority=has_authority))
    data: pulumi.Output[Mapping[str, str]] = pulumi.Output.secret(values.apply(_encoded))
    secret = kubernetes.core.v1.Secret(
        "kubernetes-secret",
        # A label could not have every value of a tag.
        metadata={
            "name": name,
            "namespace": settings.kubernetes_namespace,
            "annotations": tags_of(settings, stack),
        },
        type=BINDING_TYPE if is_binding else "Opaque",
        # Not stringData: a key that is taken out of it stays (kubernetes/kubernetes issue 70281), and "it does not work
        # well with server-side apply" (Kubernetes documentation, Secret).
        data=data,
    )
    return Delivered(resources=[secret], outputs={"kubernetesSecret": f"{settings.kubernetes_namespace}/{name}"})


def _name(name: str) -> str:
    """Return a name as Kubernetes can have it: in lower case, and without an underscore."""
    return re.sub(r"[^a-z0-9.-]", "-", name.lower()).rstrip("-.")


def _binding(values: Mapping[str, str], provider: str, *, has_authority: bool) -> Mapping[str, str]:
    """Return the entries of the binding; all are empty without a Redis, `type` too, so that no library takes it up."""
    entries = {name: part for name, part in ENTRIES.items() if part != "ca" or has_authority}
    if not values["REDIS_HOST"]:
        return dict.fromkeys(("type", "provider", *entries), "")
    connection = CacheEnvironment.from_mapping(values)
    return {"type": BINDING, "provider": provider} | {name: PARTS[part](connection) for name, part in entries.items()}


def _encoded(values: Mapping[str, str]) -> Mapping[str, str]:
    return {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}


def _has_its_own_namespace(secret: Resource, _: Plan) -> str | None:
    metadata = next(iter(secret.blocks("metadata")), {})
    return "it is in the namespace default" if metadata.get("namespace") in (None, "", "default") else None


CONTROLS: Final = (
    Control(
        name="kubernetes-secret-namespace",
        title="a Secret of Kubernetes is in a namespace of its application's",
        types=("kubernetes_secret",),
        check=_has_its_own_namespace,
        cure="pulumi config set cache:kubernetesNamespace NAME --stack STACK",
        rules={"checkov": ("CKV_K8S_21",)},
    ),
)
NOT_ASSESSED: Final = (
    NotAssessed(
        title="the cluster encrypts its Secrets where they are stored",
        types=("kubernetes_secret",),
        status="manual",
        reason="only the cluster knows: its EncryptionConfiguration, or a key of the cloud that runs it",
        rules={"checkov": ("CKV_K8S_104",)},
    ),
)

OUTPUTS: Final[Sequence[Output]] = (Output("kubernetesSecret", "the Secret's namespace and name"),)
GOVERNANCE: Final = Governance(controls=CONTROLS, not_assessed=NOT_ASSESSED)
