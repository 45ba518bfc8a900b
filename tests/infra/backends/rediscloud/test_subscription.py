import threading
from typing import Any

import pytest
from pulumi.dynamic import CheckResult

from benchmarks.servers import until
from infra.backends.rediscloud.faults import CloudError, Refused
from infra.backends.rediscloud.name import Name, NameProvider
from infra.backends.rediscloud.naming import is_of_base
from infra.backends.rediscloud.plans import Plan
from infra.backends.rediscloud.subscription import PATH, Subscription, SubscriptionProvider
from tests.infra.backends.rediscloud.test_plans import demand
from tests.standins import rediscloud
from tests.standins.rediscloud import Cloud, LostAnswer, NotNow, plan

BASE = "hospitality-redis-dev"
NAME = f"{BASE}-0a1b2c"


def inputs(**changes: Any) -> dict[str, Any]:
    """Ask for the free plan."""
    return {"name": NAME, "base": BASE, "demand": demand(free=True), **changes}


def paid(**changes: Any) -> dict[str, Any]:
    """Ask for a paid one."""
    return inputs(demand=demand(**changes), paymentMethodId=30949)


def checked(news: dict[str, Any], olds: dict[str, Any] | None = None) -> dict[str, Any]:
    """Let the plan be chosen."""
    result: CheckResult = SubscriptionProvider().check(olds or {}, news)
    assert not result.failures, result.failures[0].reason
    return result.inputs


def refused(news: dict[str, Any], olds: dict[str, Any] | None = None) -> str:
    """Return the reason why a check fails."""
    result: CheckResult = SubscriptionProvider().check(olds or {}, news)
    (failure,) = result.failures
    return str(failure.reason)


def create(news: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
    """Create a subscription; give id and outputs."""
    result = SubscriptionProvider().create(checked(news or inputs()))
    return result.id, dict(result.outs or {})


def test_the_types_are_what_every_state_has() -> None:
    """A change of module or name needs an alias."""
    assert (Subscription.__module__, Subscription.__name__) == (
        "infra.backends.rediscloud.subscription",
        "Subscription",
    )
    assert (Name.__module__, Name.__name__) == ("infra.backends.rediscloud.name", "Name")
    assert (SubscriptionProvider.__qualname__, NameProvider.__qualname__) == ("SubscriptionProvider", "NameProvider")


def test_a_preview_knows_the_plan_and_its_price(cloud: Cloud) -> None:
    """It is one of the inputs, and nothing was written for it."""
    assert checked(inputs())["plan"] == {
        "id": 34843,
        "name": "30MB",
        "availability": "No replication",
        "sizeMb": 30,
        "networks": 1,
        "monthlyUsd": 0,
    }
    assert not [each for each in cloud.requests if each.method != "GET"]


def test_a_plan_is_kept_while_the_stack_asks_for_the_same(cloud: Cloud) -> None:
    """Whatever Redis Cloud offers by then, and without asking it."""
    olds = checked(paid())
    cloud.plans = [plan(1, "Cheaper", 12, "GB", 1)]
    asked = len(cloud.requests)
    assert checked({**paid(), "budgetUsd": 100}, olds)["plan"] == olds["plan"]
    assert len(cloud.requests) == asked
    assert checked(paid(networks=4), olds)["plan"] == olds["plan"]
    assert checked(paid(networks=5), olds)["plan"]["name"] == "Cheaper"
    assert checked(paid(bytes=1), olds)["plan"]["name"] == "Cheaper"


def test_the_real_price_is_held_against_the_budget(cloud: Cloud) -> None:
    """Before anything is created; a price that nobody knows is within none."""
    assert "cache:budgetUsd is 4.50, and plan 250MB costs 5.00 USD a month" in refused(paid() | {"budgetUsd": 4.5})
    assert checked(paid() | {"budgetUsd": 5})
    cloud.plans = [plan(1, "Unknown", 12, "GB", None)]
    assert "gives plan Unknown no price in USD a month" in refused(paid() | {"budgetUsd": 5})


def test_a_paid_plan_asks_for_one_of_the_accounts_payment_methods(cloud: Cloud) -> None:
    """Naming them, since their numbers stand nowhere but in the API; the free plan asks for none."""
    news = paid()
    del news["paymentMethodId"]
    said = refused(news)
    assert "cache:paymentMethodId is not set, and plan 250MB is paid for" in said
    assert "the account has: 30949 (Visa ending in 9876); pulumi config set cache:paymentMethodId 30949" in said
    assert "cache:paymentMethodId 7 is none of the account's" in refused(paid() | {"paymentMethodId": 7})
    cloud.payment_methods = []
    assert "the account has: none; add one at https://cloud.redis.io" in refused(news)


@pytest.mark.usefixtures("cloud")
def test_what_cannot_be_known_is_a_clean_failure_of_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """No plan, and no keys: an exception would be printed with its traceback."""
    assert "Redis Cloud has no Essentials plan in mars-1 of AWS" in refused(inputs(demand=demand(region="mars-1")))
    monkeypatch.delenv("REDISCLOUD_SECRET_KEY")
    assert "REDISCLOUD_SECRET_KEY is not set" in refused(inputs())


def test_it_is_created_with_its_plan_and_payment(cloud: Cloud) -> None:
    """The free plan refuses a payment method, and gets none."""
    create()
    cloud.subscriptions.clear()
    create(paid())
    free, paid_for = (each.body for each in cloud.asked("POST", PATH))
    assert free == {"name": NAME, "planId": 34843}
    assert paid_for == {"name": NAME, "planId": 34858, "paymentMethodId": 30949}


def test_a_creation_that_was_cut_off_is_found_again(cloud: Cloud) -> None:
    """Twice the same creation is one subscription."""
    assert create()[0] == create()[0]
    assert len(cloud.asked("POST", PATH)) == 1


def test_one_that_is_under_way_is_waited_for(cloud: Cloud) -> None:
    """A run killed right after it had asked: the subscription is in no list yet, only its task is."""
    cloud.task_seconds = 0.5
    news = checked(inputs())
    thread = threading.Thread(target=lambda: SubscriptionProvider().create(news))
    thread.start()
    until(lambda: bool(cloud.asked("POST", PATH)))
    assert SubscriptionProvider().create(news).id == str(next(iter(cloud.subscriptions)))
    thread.join()
    assert len(cloud.subscriptions) == 1


def test_another_plan_asked_for_meanwhile_is_changed_to(cloud: Cloud) -> None:
    """The one that was cut off is taken over as it is, and then changed."""
    create(paid())
    create(paid(persistent=True))
    (known,) = cloud.subscriptions.values()
    assert known["planName"] == "Single-Zone_Persistence_250MB"


@pytest.mark.parametrize("trouble", [LostAnswer(), "lost task"], ids=["no answer", "no task"])
def test_a_lost_answer_after_a_creation_makes_one(cloud: Cloud, trouble: Any) -> None:
    """It is looked for by its name, in the same run."""
    if trouble == "lost task":
        cloud.troubles += [("GET", "/tasks/.*", NotNow(404, {}))] * 6
    else:
        cloud.troubles.append(("POST", PATH, trouble))
    id_, _ = create()
    assert list(cloud.subscriptions) == [int(id_)]
    assert len(cloud.asked("POST", PATH)) == 1


def test_a_lost_request_is_told_and_not_repeated(cloud: Cloud) -> None:
    """Nothing appears: the next run creates it."""
    cloud.troubles.append(("POST", PATH, NotNow(503, {})))
    with pytest.raises(CloudError, match=r"answered 503; none was created within 60 s: run the same again"):
        create()
    assert create()[0] == str(next(iter(cloud.subscriptions)))


def test_what_another_state_made_is_left_alone(cloud: Cloud) -> None:
    """Another clone's stack of the same name has other digits; a stack whose name only begins alike does not matter."""
    create(inputs(name=f"{BASE}-ffffff"))
    with pytest.raises(CloudError, match=f"the account has {BASE}-ffffff already, which another state"):
        create()
    SubscriptionProvider().delete("", inputs())
    assert len(cloud.subscriptions) == 1
    cloud.subscriptions.clear()
    create(inputs(name=f"{BASE}-two-ffffff", base=f"{BASE}-two"))
    create(paid())
    assert len(cloud.subscriptions) == 2


@pytest.mark.usefixtures("cloud")
def test_a_second_free_plan_is_refused_with_the_cure() -> None:
    """An account has one."""
    create(inputs(name="hospitality-redis-other-ffffff", base="hospitality-redis-other"))
    with pytest.raises(Refused, match=r"an account has one free subscription.*cache:memoryMb 250"):
        create()


def test_a_refresh_sees_one_that_is_gone(cloud: Cloud) -> None:
    """It is then created again."""
    id_, outputs = create()
    assert SubscriptionProvider().read(id_, outputs).id == id_
    cloud.subscriptions.clear()
    assert SubscriptionProvider().read(id_, outputs).id == ""


@pytest.mark.usefixtures("cloud")
def test_a_refresh_does_not_take_a_refused_key_for_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be created a second time."""
    id_, outputs = create()
    monkeypatch.setenv("REDISCLOUD_SECRET_KEY", "another")
    with pytest.raises(CloudError, match="does not accept the keys"):
        SubscriptionProvider().read(id_, outputs)


def test_a_refresh_sees_another_plan_and_an_up_changes_it_back(cloud: Cloud) -> None:
    """Somebody changed it in the console; a price that rose is shown and changes nothing."""
    news = checked(paid())
    id_, outputs = create(paid())
    cloud.subscriptions[int(id_)] |= {"planId": 34942, "planName": "Single-Zone_Persistence_250MB", "price": 12}
    seen = dict(SubscriptionProvider().read(id_, outputs).outs or {})
    assert seen["plan"]["monthlyUsd"] == 12
    assert SubscriptionProvider().diff(id_, seen, news).changes
    SubscriptionProvider().update(id_, seen, news)
    assert cloud.subscriptions[int(id_)]["planId"] == 34858
    cloud.subscriptions[int(id_)]["price"] = 99
    dearer = dict(SubscriptionProvider().read(id_, outputs).outs or {})
    assert not SubscriptionProvider().diff(id_, dearer, news).changes


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(
    ("changes", "replaces"),
    [
        ({"bytes": 10**9}, []),
        ({"persistent": True}, []),
        ({"region": "us-west-1"}, ["demand"]),
        ({"multiZone": True}, ["plan"]),
    ],
)
def test_a_plan_is_changed_in_place_where_redis_cloud_can(
    changes: dict[str, Any], replaces: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Another place, or several zones, are another subscription: its name is taken, so the old one goes first."""
    _, outputs = create(paid())
    found = SubscriptionProvider().diff("1", outputs, checked(paid(**changes), outputs))
    assert (found.changes, found.replaces, found.delete_before_replace) == (True, replaces, True)
    assert ("all data in the present one will be lost" in capsys.readouterr().out) == bool(replaces)


@pytest.mark.usefixtures("cloud")
def test_what_did_not_change_is_left_alone() -> None:
    """Numbers come back from the real engine as floats."""
    id_, outputs = create(paid())
    floats = {**outputs, "plan": {**outputs["plan"], "id": float(outputs["plan"]["id"])}, "paymentMethodId": 30949.0}
    assert not SubscriptionProvider().diff(id_, floats, checked(paid(), outputs)).changes


def test_deleting_it_twice_is_deleting_it(cloud: Cloud) -> None:
    """By its number, and by its name where a creation was cut off before it had one."""
    id_, outputs = create()
    SubscriptionProvider().delete(id_, outputs)
    SubscriptionProvider().delete(id_, outputs)
    create()
    SubscriptionProvider().delete("", inputs())
    SubscriptionProvider().delete("", inputs())
    assert cloud.subscriptions == {}


def test_a_deletion_whose_answer_is_lost_is_done(cloud: Cloud) -> None:
    """It is asked for again, and what is gone is gone."""
    id_, outputs = create()
    cloud.troubles.append(("DELETE", f"{PATH}/{id_}", LostAnswer()))
    SubscriptionProvider().delete(id_, outputs)
    assert cloud.subscriptions == {}


def test_a_database_of_somebody_elses_is_not_deleted(cloud: Cloud) -> None:
    """It is named."""
    id_, outputs = create()
    cloud.databases[7] = {
        "databaseId": 7,
        "name": "theirs",
        "status": "active",
        "security": {},
        "_subscription": int(id_),
    }
    with pytest.raises(CloudError, match="holds a database that this stack did not make, theirs"):
        SubscriptionProvider().delete(id_, outputs)
    assert cloud.databases


def test_one_in_error_is_told_and_can_be_deleted(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not waited for."""
    monkeypatch.setattr(rediscloud, "REFUSALS", ())
    id_, outputs = create()
    cloud.subscriptions[int(id_)] |= {"status": "error", "_ready": float("inf")}
    with pytest.raises(CloudError, match=f"has put subscription {id_} into error"):
        SubscriptionProvider().update(id_, outputs, checked(inputs()))
    SubscriptionProvider().delete(id_, outputs)
    assert cloud.subscriptions == {}


def test_one_that_is_being_changed_is_deleted_after_that(cloud: Cloud) -> None:
    """Redis Cloud refuses it before."""
    cloud.provisioning_seconds = 0.3
    id_, outputs = create()
    SubscriptionProvider().delete(id_, outputs)
    assert cloud.subscriptions == {}


def test_a_name_is_made_up_once() -> None:
    """Of the stack's name and six digits, and another one where the stack is another."""
    made = NameProvider().create({"base": BASE})
    assert is_of_base(str((made.outs or {})["value"]), BASE)
    assert not NameProvider().diff(made.id, dict(made.outs or {}), {"base": BASE}).changes
    assert NameProvider().diff(made.id, dict(made.outs or {}), {"base": "other"}).replaces == ["base"]
    assert NameProvider().create({"base": BASE}).id != made.id


def test_an_answer_without_the_newer_fields_is_read() -> None:
    """Older answers do not say whether a plan has TLS: the paid ones have."""
    entry = plan(1, "Old", 1, "GB", 22)
    del entry["supportSsl"]
    assert Plan.from_answer(entry).tls
    assert not Plan.from_answer({**entry, "price": 0}).tls
