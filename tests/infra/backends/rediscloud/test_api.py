from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from benchmarks.listeners import closing, listener
from infra.backends.rediscloud.api import Api, missing_keys
from infra.backends.rediscloud.faults import AnswerLost, CloudError, Refused
from tests.clock import Clock
from tests.standins.rediscloud import ACCESS_KEY, SECRET_KEY, Cloud, LostAnswer, NotNow

SUBSCRIPTION = {"name": "hospitality-redis-dev-0a1b2c", "planId": 34843}


def client(*, seconds: float = 60) -> Api:
    """Return a client as the providers have it."""
    return Api.from_environment(seconds=seconds)


def create(api: Api) -> int | None:
    """Create a subscription."""
    task = api.send("POST", "/fixed/subscriptions", SUBSCRIPTION, doing="creating")
    return api.finish(task, doing="creating")


def test_a_change_is_a_task_that_is_waited_for(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """With its progress on the way, and the number of what it made at the end."""
    cloud.task_seconds = 0.3
    assert create(client()) in cloud.subscriptions
    printed = capsys.readouterr().out
    assert "Redis Cloud: creating: received, 0 s" in printed
    assert "processing-in-progress" in printed


@pytest.mark.parametrize(
    "error",
    [
        {"type": "SUBSCRIPTION_PI_NOT_FOUND", "status": "400 BAD_REQUEST", "description": "Payment info was not found"},
        "SUBSCRIPTION_PI_NOT_FOUND",
    ],
    ids=["as in the client's tests", "as in the API's document"],
)
def test_a_task_that_fails_says_why_and_what_to_do(cloud: Cloud, error: Any) -> None:
    """In both of the forms that the vendor documents."""
    cloud.failures.append(("fixedSubscriptionCreateRequest", error))
    with pytest.raises(Refused, match=r"SUBSCRIPTION_PI_NOT_FOUND.*cache:paymentMethodId") as refused:
        create(client())
    assert refused.value.code == "SUBSCRIPTION_PI_NOT_FOUND"


def test_a_plan_that_is_gone_is_told_with_its_cure(cloud: Cloud) -> None:
    """Between the choice and the creation."""
    cloud.plans = []
    with pytest.raises(Refused, match="the plan is gone since it was chosen; run the same again"):
        create(client())


@pytest.mark.parametrize("header", ["Retry-After", "x-rate-limit-retry-after-seconds"])
def test_429_is_honoured(cloud: Cloud, clock: Clock, header: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For a creation too: it was not begun. The second header is Redis Cloud's own."""
    cloud.troubles.append(("POST", "/fixed/subscriptions", NotNow(429, {}, **{header: "1"})))
    create(client())
    assert clock.slept[0] == 1
    assert len(cloud.subscriptions) == 1
    assert "asks to wait (429), 1 s" in capsys.readouterr().out


def test_429_with_a_date_is_honoured(cloud: Cloud, clock: Clock) -> None:
    """The standard's other form, in a month: what this machine takes to read it does not count."""
    month = timedelta(days=30)
    moment = format_datetime(datetime.now(UTC) + month, usegmt=True)
    cloud.troubles.append(("GET", "/fixed/plans", NotNow(429, {}, Retry_After=moment)))
    assert client(seconds=2 * month.total_seconds()).get("/fixed/plans")["plans"]
    assert clock.slept == [pytest.approx(month.total_seconds(), rel=0.01)]


def test_an_operation_is_bounded_in_time(cloud: Cloud, clock: Clock) -> None:
    """A wait beyond its end is not begun."""
    cloud.troubles.append(("GET", "/fixed/plans", NotNow(429, {}, Retry_After="3600")))
    with pytest.raises(
        CloudError, match="not done after 1 minutes; Redis Cloud may still be at it: run the same again"
    ):
        client(seconds=60).get("/fixed/plans")
    assert clock.slept == []


@pytest.mark.parametrize("trouble", [LostAnswer(), NotNow(503, {})], ids=["hung up", "503"])
def test_a_look_is_taken_again(cloud: Cloud, trouble: Exception) -> None:
    """It changes nothing."""
    cloud.troubles.append(("GET", "/fixed/plans", trouble))
    assert client().get("/fixed/plans")["plans"]


@pytest.mark.parametrize("trouble", [LostAnswer(), NotNow(503, {})], ids=["hung up", "503"])
def test_a_creation_is_never_asked_for_twice(cloud: Cloud, trouble: Exception) -> None:
    """Where nobody knows whether it was begun."""
    cloud.troubles.append(("POST", "/fixed/subscriptions", trouble))
    with pytest.raises(AnswerLost):
        create(client())
    assert len(cloud.asked("POST", "/fixed/subscriptions")) == 1


def test_a_task_that_is_not_known_yet_is_asked_for_again(cloud: Cloud) -> None:
    """There is a short window; a task that stays unknown ends the wait."""
    cloud.troubles += [("GET", "/tasks/.*", NotNow(404, {}))] * 3
    assert create(client()) in cloud.subscriptions
    with pytest.raises(AnswerLost, match="does not know its own task"):
        client().finish("none", doing="creating")


def test_wrong_keys_are_told_without_being_shown(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the message nor in the client's repr."""
    monkeypatch.setenv("REDISCLOUD_SECRET_KEY", "hunter2")
    with pytest.raises(CloudError, match=r"does not accept the keys \(401\)") as refused:
        client().get("/fixed/plans")
    assert not [each for each in ("hunter2", ACCESS_KEY) if each in f"{refused.value!r}{client()!r}"]
    assert cloud.requests == []


def test_a_refusal_that_repeats_secrets_is_cleaned(cloud: Cloud) -> None:
    """What a vendor's message holds is not ours to choose."""
    words = f"{SECRET_KEY} {ACCESS_KEY} hunter2 will not do"
    cloud.troubles.append(("PUT", ".*", NotNow(400, {"description": words})))
    with pytest.raises(Refused, match="400 … … … will not do"):
        client().send("PUT", "/fixed/subscriptions/1/databases/2", {"password": "hunter2"}, doing="changing")


def test_a_redirection_is_not_followed(cloud: Cloud) -> None:
    """The keys would go to whatever host it names."""
    there = cloud.address.replace("/v1", "/elsewhere")
    cloud.troubles.append(("GET", "/fixed/plans", NotNow(302, {}, Location=f"{there}/fixed/plans")))
    with pytest.raises(Refused, match="302"):
        client().get("/fixed/plans")
    assert [each.path for each in cloud.requests] == ["/fixed/plans"]


@pytest.mark.parametrize(
    "address",
    ["http://api.example/v1", "ftp://127.0.0.1/v1", "https://", "https://user@api.example/v1", "api.example"],
)
def test_the_keys_go_to_an_https_address_alone(address: str) -> None:
    """Or to this machine."""
    environment = {"REDISCLOUD_ACCESS_KEY": "a", "REDISCLOUD_SECRET_KEY": "b", "REDISCLOUD_URL": address}
    with pytest.raises(CloudError, match="REDISCLOUD_URL is no https address") as refused:
        Api.from_environment(seconds=1, environment=environment)
    assert "unset REDISCLOUD_URL" in str(refused.value)


def test_the_address_is_the_vendors_where_nothing_is_said() -> None:
    """An empty variable says nothing."""
    environment = {"REDISCLOUD_ACCESS_KEY": "a", "REDISCLOUD_SECRET_KEY": "b", "REDISCLOUD_URL": ""}
    assert Api.from_environment(seconds=1, environment=environment).address == "https://api.redislabs.com/v1"


def test_missing_keys_are_named_together() -> None:
    """With the commands that set them, and where they come from."""
    problem = missing_keys({})
    assert problem is not None
    assert "REDISCLOUD_ACCESS_KEY and REDISCLOUD_SECRET_KEY are not set" in problem
    assert "export REDISCLOUD_SECRET_KEY=" in problem
    only = missing_keys({"REDISCLOUD_ACCESS_KEY": "a", "REDISCLOUD_SECRET_KEY": ""})
    assert only is not None
    assert only.startswith("REDISCLOUD_SECRET_KEY is not set")
    assert missing_keys({"REDISCLOUD_ACCESS_KEY": "a", "REDISCLOUD_SECRET_KEY": "b"}) is None


def test_an_api_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the operation's time."""
    monkeypatch.setenv("REDISCLOUD_ACCESS_KEY", "a")
    monkeypatch.setenv("REDISCLOUD_SECRET_KEY", "b")
    with listener(closing) as port:
        monkeypatch.setenv("REDISCLOUD_URL", f"http://127.0.0.1:{port}")
        with pytest.raises(CloudError, match="is not done after"):
            client(seconds=0.5).get("/fixed/plans")
