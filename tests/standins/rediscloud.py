"""Redis Cloud's API on this machine, with a real server behind each database's endpoint.

It answers as the bodies in the vendor's own client tests do (RedisLabs/rediscloud-go-api at 8f91b07:
fixed_plans_test.go, fixed_subscription_test.go, fixed_database_test.go, task_test.go, account_test.go), knows the
fields and values of the API's OpenAPI document (redis/docs at 63f31f6, operate/rc/api/api-reference/openapi.json), and
refuses by its codes. What it refuses, and why, is the table REFUSALS. Time passes in it whether somebody looks or not.
"""

import contextlib
import functools
import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from benchmarks.servers import RedisServer, until
from benchmarks.serving import running

ACCESS_KEY: Final = "account-key-that-nobody-may-see"
SECRET_KEY: Final = "user-key-that-nobody-may-see"

NUMBER, TEXT, TRUTH, TEXTS, ENTRIES = int, str, bool, list, list
POLICIES: Final = (
    *("allkeys-lru", "allkeys-lfu", "allkeys-lrm", "allkeys-random", "volatile-lru", "volatile-lfu"),
    *("volatile-lrm", "volatile-random", "volatile-ttl", "noeviction"),
)
PERSISTENCE: Final = (
    *("none", "aof-every-1-second", "aof-every-write"),
    *("snapshot-every-1-hour", "snapshot-every-6-hours", "snapshot-every-12-hours"),
)

_SUBSCRIPTION: Final = {
    "name": TEXT,
    "planId": NUMBER,
    "paymentMethod": ("credit-card", "marketplace"),
    "paymentMethodId": NUMBER,
}
_DATABASE: Final = {
    "name": TEXT,
    "respVersion": ("resp2", "resp3"),
    "dataPersistence": PERSISTENCE,
    "dataEvictionPolicy": POLICIES,
    "replication": TRUTH,
    "sourceIps": TEXTS,
    "enableTls": TRUTH,
    "password": TEXT,
    "alerts": ENTRIES,
}
# What each request may have, as far as the project could send it: a type, or the values of an enumeration.
FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "fixedSubscriptionCreateRequest": _SUBSCRIPTION,
    "fixedSubscriptionUpdateRequest": _SUBSCRIPTION,
    "fixedDatabaseCreateRequest": {**_DATABASE, "protocol": ("redis", "memcached", "stack"), "redisVersion": TEXT},
    "fixedDatabaseUpdateRequest": _DATABASE,
}
REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "fixedSubscriptionCreateRequest": ("name", "planId"),
    "fixedDatabaseCreateRequest": ("name",),
}


def plan(number: int, name: str, size: float, unit: str, price: int | None, **changes: Any) -> dict[str, Any]:
    """Return a plan as `GET /fixed/plans` does: one that can do everything, in us-east-1 of AWS."""
    return {
        "id": number,
        "name": name,
        "size": size,
        "sizeMeasurementUnit": unit,
        "provider": "AWS",
        "region": "us-east-1",
        "regionId": 1,
        "price": price,
        "priceCurrency": "USD",
        "pricePeriod": "Month",
        "maximumDatabases": 1,
        "maximumThroughput": 2000,
        "maximumBandwidthGB": 200,
        "availability": "Single-zone",
        "connections": "1024",
        "cidrAllowRules": 8,
        "supportDataPersistence": True,
        "supportInstantAndDailyBackups": True,
        "supportReplication": True,
        "supportClustering": False,
        "supportSsl": True,
        "customerSupport": "Standard",
        "links": [],
    } | changes


NOTHING: Final[Mapping[str, Any]] = {
    "availability": "No replication",
    "supportReplication": False,
    "supportDataPersistence": False,
}
# Numbers, names and prices of the client's tests and of terraform-provider-rediscloud's, where they have them.
PLANS: Final = (
    plan(
        *(34843, "30MB", 30, "MB", 0),
        **NOTHING,
        supportSsl=False,
        cidrAllowRules=1,
        connections="30",
        maximumThroughput=100,
        customerSupport="Basic",
    ),
    plan(34858, "250MB", 250, "MB", 5, **NOTHING, cidrAllowRules=4, connections="256"),
    plan(34942, "Single-Zone_Persistence_250MB", 250, "MB", 10),
    plan(34944, "Single-Zone_1GB", 1, "GB", 23, region="us-west-1", supportDataPersistence=False),
    plan(34853, "Single-Zone_Persistence_2.5GB", 2.5, "GB", 60),
    plan(35008, "Multi-Zone_Persistence_5GB", 5, "GB", 100, availability="Multi-zone"),
    plan(35009, "Multi-Zone_Persistence_12GB", 12, "GB", 230, availability="Multi-zone"),
    plan(35010, "Flex_12GB", 12, "GB", 40, availability="Multi-zone", redisFlex=True),
    plan(35011, "Single-Zone_Persistence_1GB", 1, "GB", 25, provider="Azure", region="west-us"),
)


@dataclass(kw_only=True)
class Task:
    """Something that was asked for: first received, then worked on, then done."""

    command: str
    ends: float
    act: Callable[[], dict[str, int]]
    error: Mapping[str, str] | str | None = None
    number: str = field(default_factory=lambda: str(uuid.uuid4()))
    result: dict[str, int] | None = None

    def answer(self) -> dict[str, Any]:
        """Return what `GET /tasks/{taskId}` says."""
        known = {"taskId": self.number, "commandType": self.command, "timestamp": "2024-05-10T14:14:34.153537279Z"}
        if self.result is None:
            return {**known, "status": "processing-in-progress" if self.ends - time.monotonic() < 0.2 else "received"}
        if self.error is not None:
            return {**known, "status": "processing-error", "response": {"error": self.error}}
        return {**known, "status": "processing-completed", "response": self.result}


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request that arrived."""

    method: str
    path: str
    body: Mapping[str, Any]


class NotNow(Exception):
    """A request that is answered by a status of its own."""

    def __init__(self, status: int, body: Mapping[str, Any], **headers: str) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers


class LostAnswer(Exception):
    """A request that was done, and is answered by nothing."""


@dataclass(kw_only=True)
class Cloud:
    """An account at Redis Cloud. Times are in seconds."""

    folder: Path
    plans: list[dict[str, Any]] = field(default_factory=lambda: [dict(each) for each in PLANS])
    payment_methods: list[dict[str, Any]] = field(
        default_factory=lambda: [{"id": 30949, "type": "Visa", "creditCardEndsWith": 9876}]
    )
    task_seconds: float = 0.15
    provisioning_seconds: float = 0.15
    # Stands before the server of a database with TLS: its port in, another port out.
    tls: Callable[[int], contextlib.AbstractContextManager[int]] | None = None
    subscriptions: dict[int, dict[str, Any]] = field(default_factory=dict)
    databases: dict[int, dict[str, Any]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    tasks: dict[str, Task] = field(default_factory=dict)
    # What befalls coming requests of a method and a path: each entry one of them.
    troubles: list[tuple[str, str, Exception]] = field(default_factory=list)
    # What coming tasks of a command fail with.
    failures: list[tuple[str, Mapping[str, str] | str]] = field(default_factory=list)
    # While it holds, what was asked is done and not answered: so a run stands still at one moment, however fast it is.
    withheld: Callable[[], bool] = lambda: False
    address: str = ""

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.RLock()
        self._open = contextlib.ExitStack()
        self._servers: dict[int, RedisServer] = {}
        self._numbers = iter(range(111614, 999999))

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a user of this account."""
        return {
            "REDISCLOUD_ACCESS_KEY": ACCESS_KEY,
            "REDISCLOUD_SECRET_KEY": SECRET_KEY,
            "REDISCLOUD_URL": self.address,
        }

    def asked(self, method: str, path: str) -> list[Request]:
        """Return the requests of a method whose paths match."""
        return [each for each in self.requests if each.method == method and re.fullmatch(path, each.path)]

    def replay(self, requests: Iterable[Mapping[str, Any]]) -> None:
        """Do what was asked of another account once, each to its end."""
        for request in requests:
            self.handle(Request(**request), {})
            until(self._is_at_rest)

    def _is_at_rest(self) -> bool:
        with self._lock:
            self._advance()
            held = (*self.subscriptions.values(), *self.databases.values())
            return all(task.result is not None for task in self.tasks.values()) and all(
                each["status"] == "active" for each in held
            )

    def server(self, number: int) -> RedisServer:
        """Return the server behind a database."""
        return self._servers[number]

    def close(self) -> None:
        """End the servers."""
        self._open.close()

    def handle(self, request: Request, query: Mapping[str, list[str]]) -> Any:
        """Answer a request, unless it is withheld. Raises `NotNow` and `LostAnswer`."""
        try:
            return self._handle(request, query)
        finally:
            while self.withheld():
                time.sleep(0.005)

    def _handle(self, request: Request, query: Mapping[str, list[str]]) -> Any:
        with self._lock:
            self.requests.append(request)
            self._advance()
            trouble = self._trouble(request)
            if isinstance(trouble, NotNow):
                raise trouble
            answer = self._answer(request, query)
            if trouble is not None:
                raise trouble
            return answer

    def _trouble(self, request: Request) -> Exception | None:
        for entry in self.troubles:
            if entry[0] == request.method and re.fullmatch(entry[1], request.path):
                self.troubles.remove(entry)
                return entry[2]
        return None

    def _advance(self) -> None:
        """Let happen what was due until now."""
        now = time.monotonic()
        for task in self.tasks.values():
            if task.result is None and now >= task.ends:
                task.result = {} if task.error else task.act()
        for held in (*self.subscriptions.values(), *self.databases.values()):
            if held["status"] != "active" and now >= held["_ready"]:
                held["status"] = "active"

    def _answer(self, request: Request, query: Mapping[str, list[str]]) -> Any:
        way = request.path.strip("/").removeprefix("fixed/").split("/")
        if request.method == "GET":
            return self._look(way, query)
        if "databases" in way:
            return self._write_database(request, self._known(self.subscriptions, int(way[1])), way[3:])
        return self._write_subscription(request, way[1:])

    def _look(self, way: list[str], query: Mapping[str, list[str]]) -> Any:
        whole: dict[str, Callable[[], Any]] = {
            "plans": lambda: {"plans": self._plans_of([each.upper() for each in query.get("provider", [])])},
            "payment-methods": lambda: {"accountId": 1, "paymentMethods": self.payment_methods},
            "tasks": lambda: {"tasks": [each.answer() for each in self.tasks.values() if each.result is None]},
            "subscriptions": lambda: {"subscriptions": [_shown(each) for each in self.subscriptions.values()]},
        }
        match way:
            case [name]:
                return self._known(whole, name)()
            case ["tasks", number]:
                return self._known(self.tasks, number).answer()
            case ["subscriptions", number]:
                return _shown(self._known(self.subscriptions, int(number)))
            case ["subscriptions", number, "databases"]:
                held = [each for each in self.databases.values() if each["_subscription"] == int(number)]
                listed = [{**_shown(each), "security": {**each["security"], "password": None}} for each in held]
                return {"accountId": 69369, "subscription": {"subscriptionId": int(number), "databases": listed}}
            case _:
                return _shown(self._known(self.databases, int(way[-1])))

    def _plans_of(self, providers: Collection[str]) -> list[dict[str, Any]]:
        return [each for each in self.plans if not providers or each["provider"].upper() in providers]

    def _write_subscription(self, request: Request, numbers: list[str]) -> Any:
        if not numbers:
            return self._begin("fixedSubscriptionCreateRequest", request.body, self._create_subscription)
        known = self._known(self.subscriptions, int(numbers[0]))
        if request.method == "DELETE":
            return self._begin("fixedSubscriptionDeleteRequest", {}, lambda _: self._delete_subscription(known), known)
        change = functools.partial(self._change_subscription, known)
        return self._begin("fixedSubscriptionUpdateRequest", request.body, change, known)

    def _write_database(self, request: Request, subscription: dict[str, Any], numbers: list[str]) -> Any:
        if not numbers:
            create = functools.partial(self._create_database, subscription)
            return self._begin("fixedDatabaseCreateRequest", request.body, create, subscription)
        known = self._known(self.databases, int(numbers[0]))
        if request.method == "DELETE":
            return self._begin("fixedDatabaseDeleteRequest", {}, lambda _: self._delete_database(known))
        change = functools.partial(self._change_database, known)
        return self._begin("fixedDatabaseUpdateRequest", request.body, change, subscription)

    @staticmethod
    def _known(held: Mapping[Any, Any], number: Any) -> Any:
        if number not in held:
            raise NotNow(404, {})
        return held[number]

    def _begin(
        self,
        command: str,
        body: Mapping[str, Any],
        act: Callable[[Mapping[str, Any]], dict[str, int]],
        subscription: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Take a request, and let its task fail for what Redis Cloud refuses."""
        problem = malformed(command, body)
        if problem:
            raise NotNow(400, {"type": "BAD_REQUEST", "description": problem})
        error = next((each for each in self.failures if each[0] == command), None)
        if error is not None:
            self.failures.remove(error)
        code = next(
            (each.code for each in REFUSALS if each.command(command) and each.refuses(self, body, subscription)), ""
        )
        refused = {"type": code, "status": "400 BAD_REQUEST", "description": "Refused."} if code else None
        task = Task(
            command=command,
            ends=time.monotonic() + self.task_seconds,
            act=lambda: act(body),
            error=error[1] if error else refused,
        )
        self.tasks[task.number] = task
        return {**task.answer(), "status": "received"}

    def plan_of(self, number: Any) -> dict[str, Any] | None:
        """Return a plan that is on offer."""
        return next((each for each in self.plans if each["id"] == number), None)

    def _create_subscription(self, body: Mapping[str, Any]) -> dict[str, int]:
        number = next(self._numbers)
        self.subscriptions[number] = {
            "id": number,
            "creationDate": "2024-05-09T09:36:18Z",
            **self._terms(body),
            "_ready": time.monotonic() + self.provisioning_seconds,
            "status": "pending",
        }
        return {"resourceId": number}

    def _change_subscription(self, known: dict[str, Any], body: Mapping[str, Any]) -> dict[str, int]:
        known |= self._terms(body)
        known |= {"status": "pending", "_ready": time.monotonic() + self.provisioning_seconds}
        return {"resourceId": known["id"]}

    def _terms(self, body: Mapping[str, Any]) -> dict[str, Any]:
        chosen = self.plan_of(body["planId"])
        assert chosen is not None, "the refusals let no other plan through"
        kept = {key: value for key, value in chosen.items() if key not in ("id", "name", "links")}
        return {**kept, "name": body["name"], "planId": chosen["id"], "planName": chosen["name"]}

    def _delete_subscription(self, known: Mapping[str, Any]) -> dict[str, int]:
        self.subscriptions.pop(known["id"], None)
        return {"resourceId": known["id"]}

    def _create_database(self, subscription: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, int]:
        number = next(self._numbers)
        server = RedisServer(self.folder / str(number), password=body["password"])
        self._open.enter_context(server)
        self._servers[number] = server
        self.databases[number] = {
            "databaseId": number,
            "protocol": body.get("protocol", "stack"),
            "provider": subscription["provider"],
            "region": subscription["region"],
            "redisVersion": "7.4",
            "planMemoryLimit": subscription["size"],
            "memoryLimitMeasurementUnit": subscription["sizeMeasurementUnit"],
            "publicEndpoint": f"127.0.0.1:{server.port}",
            "security": {"defaultUserEnabled": True, "enableTls": False, "sourceIps": ["0.0.0.0/0"]},
            "_subscription": subscription["id"],
        }
        return self._change_database(self.databases[number], body)

    def _change_database(self, known: dict[str, Any], body: Mapping[str, Any]) -> dict[str, int]:
        security = ("password", "enableTls", "sourceIps")
        known |= {key: value for key, value in body.items() if key not in security}
        known["security"] |= {key: body[key] for key in security if key in body}
        known |= {"status": "pending", "_ready": time.monotonic() + self.provisioning_seconds}
        server = self._servers[known["databaseId"]]
        if body.get("enableTls") and known["publicEndpoint"].startswith("127"):
            assert self.tls is not None, "this account has nothing to make TLS with"
            known["publicEndpoint"] = f"localhost:{self._open.enter_context(self.tls(server.port))}"
        if body.get("dataEvictionPolicy"):
            server.client().config_set("maxmemory-policy", body["dataEvictionPolicy"])
        if "password" in body and body["password"] != server.password:
            server.client().execute_command("ACL", "SETUSER", "default", "resetpass", f">{body['password']}")
            server.password = body["password"]
        return {"resourceId": known["databaseId"], "additionalResourceId": known["_subscription"]}

    def _delete_database(self, known: Mapping[str, Any]) -> dict[str, int]:
        if self.databases.pop(known["databaseId"], None):
            self._servers.pop(known["databaseId"]).stop()
        return {"resourceId": known["databaseId"]}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A code of ProcessorResponse.error in the OpenAPI document, when it is given, and what that rests on."""

    code: str
    commands: str
    when: Callable[[Cloud, Mapping[str, Any], Mapping[str, Any]], bool]
    source: str

    def command(self, command: str) -> bool:
        """Return whether it is about such requests."""
        return re.fullmatch(self.commands, command) is not None

    def refuses(self, cloud: Cloud, body: Mapping[str, Any], subscription: Mapping[str, Any] | None) -> bool:
        """Return whether a request is refused."""
        return self.when(cloud, body, subscription or {})


ANY_SUBSCRIPTION: Final = "fixedSubscription(Create|Update)Request"
ANY_DATABASE: Final = "fixedDatabase(Create|Update)Request"


def _price(cloud: Cloud, body: Mapping[str, Any]) -> Any:
    return (cloud.plan_of(body.get("planId")) or {}).get("price")


REFUSALS: Final = (
    Refusal(
        code="FIXED_SUBSCRIPTION_CREATE_PLAN_NOT_FOUND",
        commands="fixedSubscriptionCreateRequest",
        when=lambda cloud, body, _: cloud.plan_of(body["planId"]) is None,
        source="the code's own name",
    ),
    Refusal(
        code="FIXED_SUBSCRIPTION_UPDATE_INVALID_PLAN",
        commands="fixedSubscriptionUpdateRequest",
        when=lambda cloud, body, _: cloud.plan_of(body["planId"]) is None,
        source="the code's own name",
    ),
    Refusal(
        code="FIXED_SUBSCRIPTION_ACCOUNT_ALREADY_HAS_A_FREE_PLAN",
        commands="fixedSubscriptionCreateRequest",
        when=lambda cloud, body, _: (
            _price(cloud, body) == 0 and any(each["price"] == 0 for each in cloud.subscriptions.values())
        ),
        source="redis/docs, create-essentials-database: You can only have one free database per account",
    ),
    Refusal(
        code="FIXED_PAYMENT_INFO_NOT_ALLOWED_IN_FREE_FIXED_PLAN",
        commands=ANY_SUBSCRIPTION,
        when=lambda cloud, body, _: _price(cloud, body) == 0 and "paymentMethodId" in body,
        source="the code's own name",
    ),
    Refusal(
        code="SUBSCRIPTION_PI_NOT_FOUND",
        commands=ANY_SUBSCRIPTION,
        when=lambda cloud, body, _: (
            _price(cloud, body) != 0
            and body.get("paymentMethodId") not in [each["id"] for each in cloud.payment_methods]
        ),
        source="rediscloud-go-api, task_test.go; OpenAPI, FixedSubscriptionCreateRequest.paymentMethodId",
    ),
    Refusal(
        code="FIXED_MISMATCH_BETWEEN_REQUEST_PLAN_REGION_AND_SUBSCRIPTION_REGION",
        commands="fixedSubscriptionUpdateRequest",
        when=lambda cloud, body, known: (cloud.plan_of(body["planId"]) or {}).get("region") != known["region"],
        source="the code's own name",
    ),
    Refusal(
        code="FIXED_SUBSCRIPTION_PLAN_CANNOT_CHANGED_FROM_AVAILABILITY_OF_SINGLE_ZONE_OR_NO_REPLICATION_TO_MULTI_ZONE",
        commands="fixedSubscriptionUpdateRequest",
        when=lambda cloud, body, known: (
            (cloud.plan_of(body["planId"]) or {}).get("availability") == "Multi-zone"
            and known["availability"] != "Multi-zone"
        ),
        source="redis/docs, high-availability: you can't convert a multi-zone subscription to a single zone (or …)",
    ),
    Refusal(
        code="FIXED_DATABASE_FIXED_SUBSCRIPTION_REACHED_MAX_DATABASES_COUNT",
        commands="fixedDatabaseCreateRequest",
        when=lambda cloud, _, known: any(each["_subscription"] == known["id"] for each in cloud.databases.values()),
        source="maximumDatabases of every plan is 1",
    ),
    Refusal(
        code="FIXED_DATABASE_ENABLE_TLS_NOT_SUPPORTED_IN_REQUESTED_PLAN",
        commands=ANY_DATABASE,
        when=lambda _, body, known: "enableTls" in body and not known["supportSsl"],
        source="redis/redisctl pull request 1132: for false as well",
    ),
    Refusal(
        code="FIXED_DATABASE_REPLICATION_IS_NOT_SUPPORTED_IN_REQUESTED_PLAN",
        commands=ANY_DATABASE,
        when=lambda _, body, known: body.get("replication") is True and not known["supportReplication"],
        source="redis/docs, high-availability: Free Redis Cloud Essentials plans do not support replication",
    ),
    Refusal(
        code="FIXED_DATABASE_DATA_PERSISTENCE_VALUE_NOT_SUPPORTED_FOR_FIXED",
        commands=ANY_DATABASE,
        when=lambda _, body, known: (
            body.get("dataPersistence") == "aof-every-write"
            or (body.get("dataPersistence", "none") != "none" and not known["supportDataPersistence"])
        ),
        source="redis/docs, data-persistence: every write is of Pro plans; free plans have none",
    ),
    Refusal(
        code="FIXED_DATABASE_SOURCE_IPS_LIST_IS_GREATER_THAN_PLAN_MAX_COUNT_ALLOWED_SOURCE_IPS",
        commands=ANY_DATABASE,
        when=lambda _, body, known: len(body.get("sourceIps", ())) > (known["cidrAllowRules"] if known["price"] else 0),
        source="redis/docs, cidr-whitelist: This feature is not supported on free Redis Cloud Essentials plans",
    ),
    Refusal(
        code="DATABASE_NAME_TOO_LONG",
        commands=ANY_DATABASE,
        when=lambda _, body, __: not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,38}[A-Za-z0-9]", body["name"]),
        source="OpenAPI, FixedDatabaseCreateRequest.name",
    ),
    Refusal(
        code="SUBSCRIPTION_NOT_ACTIVE",
        commands="fixed(Database(Create|Update)|Subscription(Update|Delete))Request",
        when=lambda _, __, known: known["status"] != "active",
        source="redis/docs, process-lifecycle: you must wait for the subscription … to return to active",
    ),
    Refusal(
        code="CONFLICT_ERROR",
        commands="fixedSubscriptionDeleteRequest",
        when=lambda cloud, _, known: any(each["_subscription"] == known["id"] for each in cloud.databases.values()),
        source="rediscloud-go-api, subscriptions.Delete: All existing databases … should already be deleted; its code "
        "stands nowhere",
    ),
)


def malformed(command: str, body: Mapping[str, Any]) -> str:
    """Describe what of a request is not as the OpenAPI document has it."""
    known = FIELDS.get(command, {})
    missing = [name for name in REQUIRED.get(command, ()) if name not in body]
    wrong = [name for name, value in body.items() if name not in known or not _is(value, known[name])]
    return f"missing {missing}, wrong {wrong}" if missing or wrong else ""


def _is(value: Any, kind: Any) -> bool:
    if isinstance(kind, tuple):
        return value in kind
    return isinstance(value, kind) and (kind is TRUTH or not isinstance(value, bool))


def _shown(held: Mapping[str, Any]) -> dict[str, Any]:
    hidden = ("publicEndpoint",) if held["status"] != "active" else ()
    return {key: value for key, value in held.items() if not key.startswith("_") and key not in hidden}


@contextlib.contextmanager
def account(folder: Path, **settings: Any) -> Iterator[Cloud]:
    """Return an account with nothing in it, and its API at `address`."""
    cloud = Cloud(folder=folder, **settings)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            if (self.headers.get("x-api-key"), self.headers.get("x-api-secret-key")) != (ACCESS_KEY, SECRET_KEY):
                self._answer(401, {"description": "Authentication failed"}, {})
                return
            request = Request(method=self.command, path=parts.path.removeprefix("/v1"), body=body)
            try:
                self._answer(202 if self.command == "POST" else 200, cloud.handle(request, parse_qs(parts.query)), {})
            except NotNow as refused:
                self._answer(refused.status, refused.body, refused.headers)
            except LostAnswer:
                self.close_connection = True

        def _answer(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815 - http.server's names

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
            """Stay silent."""

    with contextlib.closing(cloud), running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        cloud.address = f"http://127.0.0.1:{server.server_address[1]}/v1"
        yield cloud
