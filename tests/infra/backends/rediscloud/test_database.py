from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.backends.rediscloud import database
from infra.backends.rediscloud.database import Database, DatabaseProvider
from infra.backends.rediscloud.faults import CloudError, Refused
from infra.backends.rediscloud.subscription import PATH
from tests.infra.backends.rediscloud.test_subscription import NAME
from tests.infra.backends.rediscloud.test_subscription import create as subscribe
from tests.infra.backends.rediscloud.test_subscription import paid as on_a_paid_plan
from tests.standins.rediscloud import Cloud, LostAnswer, NotNow

PASSWORD = "o" * 32
ANOTHER = "n" * 32
NO_RETRIES = Retry(NoBackoff(), 0)
DATABASES = f"{PATH}/[0-9]+/databases"


def inputs(subscription: str, **changes: Any) -> dict[str, Any]:
    """Ask for a database on the free plan."""
    return {
        "subscriptionId": subscription,
        "name": NAME,
        "dataPersistence": "none",
        "dataEvictionPolicy": "allkeys-lru",
        "replication": False,
        "sourceIps": ["0.0.0.0/0"],
        "enableTls": False,
        "password": PASSWORD,
        **changes,
    }


def create(**changes: Any) -> tuple[str, dict[str, Any]]:
    """Create subscription and database; give the database's id and outputs."""
    result = DatabaseProvider().create(inputs(subscribe()[0], **changes))
    return result.id, dict(result.outs or {})


def test_the_type_is_what_every_state_has() -> None:
    """A change of module or name needs an alias."""
    assert (Database.__module__, Database.__name__) == ("infra.backends.rediscloud.database", "Database")
    assert DatabaseProvider.__qualname__ == "DatabaseProvider"


def test_a_server_with_the_password_is_behind_the_address(cloud: Cloud) -> None:
    """And with the policy, as asked."""
    id_, outputs = create()
    client = cloud.server(int(id_)).client()
    assert outputs["port"] == cloud.server(int(id_)).port
    assert (outputs["host"], client.config_get("maxmemory-policy")["maxmemory-policy"]) == ("127.0.0.1", "allkeys-lru")
    with (
        pytest.raises(redis.AuthenticationError),
        redis.Redis(port=outputs["port"], password=ANOTHER, retry=NO_RETRIES) as stranger,
    ):
        stranger.ping()


def test_on_the_free_plan_nothing_is_said_of_what_it_cannot(cloud: Cloud) -> None:
    """It refuses `enableTls: false` too, and a list of addresses."""
    create()
    (request,) = cloud.asked("POST", DATABASES)
    assert request.body == {
        "name": NAME,
        "protocol": "stack",
        "dataPersistence": "none",
        "dataEvictionPolicy": "allkeys-lru",
        "replication": False,
        "password": PASSWORD,
    }


def test_on_a_paid_plan_all_is_said(cloud: Cloud) -> None:
    """TLS and the networks; a later change takes both back by name."""
    known = inputs("1", enableTls=True, sourceIps=["203.0.113.0/24"])
    body = database._body(known, {})
    assert (body["enableTls"], body["sourceIps"]) == (True, ["203.0.113.0/24"])
    back = database._body(inputs("1"), known)
    assert (back["enableTls"], back["sourceIps"]) == (False, ["0.0.0.0/0"])
    assert cloud.requests == []


def test_a_creation_that_was_cut_off_is_found_again(cloud: Cloud) -> None:
    """Twice the same creation is one database, which then is as asked."""
    id_, outputs = create()
    again = DatabaseProvider().create({**inputs(outputs["subscriptionId"]), "password": ANOTHER})
    assert (again.id, list(cloud.databases)) == (id_, [int(id_)])
    assert cloud.databases[int(id_)]["security"]["password"] == ANOTHER


def test_a_lost_answer_after_a_creation_makes_one(cloud: Cloud) -> None:
    """It is looked for by its name, in the same run."""
    cloud.troubles.append(("POST", DATABASES, LostAnswer()))
    id_, _ = create()
    assert list(cloud.databases) == [int(id_)]


def test_a_lost_request_is_told_and_not_repeated(cloud: Cloud) -> None:
    """Nothing appears: the next run creates it."""
    cloud.troubles.append(("POST", DATABASES, NotNow(503, {})))
    with pytest.raises(CloudError, match="answered 503; none was created within 60 s: run the same again"):
        create()
    assert len(cloud.asked("POST", DATABASES)) == 1


def test_a_creation_that_fails_says_why(cloud: Cloud) -> None:
    """By Redis Cloud's own words."""
    error = {"type": "GENERAL_ERROR", "status": "500", "description": "A general error occurred."}
    cloud.failures.append(("fixedDatabaseCreateRequest", error))
    with pytest.raises(Refused, match=rf"creating database {NAME}: .* A general error occurred. \(GENERAL_ERROR\)"):
        create()


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("dataEvictionPolicy", "noeviction"),
        ("dataPersistence", "aof-every-1-second"),
        ("replication", True),
        ("name", "renamed"),
    ],
)
def test_what_was_changed_by_hand_is_seen_and_changed_back(cloud: Cloud, changed: str, value: object) -> None:
    """A refresh sees it, and the next `up` puts it right."""
    id_, outputs = create()
    cloud.databases[int(id_)][changed] = value
    seen = dict(DatabaseProvider().read(id_, outputs).outs or {})
    news = inputs(outputs["subscriptionId"])
    found = DatabaseProvider().diff(id_, seen, news)
    assert (found.changes, found.replaces) == (True, [])
    DatabaseProvider().update(id_, seen, news)
    assert cloud.databases[int(id_)][changed] == news[changed]


@pytest.mark.parametrize(
    ("changed", "value"), [("password", ANOTHER), ("sourceIps", ["203.0.113.7/32"]), ("enableTls", True)]
)
def test_security_that_was_changed_by_hand_is_seen(cloud: Cloud, changed: str, value: object) -> None:
    """The password too, which Redis Cloud tells."""
    id_, outputs = create()
    cloud.databases[int(id_)]["security"][changed] = value
    seen = dict(DatabaseProvider().read(id_, outputs).outs or {})
    assert DatabaseProvider().diff(id_, seen, inputs(outputs["subscriptionId"])).changes


def test_what_did_not_change_is_left_alone(cloud: Cloud) -> None:
    """A list without passwords is no change of it."""
    id_, outputs = create()
    seen = dict(DatabaseProvider().read(id_, outputs).outs or {})
    assert not DatabaseProvider().diff(id_, seen, inputs(outputs["subscriptionId"])).changes
    assert seen == outputs
    assert len(cloud.asked("PUT", ".*")) == 0


def test_another_subscription_is_another_database() -> None:
    """The old one goes first: its name is the stack's."""
    found = DatabaseProvider().diff("1", inputs("1"), inputs("2"))
    assert (found.replaces, found.delete_before_replace) == (["subscriptionId"], True)


def test_a_refresh_sees_one_that_is_gone(cloud: Cloud) -> None:
    """It is then created again."""
    id_, outputs = create()
    cloud.databases.clear()
    assert DatabaseProvider().read(id_, outputs).id == ""


def test_deleting_it_twice_is_deleting_it(cloud: Cloud) -> None:
    """By its number, and by its name where a creation was cut off before it had one."""
    id_, outputs = create()
    for _ in range(2):
        DatabaseProvider().delete(id_, outputs)
    DatabaseProvider().create(inputs(outputs["subscriptionId"]))
    for _ in range(2):
        DatabaseProvider().delete("", inputs(outputs["subscriptionId"]))
    assert cloud.databases == {}


def test_one_in_error_is_told(cloud: Cloud) -> None:
    """And not waited for."""
    id_, outputs = create()
    cloud.databases[int(id_)] |= {"status": "error", "_ready": float("inf")}
    with pytest.raises(CloudError, match=f"has put database {id_} into error"):
        DatabaseProvider().update(id_, outputs, inputs(outputs["subscriptionId"]))


def test_the_newer_kind_of_address_is_read() -> None:
    """The API's document has it in the place of the client's."""
    answer = {"dynamicEndpoints": {"public": "hyperclear-comparison-36067.db-qa.redis.io:12037"}}
    assert database._address(answer) == {"host": "hyperclear-comparison-36067.db-qa.redis.io", "port": 12037}
    assert database._address({}) == {}


def test_more_networks_than_the_plan_has_room_for_are_refused_by_name(cloud: Cloud) -> None:
    """Where a plan was chosen for fewer."""
    subscription, _ = subscribe(on_a_paid_plan())
    networks = [f"203.0.113.{number}/32" for number in range(5)]
    with pytest.raises(Refused, match="FIXED_DATABASE_SOURCE_IPS_LIST_IS_GREATER_THAN_PLAN_MAX_COUNT"):
        DatabaseProvider().create(inputs(subscription, sourceIps=networks))
    assert cloud.databases == {}
