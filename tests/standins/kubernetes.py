"""A stand-in for a Kubernetes cluster's API and for Pulumi's provider of it, in this process, for Secrets.

The provider's half does what pulumi-kubernetes does (provider/pkg/provider/: diff.go, provider.go): it applies an
object whole, and replaces it, the old one first, for another name, namespace or type, and for other data unless
`kubernetes:enableSecretMutable` is true. The cluster's half holds each object against Kubernetes' own OpenAPI, and
refuses what that cannot say by the table below.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from runner.inprocess.providers import Diff, Properties, Provider, ProviderError

SCHEMA: Final[Mapping[str, Any]] = json.loads((Path(__file__).parent / "kubernetes_schema.json").read_text())
SECRET: Final = "kubernetes:core/v1:Secret"
LARGEST_DATA: Final = 1024 * 1024
LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN: Final = rf"{LABEL}(\.{LABEL})*"
DOCUMENTATION: Final = "Kubernetes documentation, "

Object = Mapping[str, Any]


@dataclass
class Cluster:
    """A cluster with namespaces, and the Secrets in them by namespace and name."""

    namespaces: tuple[str, ...] = ("default", "application")
    secrets: dict[tuple[str, str], Object] = field(default_factory=dict)
    # What changed something: the verb, and the object's name.
    requests: list[tuple[str, str]] = field(default_factory=list)
    # As `kubernetes:enableSecretMutable` says.
    are_secrets_mutable: bool = True

    def find(self, type_: str, _: Properties) -> Provider | None:
        """Find the provider of a type, for the in-process engine."""
        return SecretResource(self) if type_ == SECRET else None

    def apply(self, body: Object) -> None:
        """Apply an object. Raises `ProviderError` for what the API server refuses."""
        wrong = [error.message for error in Draft7Validator(SCHEMA).iter_errors(body)]
        assert not wrong, wrong
        place = _place(body)
        for refusal in REFUSALS:
            if refusal.refuses(self, body):
                raise ProviderError(refusal.words)
        self.requests.append(("apply", place[1]))
        self.secrets[place] = body

    def delete(self, place: tuple[str, str]) -> None:
        """Delete an object; nothing happens where it is gone."""
        if self.secrets.pop(place, None) is not None:
            self.requests.append(("delete", place[1]))

    def read(self, namespace: str, name: str) -> dict[str, str]:
        """Return a Secret's keys as a container finds them, in its environment or as files."""
        data = self.secrets[namespace, name]["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}


def _place(body: Object) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One thing that the API server refuses beyond the types of its API, with its source.

    `broken` is what turns an object that it takes into one that it refuses.
    """

    words: str
    source: str
    refuses: Callable[[Cluster, Object], bool]
    broken: Object


def _is_not_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        return True
    return False


def _is_of_another_type(cluster: Cluster, body: Object) -> bool:
    found = cluster.secrets.get(_place(body))
    return found is not None and found.get("type") != body.get("type")


def _is_too_large(_: Cluster, body: Object) -> bool:
    return sum(len(base64.b64decode(value)) for value in body["data"].values()) > LARGEST_DATA


REFUSALS: Final = (
    Refusal(
        words='namespaces "nowhere" not found',
        source=DOCUMENTATION + "Namespaces: it has to be there first",
        refuses=lambda cluster, body: _place(body)[0] not in cluster.namespaces,
        broken={"metadata": {"name": "redis", "namespace": "nowhere"}},
    ),
    Refusal(
        words="metadata.name: Invalid value: a lowercase RFC 1123 subdomain must consist of",
        source=DOCUMENTATION + "Object Names and IDs, DNS Subdomain Names",
        refuses=lambda _, body: re.fullmatch(SUBDOMAIN, _place(body)[1]) is None or len(_place(body)[1]) > 253,
        broken={"metadata": {"name": "Redis_", "namespace": "application"}},
    ),
    Refusal(
        words="a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        source="Kubernetes OpenAPI, Secret, data",
        refuses=lambda _, body: any(not re.fullmatch(r"[-._a-zA-Z0-9]{1,253}", key) for key in body["data"]),
        broken={"data": {"a b": ""}},
    ),
    Refusal(
        words="illegal base64 data at input byte",
        source="Kubernetes OpenAPI, Secret, data: format byte",
        refuses=lambda _, body: any(map(_is_not_base64, body["data"].values())),
        broken={"data": {"a": "not base64"}},
    ),
    Refusal(
        words="data: Too long: may not be more than 1048576 bytes",
        source=DOCUMENTATION + "Secrets, Restriction on size",
        refuses=_is_too_large,
        broken={"data": {"a": base64.b64encode(b"x" * (LARGEST_DATA + 1)).decode()}},
    ),
    Refusal(
        words="type: Invalid value: field is immutable",
        source="kubernetes/kubernetes, pkg/apis/core/validation, ValidateSecretUpdate",
        refuses=_is_of_another_type,
        broken={"type": "servicebinding.io/redis"},
    ),
)


class SecretResource:
    """kubernetes:core/v1:Secret."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def check(self, olds: Properties, news: Properties) -> tuple[Properties, list[str]]:
        """Take the inputs as they are."""
        del olds
        return news, []

    def diff(self, id_: str, olds: Properties, outputs: Properties, news: Properties) -> Diff:
        """Compare the inputs; a name that is given makes the provider delete the old one first."""
        del id_, outputs
        changed = {key for key in news.keys() | olds.keys() if olds.get(key) != news.get(key)}
        held = {"type"} | (set() if self.cluster.are_secrets_mutable else {"data"})
        moved = {"metadata"} if _place(olds) != _place(news) else set()
        return Diff(changes=bool(changed), replaces=sorted(changed & held | moved), delete_before_replace=True)

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Apply it."""
        self.cluster.apply(news)
        return "/".join(_place(news)), news

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        """Look at it."""
        del outputs
        namespace, _, name = id_.partition("/")
        found = self.cluster.secrets.get((namespace, name))
        return None if found is None else dict(found)

    def update(self, id_: str, outputs: Properties, news: Properties) -> Properties:
        """Apply it again."""
        del id_, outputs
        self.cluster.apply(news)
        return news

    def delete(self, id_: str, outputs: Properties) -> None:
        """Delete it."""
        del id_
        self.cluster.delete(_place(outputs))
