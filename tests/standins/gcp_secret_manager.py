"""A stand-in for Google Secret Manager and for Pulumi's provider of it, in this process.

As in gcp.py: the provider's half sends what the real one would (terraform-provider-google, google/services/
secretmanager, which pulumi-gcp is made from), and the cloud's half holds it against Google's own description of the
API and refuses what that cannot say.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.inprocess.providers import Properties, Provider, ProviderError
from tests.standins import gcp_discovery
from tests.standins.gcp_resource import GoogleResource, Refused

API = "secretmanager.v1"
SECRETS = "secretmanager.projects.secrets"
CREATE = f"{SECRETS}.create"
ADD = f"{SECRETS}.addVersion"
SET_POLICY = f"{SECRETS}.setIamPolicy"
REFERENCE = "Secret Manager REST reference, "
PROVIDER = "terraform-provider-google issue "
# google.rpc.Code; a version's payload has at most 64 KiB.
LARGEST_PAYLOAD = 64 * 1024


@dataclass
class Version:
    """One version of a secret."""

    data: bytes
    state: str = "ENABLED"


@dataclass
class Secret:
    """One secret, its versions from 1 on, and who may do what with it."""

    body: dict[str, Any]
    versions: list[Version] = field(default_factory=list)
    bindings: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class SecretManager:
    """A project with secrets in it, and service accounts."""

    project: str = "my-project"
    accounts: tuple[str, ...] = ("application@my-project.iam.gserviceaccount.com",)
    # Where an organization's policy allows data to be; None for everywhere.
    locations: tuple[str, ...] | None = None
    secrets: dict[str, Secret] = field(default_factory=dict)
    # Every request that changes something.
    requests: list[str] = field(default_factory=list)

    def find(self, type_: str, _: Properties) -> Provider | None:
        """Find the provider of a type, for the in-process engine."""
        provider = PROVIDERS.get(type_)
        return provider(self) if provider else None

    def send(self, id_: str, parameters: Mapping[str, Any], body: Mapping[str, Any] | None = None) -> Any:
        """Send a request. Raises `Refused`, and `AssertionError` for one that Google's API does not have."""
        wrong = gcp_discovery.request_problems(API, id_, parameters, body)
        assert not wrong, f"{id_}: {'; '.join(wrong)}"
        for refusal in REFUSALS:
            if refusal.method == id_ and refusal.refuses(self, parameters, body or {}):
                raise Refused(f"googleapi: Error 400: {refusal.words}")
        if gcp_discovery.method(API, id_)["httpMethod"] != "GET":
            self.requests.append(id_.removeprefix(f"{SECRETS}."))
        answer: Any = HANDLERS[id_](self, parameters, body or {})
        return answer

    def latest(self, secret_id: str) -> str:
        """Return what an application reads at `versions/latest`: the newest version, which has to be enabled.

        Raises `Refused` where it is not, or where there is none.
        """
        name = f"projects/{self.project}/secrets/{secret_id}/versions/latest"
        data = self.send(f"{SECRETS}.versions.access", {"name": name})["payload"]["data"]
        return base64.b64decode(data).decode()

    def _create(self, parameters: Mapping[str, Any], body: Mapping[str, Any]) -> Mapping[str, Any]:
        name = f"{parameters['parent']}/secrets/{parameters['secretId']}"
        self.secrets[name] = Secret(body={**body, "name": name})
        return self.secrets[name].body

    def _get(self, parameters: Mapping[str, Any], _: Mapping[str, Any]) -> Mapping[str, Any]:
        if parameters["name"] not in self.secrets:
            raise Refused(f"googleapi: Error 404: Secret [{parameters['name']}] not found.")
        return self.secrets[parameters["name"]].body

    def _patch(self, parameters: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        for path in parameters["updateMask"].split(","):
            self.secrets[parameters["name"]].body[path] = body[path]

    def _delete(self, parameters: Mapping[str, Any], _: Mapping[str, Any]) -> None:
        del self.secrets[parameters["name"]]

    def _add(self, parameters: Mapping[str, Any], body: Mapping[str, Any]) -> Mapping[str, Any]:
        versions = self.secrets[parameters["parent"]].versions
        versions.append(Version(base64.b64decode(body["payload"]["data"])))
        return {"name": f"{parameters['parent']}/versions/{len(versions)}", "state": "ENABLED"}

    def _version(self, name: str) -> Version:
        secret, _, number = name.partition("/versions/")
        versions = self.secrets[secret].versions if secret in self.secrets else []
        if not versions:
            raise Refused(f"googleapi: Error 404: Secret Version [{name}] not found.")
        return versions[-1] if number == "latest" else versions[int(number) - 1]

    def _access(self, parameters: Mapping[str, Any], _: Mapping[str, Any]) -> Mapping[str, Any]:
        version = self._version(parameters["name"])
        if version.state != "ENABLED":
            raise Refused(f"googleapi: Error 400: Secret Version [{parameters['name']}] is in {version.state} state.")
        return {"name": parameters["name"], "payload": {"data": base64.b64encode(version.data).decode()}}

    def _state(self, parameters: Mapping[str, Any], _: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"name": parameters["name"], "state": self._version(parameters["name"]).state}

    def _destroy(self, parameters: Mapping[str, Any], _: Mapping[str, Any]) -> None:
        version = self._version(parameters["name"])
        version.state, version.data = "DESTROYED", b""

    def _policy(self, parameters: Mapping[str, Any], _: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"bindings": self.secrets[parameters["resource"]].bindings}

    def _set_policy(self, parameters: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        self.secrets[parameters["resource"]].bindings = list(body["policy"]["bindings"])


HANDLERS: Mapping[str, Callable[[SecretManager, Mapping[str, Any], Mapping[str, Any]], Any]] = {
    CREATE: SecretManager._create,
    f"{SECRETS}.get": SecretManager._get,
    f"{SECRETS}.patch": SecretManager._patch,
    f"{SECRETS}.delete": SecretManager._delete,
    ADD: SecretManager._add,
    f"{SECRETS}.versions.get": SecretManager._state,
    f"{SECRETS}.versions.access": SecretManager._access,
    f"{SECRETS}.versions.destroy": SecretManager._destroy,
    f"{SECRETS}.getIamPolicy": SecretManager._policy,
    SET_POLICY: SecretManager._set_policy,
}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One thing that Google refuses beyond the types of its API, with its source.

    `parameters` and `body` are what turns a request that Google takes into one that it refuses.
    """

    method: str
    words: str
    source: str
    refuses: Callable[[SecretManager, Mapping[str, Any], Mapping[str, Any]], bool]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


def _payload(body: Mapping[str, Any]) -> bytes:
    return base64.b64decode(body.get("payload", {}).get("data", ""))


def _has_wrong_label(_: SecretManager, __: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    return any(
        not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) or not re.fullmatch(r"[a-z0-9_-]{0,63}", value)
        for key, value in body.get("labels", {}).items()
    )


def _is_somewhere_forbidden(cloud: SecretManager, _: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    if cloud.locations is None:
        return False
    replicas = body["replication"].get("userManaged", {}).get("replicas", [{"location": "global"}])
    return any(replica["location"] not in cloud.locations for replica in replicas)


def _member_is_unknown(cloud: SecretManager, _: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    members = [member for binding in body["policy"]["bindings"] for member in binding["members"]]
    return any(member.removeprefix("serviceAccount:") not in cloud.accounts for member in members)


REFUSALS = (
    Refusal(
        method=CREATE,
        words="The provided Secret ID does not match the expected format [[a-zA-Z_0-9]+]",
        source=REFERENCE + "projects.secrets.create, secretId",
        refuses=lambda _, parameters, __: not re.fullmatch(r"[a-zA-Z0-9_-]{1,255}", parameters["secretId"]),
        parameters={"secretId": "hospitality-redis-a.b"},
    ),
    Refusal(
        method=CREATE,
        words="the secret already exists",
        source=REFERENCE + "projects.secrets.create, secretId: unique within the project",
        refuses=lambda cloud, parameters, _: (
            f"{parameters['parent']}/secrets/{parameters['secretId']}" in cloud.secrets
        ),
        parameters={"secretId": "taken"},
    ),
    Refusal(
        method=CREATE,
        words="Secret.replication must be provided.",
        source="googleapis/google-cloud-node-core issue 689",
        refuses=lambda _, __, body: not body.get("replication", {}).keys() & {"automatic", "userManaged"},
        body={"replication": {}},
    ),
    Refusal(
        method=CREATE,
        words="Constraint constraints/gcp.resourceLocations violated attempting to create a secret in [global]",
        source="firebase/firebase-tools issue 6454",
        refuses=_is_somewhere_forbidden,
        body={"replication": {"automatic": {}}},
    ),
    Refusal(
        method=CREATE,
        words="a label's key or value is not valid",
        source=REFERENCE + "Secret, labels",
        refuses=_has_wrong_label,
        body={"labels": {"stack": "Prod"}},
    ),
    Refusal(
        method=ADD,
        words="Field [payload] is required.",
        source=f"{PROVIDER}8766 and 10475",
        refuses=lambda _, __, body: not _payload(body),
        body={"payload": {"data": ""}},
    ),
    Refusal(
        method=ADD,
        words="the payload is larger than 64 KiB",
        source=REFERENCE + "SecretPayload, data",
        refuses=lambda _, __, body: len(_payload(body)) > LARGEST_PAYLOAD,
        body={"payload": {"data": base64.b64encode(b"x" * (LARGEST_PAYLOAD + 1)).decode()}},
    ),
    Refusal(
        method=SET_POLICY,
        words="Service account nobody@my-project.iam.gserviceaccount.com does not exist.",
        source="IAM documentation, Policy, members",
        refuses=_member_is_unknown,
        body={
            "policy": {
                "bindings": [
                    {
                        "role": "roles/secretmanager.secretAccessor",
                        "members": ["serviceAccount:nobody@my-project.iam.gserviceaccount.com"],
                    }
                ]
            }
        },
    ),
)


class SecretResource(GoogleResource[SecretManager]):
    """gcp:secretmanager/secret:Secret (resource_secret_manager_secret.go)."""

    replaces = frozenset({"secretId", "project", "replication"})

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Create it; where no project is said, the provider has one of its own."""
        project = news.get("project", self.cloud.project)
        parent = f"projects/{project}"
        body = {"replication": _replication(news["replication"]), "labels": news.get("labels", {})}
        self.cloud.send(CREATE, {"parent": parent, "secretId": news["secretId"]}, body)
        id_ = f"{parent}/secrets/{news['secretId']}"
        return id_, {**news, "project": project, "name": id_}

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        """Look at it."""
        return outputs if id_ in self.cloud.secrets else None

    def update(self, id_: str, outputs: Properties, news: Properties) -> Properties:
        """Change its labels."""
        self.cloud.send(f"{SECRETS}.patch", {"name": id_, "updateMask": "labels"}, {"labels": news["labels"]})
        return {**outputs, **news}

    def delete(self, id_: str, outputs: Properties) -> None:
        """Delete it, with every version, unless the state says that it is protected."""
        if outputs.get("deletionProtection"):
            raise ProviderError("cannot destroy secretmanager secret without setting deletion_protection=false")
        self.cloud.send(f"{SECRETS}.delete", {"name": id_})


class VersionResource(GoogleResource[SecretManager]):
    """gcp:secretmanager/secretVersion:SecretVersion (resource_secret_manager_secret_version.go)."""

    replaces = frozenset({"secret", "secretData"})

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Add it; the provider leaves out a payload that is empty."""
        data = base64.b64encode(news["secretData"].encode()).decode()
        body = {"payload": {"data": data}} if data else {"payload": {}}
        made = self.cloud.send(ADD, {"parent": news["secret"]}, body)
        return made["name"], {**news, "name": made["name"], "version": made["name"].rpartition("/")[2], "enabled": True}

    def delete(self, id_: str, outputs: Properties) -> None:
        """Destroy it."""
        assert outputs["deletionPolicy"] == "DELETE"
        self.cloud.send(f"{SECRETS}.versions.destroy", {"name": id_}, {})


class MemberResource(GoogleResource[SecretManager]):
    """gcp:secretmanager/secretIamMember:SecretIamMember: one member of one role, beside whatever others there are."""

    replaces = frozenset({"secretId", "role", "member"})

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Add the member to the policy as it stands."""
        bindings = self._others(news)
        self._set(news["secretId"], [*bindings, {"role": news["role"], "members": [news["member"]]}])
        return f"{news['secretId']}/{news['role']}/{news['member']}", news

    def delete(self, id_: str, outputs: Properties) -> None:
        """Take it off again."""
        del id_
        self._set(outputs["secretId"], self._others(outputs))

    def _others(self, properties: Properties) -> list[dict[str, Any]]:
        policy = self.cloud.send(f"{SECRETS}.getIamPolicy", {"resource": properties["secretId"]})
        own = {"role": properties["role"], "members": [properties["member"]]}
        return [binding for binding in policy["bindings"] if binding != own]

    def _set(self, secret: str, bindings: list[dict[str, Any]]) -> None:
        self.cloud.send(SET_POLICY, {"resource": secret}, {"policy": {"bindings": bindings}})


def _replication(inputs: Properties) -> dict[str, Any]:
    """Write the replication as the API has it (expandSecretManagerSecretReplication)."""
    return {"automatic": {}} if "auto" in inputs else {"userManaged": inputs["userManaged"]}


PROVIDERS: Mapping[str, Any] = {
    "gcp:secretmanager/secret:Secret": SecretResource,
    "gcp:secretmanager/secretVersion:SecretVersion": VersionResource,
    "gcp:secretmanager/secretIamMember:SecretIamMember": MemberResource,
}
