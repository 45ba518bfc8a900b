"""A stand-in for Google Cloud and for Pulumi's provider of it, in this process.

The provider's half turns what is declared into the requests that the real one sends, and answers into outputs
(terraform-provider-google, resource_redis_instance.go, which pulumi-gcp is made from). The cloud's half holds each
request and each answer against Google's own description of its API (gcp_discovery.py), refuses what that cannot say
(gcp_refusals.py), and answers as Google does where that is not what was asked.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runner.inprocess.providers import Diff, Properties, Provider, ProviderError
from tests.standins import gcp_discovery, gcp_refusals
from tests.standins.gcp_refusals import CONNECT, CREATE, DISCONNECT, PATCH, RESERVE, UPGRADE, Request
from tests.standins.gcp_resource import GoogleResource, Refused, changes

# What the declaration says beside inputs, and the stand-in need not see to.
HONOURED = ("version", "customTimeouts")
READ = "redis.projects.locations.instances.get"
READ_AUTH = "redis.projects.locations.instances.getAuthString"
DELETE = "redis.projects.locations.instances.delete"
RELEASE = "compute.globalAddresses.delete"
RECONNECT = "servicenetworking.services.connections.patch"

APIS = {"redis": "redis.v1", "servicenetworking": "servicenetworking.v1", "compute": "compute.v1"}
COMPUTE = "https://www.googleapis.com/compute/v1/"
MOMENT = "2026-11-23T12:00:00Z"


@dataclass
class Cloud:
    """A project with networks in it, and another one that shares a network with it."""

    id: str = "my-project"
    number: str = "1"
    hosts: tuple[str, ...] = ("host-project",)
    networks: tuple[str, ...] = (
        "projects/my-project/global/networks/main",
        "projects/my-project/global/networks/alone",
        "projects/host-project/global/networks/shared",
    )
    # Where the instances really are: a server that a test has started.
    address: tuple[str, int] | None = None
    # Of the instance that is made next; one of Google's making where a test gives none.
    auth_string: str | None = None
    # The certificates of the authorities, the oldest first.
    authorities: tuple[str, ...] = ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",)
    instances: dict[str, dict[str, Any]] = field(default_factory=dict)
    auth_strings: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, dict[str, Any]] = field(default_factory=dict)
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Every request that changes something, as it was sent.
    requests: list[tuple[str, Request]] = field(default_factory=list)

    def find(self, type_: str, _: Properties) -> Provider | None:
        """Find the provider of a type, for the in-process engine."""
        provider = PROVIDERS.get(type_)
        return provider(self) if provider else None

    def share_access(self, network: str, name: str = "everything") -> None:
        """Return a network its private service access, as its owner did long ago."""
        self.addresses[name] = {"name": name, "network": network}
        self.connections[network] = {"network": network, "reservedPeeringRanges": [name]}

    def by_id(self, network: str) -> str:
        """Name a network by its project's id where it was named by the number."""
        return network.replace(f"projects/{self.number}/", f"projects/{self.id}/")

    def send(self, id_: str, parameters: Mapping[str, Any], body: Mapping[str, Any] | None = None) -> Any:
        """Send a request. Raises `Refused`, and `AssertionError` for one that Google's API does not have."""
        api = APIS[id_.partition(".")[0]]
        wrong = gcp_discovery.request_problems(api, id_, parameters, body)
        assert not wrong, f"{id_}: {'; '.join(wrong)}"
        request = Request(parameters=parameters, body=body or {})
        for refusal in gcp_refusals.of(id_):
            if refusal.refuses(request, self):
                raise Refused(f"googleapi: Error 400: {refusal.words}")
        if gcp_discovery.method(api, id_)["httpMethod"] != "GET":
            self.requests.append((id_, request))
        return HANDLERS[id_](self, request)

    def rotate_auth_string(self, name: str) -> None:
        """Do what `gcloud redis instances update --no-enable-auth`, and then `--enable-auth`, do."""
        for enabled in (False, True):
            self.send(PATCH, {"name": name, "updateMask": "authEnabled"}, {"authEnabled": enabled})

    def create(self, request: Request) -> None:
        """Make an instance, with what Google fills in."""
        body, parent = request.body, request.parameters["parent"]
        name = f"{parent}/instances/{request.parameters['instanceId']}"
        region = parent.rpartition("/")[2]
        is_standard = body["tier"] == "STANDARD_HA"
        has_tls = body.get("transitEncryptionMode") == "SERVER_AUTHENTICATION"
        host, port = self.address or ("10.1.2.3", 6378 if has_tls else 6379)
        self.instances[name] = {
            "connectMode": "DIRECT_PEERING",
            "transitEncryptionMode": "DISABLED",
            "authEnabled": False,
            "redisVersion": "REDIS_7_0",
            "readReplicasMode": "READ_REPLICAS_DISABLED",
            "replicaCount": 1 if is_standard else 0,
            "locationId": f"{region}-a",
            **body,
            "name": name,
            "state": "READY",
            "createTime": MOMENT,
            "currentLocationId": f"{region}-a",
            "host": host,
            "port": port,
            "nodes": [{"id": f"node-{place}", "zone": f"{region}-{'ab'[place]}"} for place in range(1 + is_standard)],
            "reservedIpRange": "10.1.2.0/29",
            "persistenceIamIdentity": "serviceAccount:1-compute@developer.gserviceaccount.com",
            "serverCaCerts": [_certificate(pem) for pem in self.authorities] if has_tls else [],
        }
        self._settle(name)

    def change(self, request: Request) -> None:
        """Change what the mask names."""
        name = request.parameters["name"]
        for path in request.parameters["updateMask"].split(","):
            self.instances[name][path] = request.body[path]
        self._settle(name)

    def _settle(self, name: str) -> None:
        """Do to an instance what Google does to whatever it was given."""
        instance = self.instances[name]
        wanted = instance.get("persistenceConfig", {})
        # Where persistence is on, what was left out is filled in (sourcegraph-public-snapshot pull request 58173).
        if wanted.get("persistenceMode") == "RDB":
            times = {"rdbSnapshotStartTime": MOMENT, "rdbNextSnapshotTime": MOMENT}
            instance["persistenceConfig"] = {"rdbSnapshotPeriod": "TWENTY_FOUR_HOURS", **times, **wanted}
        policy = dict(instance.get("maintenancePolicy", {}))
        if policy:
            windows = [
                # A zero is no value in Google's JSON.
                {**each, "duration": "3600s", "startTime": {key: at for key, at in each["startTime"].items() if at}}
                for each in policy.get("weeklyMaintenanceWindow", [])
            ]
            times = {"createTime": MOMENT, "updateTime": MOMENT}
            instance["maintenancePolicy"] = {**policy, **times, "weeklyMaintenanceWindow": windows}
        if not instance["authEnabled"]:
            self.auth_strings.pop(name, None)
        elif name not in self.auth_strings:
            # "uniquely generated each time that AUTH is enabled" (Memorystore for Redis, "About Redis AUTH").
            self.auth_strings[name] = self.auth_string or str(uuid.uuid4())
            self.auth_string = None

    def get(self, request: Request) -> dict[str, Any]:
        """Return an instance."""
        answer = self.instances[request.parameters["name"]]
        wrong = gcp_discovery.problems(APIS["redis"], "Instance", answer, sent=False)
        assert not wrong, wrong
        return answer

    def connect(self, request: Request) -> None:
        """Join a network with Google's."""
        self.connections[self.by_id(request.body["network"])] = dict(request.body)


def _certificate(pem: str) -> dict[str, Any]:
    times = {"createTime": MOMENT, "expireTime": "2036-11-23T12:00:00Z"}
    return {"cert": pem, "serialNumber": "1", "sha1Fingerprint": "0" * 40, **times}


HANDLERS: Mapping[str, Any] = {
    CREATE: Cloud.create,
    PATCH: Cloud.change,
    UPGRADE: lambda cloud, request: cloud.instances[request.parameters["name"]].update(request.body),
    READ: Cloud.get,
    READ_AUTH: lambda cloud, request: {"authString": cloud.auth_strings[request.parameters["name"]]},
    DELETE: lambda cloud, request: cloud.instances.pop(request.parameters["name"]),
    RESERVE: lambda cloud, request: cloud.addresses.update({request.body["name"]: dict(request.body)}),
    RELEASE: lambda cloud, request: cloud.addresses.pop(request.parameters["address"]),
    CONNECT: Cloud.connect,
    RECONNECT: Cloud.connect,
    DISCONNECT: lambda cloud, request: cloud.connections.pop(cloud.by_id(request.body["consumerNetwork"])),
}


class Instance(GoogleResource[Cloud]):
    """gcp:redis/instance:Instance."""

    replaces = frozenset(
        {
            *("alternativeLocationId", "authorizedNetwork", "connectMode", "customerManagedKey", "locationId"),
            *("name", "project", "region", "reservedIpRange", "tier", "transitEncryptionMode"),
        }
    )
    # What only the provider knows of.
    virtual = frozenset({"deletionProtection", "deletionPolicy", "project", "region", "labels"})

    def diff(self, id_: str, olds: Properties, outputs: Properties, news: Properties) -> Diff:
        """Compare, and take an older version for another instance (isRedisVersionDecreasing)."""
        plain = super().diff(id_, olds, outputs, news)
        # In the provider's schema this one is optional and not computed: answered and not asked for, it is a change.
        period = "rdbSnapshotPeriod"
        answered = (outputs.get("persistenceConfig") or {}).get(period)
        if answered and not news.get("persistenceConfig", {}).get(period):
            plain = Diff(changes=True, replaces=plain.replaces)
        versions = gcp_refusals.VERSIONS
        if versions.index(news["redisVersion"]) < versions.index(outputs["redisVersion"]):
            return Diff(changes=True, replaces=sorted([*plain.replaces, "redisVersion"]))
        return plain

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Create it, wait, and read it."""
        parent = f"projects/{news['project']}/locations/{news['region']}"
        id_ = f"{parent}/instances/{news['name']}"
        self.cloud.send(CREATE, {"parent": parent, "instanceId": news["name"]}, {**self.body(news), "name": id_})
        return id_, self._read(id_, news)

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        """Look at it."""
        return self._read(id_, outputs) if id_ in self.cloud.instances else None

    def update(self, id_: str, outputs: Properties, news: Properties) -> Properties:
        """Change what differs, and then the version, which has a method of its own."""
        body = self.body(news)
        changed = {_field(key) for key in changes({}, outputs, news) - self.virtual}
        changed |= {"labels"} if news["labels"] != outputs["labels"] else set()
        mask = sorted(changed - {"redisVersion"})
        if mask:
            self.cloud.send(PATCH, {"name": id_, "updateMask": ",".join(mask)}, body)
        if "redisVersion" in changed:
            self.cloud.send(UPGRADE, {"name": id_}, {"redisVersion": news["redisVersion"]})
        return self._read(id_, {**outputs, **news})

    def delete(self, id_: str, outputs: Properties) -> None:
        """Delete it, unless the state says that it is protected."""
        if outputs.get("deletionProtection"):
            raise ProviderError(
                "cannot destroy redis instance without setting deletion_protection=false and running `pulumi up`"
            )
        self.cloud.send(DELETE, {"name": id_})

    def body(self, news: Properties) -> dict[str, Any]:
        """Return the message of an instance: what is empty is left out, and Pulumi's label is put in."""
        wanted = {_field(key): _message(value) for key, value in news.items() if key not in self.virtual}
        labels = {**news.get("labels", {}), "goog-pulumi-provisioned": "true"}
        return {key: value for key, value in {**wanted, "labels": labels}.items() if value not in (None, "", False)}

    def _read(self, id_: str, known: Properties) -> Properties:
        answer = self.cloud.send(READ, {"name": id_})
        auth_string = self.cloud.send(READ_AUTH, {"name": id_})["authString"] if answer["authEnabled"] else ""
        own = {key: value for key, value in answer.items() if key not in ("name", "labels", "reservedIpRange", "state")}
        return {
            **known,
            **{_property(key): _properties(value) for key, value in own.items()},
            "labels": {key: answer["labels"].get(key) for key in known.get("labels", {})},
            "effectiveReservedIpRange": answer["reservedIpRange"],
            "authString": auth_string,
        }


# Pulumi's names of lists are plural, and the API's are as its authors liked them.
NAMES = {"weeklyMaintenanceWindows": "weeklyMaintenanceWindow"}


def _field(name: str) -> str:
    return NAMES.get(name, name)


def _property(name: str) -> str:
    return next((ours for ours, theirs in NAMES.items() if theirs == name), name)


def _message(value: Any) -> Any:
    """Write a value as the API takes it: the provider leaves out what is empty, zeros included."""
    if isinstance(value, dict):
        return {_field(key): _message(item) for key, item in value.items() if item not in (None, "", 0)}
    return [_message(item) for item in value] if isinstance(value, list) else value


def _properties(value: Any) -> Any:
    if isinstance(value, dict):
        return {_property(key): _properties(item) for key, item in value.items()}
    return [_properties(item) for item in value] if isinstance(value, list) else value


class GlobalAddress(GoogleResource[Cloud]):
    """gcp:compute/globalAddress:GlobalAddress."""

    replaces = frozenset({"name", "project", "network", "purpose", "addressType", "prefixLength", "description"})

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Reserve it."""
        body = {key: value for key, value in news.items() if key != "project"} | {"network": COMPUTE + news["network"]}
        self.cloud.send(RESERVE, {"project": news["project"]}, body)
        return f"projects/{news['project']}/global/addresses/{news['name']}", {**news, "address": "10.1.2.0"}

    def delete(self, id_: str, outputs: Properties) -> None:
        """Release it."""
        del id_
        self.cloud.send(RELEASE, {"project": outputs["project"], "address": outputs["name"]})


class Connection(GoogleResource[Cloud]):
    """gcp:servicenetworking/connection:Connection."""

    replaces = frozenset({"network", "service"})

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Make it; the API has the network's project by its number. Where told so, force it upon one that is there."""
        body = {"network": self._network(news), "reservedPeeringRanges": news["reservedPeeringRanges"]}
        try:
            self.cloud.send(CONNECT, {"parent": f"services/{news['service']}"}, body)
        except Refused:
            if not news.get("updateOnCreationFail"):
                raise
            self.cloud.send(RECONNECT, {"name": f"services/{news['service']}/connections/-", "force": True}, body)
        return f"{news['network']}:{news['service']}", {**news, "peering": "servicenetworking-googleapis-com"}

    def delete(self, id_: str, outputs: Properties) -> None:
        """Delete it."""
        del id_
        name = f"services/{outputs['service']}/connections/servicenetworking-googleapis-com"
        self.cloud.send(DISCONNECT, {"name": name}, {"consumerNetwork": self._network(outputs)})

    def _network(self, properties: Properties) -> str:
        return str(properties["network"]).replace(f"projects/{self.cloud.id}/", f"projects/{self.cloud.number}/")


PROVIDERS: Mapping[str, Any] = {
    "gcp:redis/instance:Instance": Instance,
    "gcp:compute/globalAddress:GlobalAddress": GlobalAddress,
    "gcp:servicenetworking/connection:Connection": Connection,
}
