"""The database in the subscription, as a Pulumi resource.

The engine keeps a reference to this class by module and name, so a move needs an alias in every stack's state (a test
pins it).
"""

from collections.abc import Mapping
from typing import Any, Final, TypedDict

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from infra.backends.rediscloud.api import Api
from infra.backends.rediscloud.faults import CloudError
from infra.backends.rediscloud.operation import await_tasks, changing, is_busy, make, reading, remove
from infra.backends.rediscloud.subscription import DATABASE_CREATION, PATH, databases, wait_until_active
from infra.dynamic import Provider

CHANGING: Final = ("name", "dataPersistence", "dataEvictionPolicy", "replication", "sourceIps", "enableTls", "password")
EVERYWHERE: Final = ["0.0.0.0/0"]


class DatabaseInputs(TypedDict):
    """What a database is asked to be, in the API's own words."""

    subscriptionId: pulumi.Input[str]
    name: pulumi.Input[str]
    dataPersistence: str
    dataEvictionPolicy: str
    replication: bool
    sourceIps: list[str]
    enableTls: bool
    password: pulumi.Input[str]


class DatabaseProvider(Provider):
    """Creates, changes, watches and removes a database."""

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Change everything in place but the subscription."""
        replaces = ["subscriptionId"] if str(olds["subscriptionId"]) != str(news["subscriptionId"]) else []
        changes = [name for name in CHANGING if olds.get(name) != news.get(name)]
        return DiffResult(changes=bool(replaces or changes), replaces=replaces, delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create it, or take over what a creation that was cut off made. Raises `CloudError`."""
        api, subscription = changing(), int(props["subscriptionId"])
        doing = f"creating database {props['name']}"
        wait_until_active(api, subscription, doing=doing)
        number = _find(api, props)
        if number is not None:
            return CreateResult(str(number), _change(api, number, props, {}))
        body = {"name": props["name"], "protocol": "stack", **_body(props, {})}
        number = make(api, f"{PATH}/{subscription}/databases", body, lambda: _find(api, props), doing=doing)
        return CreateResult(str(number), _outputs(props, _settled(api, props, number, doing)))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """See whether it is there, and how it is set up."""
        answer = reading().get(_path(props, int(id_)))
        if answer is None or answer.get("status") in ("deleting", "delete-pending"):
            return ReadResult("", {})
        security = answer.get("security") or {}
        seen = {
            "name": answer.get("name"),
            "dataPersistence": answer.get("dataPersistence"),
            "dataEvictionPolicy": answer.get("dataEvictionPolicy"),
            "replication": answer.get("replication"),
            "sourceIps": security.get("sourceIps"),
            "enableTls": security.get("enableTls"),
            "password": security.get("password"),
        }
        found = {**props, **{name: value for name, value in seen.items() if value is not None}}
        return ReadResult(id_, found | _address(answer))

    def update(self, id_: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Change it in place; a new password is the only one from then on. Raises `CloudError`."""
        return UpdateResult(_change(changing(), int(id_), news, _olds))

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Remove it; nothing happens where it is gone. Raises `CloudError`."""
        api = changing()
        number = int(id_) if id_ else _find(api, props)
        if number is None or api.get(_path(props, number)) is None:
            return
        remove(api, _path(props, number), doing=f"deleting database {props['name']}")


class Database(Resource, module="rediscloud", name="Database"):
    """A database. `password` is a secret."""

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    redisVersion: pulumi.Output[str]  # noqa: N815 - a property's name

    def __init__(self, name: str, inputs: DatabaseInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__(
            DatabaseProvider(),
            name,
            {**inputs, "host": None, "port": None, "redisVersion": None},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["password"])),
        )


def _path(props: Mapping[str, Any], number: int) -> str:
    return f"{PATH}/{int(props['subscriptionId'])}/databases/{number}"


def _find(api: Api, props: Mapping[str, Any]) -> int | None:
    """Find the stack's database by its name, once no creation is under way that could be its own."""
    await_tasks(api, DATABASE_CREATION, doing=f"looking for database {props['name']}")
    for entry in databases(api, int(props["subscriptionId"])):
        if entry.get("name") == props["name"]:
            return int(entry["databaseId"])
    return None


def _change(api: Api, number: int, props: Mapping[str, Any], olds: Mapping[str, Any]) -> dict[str, Any]:
    doing = f"changing database {props['name']}"
    _settled(api, props, number, doing)
    body = {"name": props["name"], **_body(props, olds)}
    api.finish(api.send("PUT", _path(props, number), body, doing=doing), doing=doing)
    return _outputs(props, _settled(api, props, number, doing))


def _body(props: Mapping[str, Any], olds: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a creation and a change have in common."""
    body = {
        "dataPersistence": props["dataPersistence"],
        "dataEvictionPolicy": props["dataEvictionPolicy"],
        "replication": props["replication"],
        "password": props["password"],
    }
    # A plan that cannot have TLS refuses `false` too (redis/redisctl pull request 1132), and the free one has no list
    # of addresses: both are named only where they say something.
    if props["enableTls"] or olds.get("enableTls"):
        body["enableTls"] = props["enableTls"]
    if props["sourceIps"] != EVERYWHERE or olds.get("sourceIps", EVERYWHERE) != EVERYWHERE:
        body["sourceIps"] = props["sourceIps"]
    return body


def _settled(api: Api, props: Mapping[str, Any], number: int, doing: str) -> Mapping[str, Any]:
    """Wait until a database can be used, and return it. Raises `CloudError`."""

    def look() -> tuple[Mapping[str, Any] | None, str]:
        answer = api.get(_path(props, number)) or {}
        status = str(answer.get("status", "not there yet"))
        if status == "active" and _address(answer):
            return answer, status
        if answer and status != "active" and not is_busy(status):
            raise CloudError(
                f"{doing}: Redis Cloud has put database {number} into {status}; see https://cloud.redis.io, and ask "
                "its support"
            )
        return None, f"database is {status}"

    return api.wait(look, doing=doing)


def _address(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Read where it is reached; the API's document names a second, newer place for it beside the one of its client."""
    endpoint = answer.get("publicEndpoint") or (answer.get("dynamicEndpoints") or {}).get("public")
    if not endpoint:
        return {}
    host, _, port = str(endpoint).rpartition(":")
    return {"host": host, "port": int(port)}


def _outputs(props: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {name: props[name] for name in DatabaseInputs.__annotations__}
    return {**inputs, **_address(answer), "redisVersion": str(answer.get("redisVersion", ""))}
