"""The subscription, which is what is paid for, as a Pulumi resource.

The engine keeps a reference to this class by module and name, so a move needs an alias in every stack's state (a test
pins it). The plan is chosen in `check` and is from then on one of the inputs: a preview shows it with its price, and
what Redis Cloud offers later changes nothing, until the stack asks for something else.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, TypedDict

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from infra.backends.rediscloud import plans
from infra.backends.rediscloud.api import Api, say
from infra.backends.rediscloud.faults import CloudError
from infra.backends.rediscloud.naming import is_of_base
from infra.backends.rediscloud.operation import await_tasks, changing, make, reading, remove
from infra.backends.rediscloud.plans import MULTI_ZONE, Demand, Plan
from infra.dynamic import Provider

PATH: Final = "/fixed/subscriptions"
CREATION: Final = "fixedSubscriptionCreateRequest"
DATABASE_CREATION: Final = "fixedDatabaseCreateRequest"


class SubscriptionInputs(TypedDict):
    """What a subscription is asked to be; `budgetUsd` is a month's, and `base` is what all names of the stack share."""

    name: pulumi.Input[str]
    base: str
    demand: Demand
    paymentMethodId: int | None
    budgetUsd: float | None


class SubscriptionProvider(Provider):
    """Creates, changes, watches and removes an Essentials subscription."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Choose the plan, and refuse what cannot be had or paid, before anything is created."""
        plan = _olds.get("plan") if "demand" in _olds and _still_does(_olds, news["demand"]) else None
        try:
            chosen = plan or plans.choose(reading(), news["demand"]).properties()
            problem = _over_budget(chosen, news.get("budgetUsd")) or (
                None if plan else _payment_problem(reading(), chosen, news.get("paymentMethodId"))
            )
        except CloudError as error:
            return CheckResult(news, [CheckFailure("plan", str(error))])
        checked = {**news, "plan": chosen}
        if "plan" in _olds and _replaces(_olds, checked):
            # The engine's own "replace" does not say what is lost.
            say(f"warning: plan {chosen['name']} is another subscription, and all data in the present one will be lost")
        return CheckResult(checked, [CheckFailure("plan", problem)] if problem else [])

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Change the plan in place where Redis Cloud can."""
        replaces = _replaces(olds, news)
        changes = (
            int(olds["plan"]["id"]) != int(news["plan"]["id"])
            or olds["name"] != news["name"]
            or olds.get("paymentMethodId") != news.get("paymentMethodId")
        )
        # The name is the stack's: there cannot be two at a time.
        return DiffResult(changes=bool(replaces or changes), replaces=replaces, delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create it, or take over what a creation that was cut off made. Raises `CloudError`."""
        api, name = changing(), str(props["name"])
        doing = f"creating subscription {name}"
        known = _find(api, props, doing)
        if known is None:
            _refuse_others(api, props, doing)
            number = make(api, PATH, _body(props), lambda: _number(_find(api, props, doing)), doing=doing)
            return CreateResult(str(number), _outputs(props))
        if int(known["planId"]) != int(props["plan"]["id"]):
            _change(api, int(known["id"]), props)
        return CreateResult(str(int(known["id"])), _outputs(props))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """See whether it is there, and on which plan."""
        answer = reading().get(f"{PATH}/{id_}")
        if answer is None or answer.get("status") == "deleting":
            return ReadResult("", {})
        plan = Plan.from_answer({**answer, "id": answer["planId"], "name": answer.get("planName")}).properties()
        return ReadResult(id_, {**props, "name": answer.get("name", props["name"]), "plan": plan})

    def update(self, id_: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Change the plan, the payment method or the name. Raises `CloudError`."""
        api = changing()
        wait_until_active(api, int(id_), doing=f"changing subscription {news['name']}")
        _change(api, int(id_), news)
        return UpdateResult(_outputs(news))

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Remove it, with the database that this stack made in it; nothing happens where it is gone.

        Raises `CloudError` where somebody else's database is in it.
        """
        api, name = changing(), str(props["name"])
        doing = f"deleting subscription {name}"
        # A creation that was cut off has left no id.
        known = {"id": id_} if id_ else _find(api, props, doing)
        if known is None or api.get(f"{PATH}/{int(known['id'])}") is None:
            return
        number = int(known["id"])
        await_tasks(api, DATABASE_CREATION, doing=doing)
        for database in databases(api, number):
            if database.get("name") != name:
                raise CloudError(
                    f"{doing}: it holds a database that this stack did not make, {database.get('name')}; move it away, "
                    "or delete it in the console (https://cloud.redis.io)"
                )
            remove(api, f"{PATH}/{number}/databases/{int(database['databaseId'])}", doing=f"deleting database {name}")
        remove(api, f"{PATH}/{number}", doing=doing)


class Subscription(Resource, module="rediscloud", name="Subscription"):
    """An Essentials subscription; `plan` has what Redis Cloud says of it, the price included."""

    plan: pulumi.Output[dict[str, Any]]

    def __init__(self, name: str, inputs: SubscriptionInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare it."""
        super().__init__(SubscriptionProvider(), name, {**inputs, "plan": None}, opts)


def wait_until_active(api: Api, number: int, *, doing: str) -> None:
    """Wait until a subscription can be worked with. Raises `CloudError`."""

    def look() -> tuple[bool, str]:
        answer = api.get(f"{PATH}/{number}") or {}
        status = str(answer.get("status", "not there yet"))
        if status == "error":
            raise CloudError(
                f"{doing}: Redis Cloud has put subscription {number} into error; see https://cloud.redis.io, and ask "
                "its support"
            )
        return status == "active", f"subscription is {status}"

    api.wait(look, doing=doing)


def databases(api: Api, number: int) -> list[Mapping[str, Any]]:
    """List what is in a subscription: an Essentials plan has room for one."""
    answer = api.get(f"{PATH}/{number}/databases?offset=0&limit=100") or {}
    held = answer.get("subscription") or {}
    # The client's tests have one subscription here, and the API's document a list of them.
    first = held[0] if isinstance(held, list) and held else held
    return list((first or {}).get("databases") or [])


def _find(api: Api, props: Mapping[str, Any], doing: str) -> Mapping[str, Any] | None:
    """Find the stack's subscription by its name, once no creation is under way that could be its own."""
    await_tasks(api, CREATION, doing=doing)
    return next((entry for entry in _subscriptions(api) if entry.get("name") == props["name"]), None)


def _refuse_others(api: Api, props: Mapping[str, Any], doing: str) -> None:
    """Raise `CloudError` where another state of the same stack has a subscription: this one would be a second."""
    for entry in _subscriptions(api):
        if is_of_base(str(entry.get("name")), props["base"]):
            raise CloudError(
                f"{doing}: the account has {entry['name']} already, which another state of a stack of this name made; "
                "take it down where it was made, or delete it in the console (https://cloud.redis.io), or name this "
                "stack differently"
            )


def _number(known: Mapping[str, Any] | None) -> int | None:
    return None if known is None else int(known["id"])


def _subscriptions(api: Api) -> list[Mapping[str, Any]]:
    known = (api.get(PATH) or {}).get("subscriptions") or []
    return [entry for entry in known if entry.get("status") != "deleting"]


def _still_does(olds: Mapping[str, Any], demand: Demand) -> bool:
    """Return whether the plan of last time is the one for what is asked now: another network or two need no other."""
    has_room = demand["networks"] <= olds["plan"]["networks"]
    return has_room and {**olds["demand"], "networks": None} == {**demand, "networks": None}


def _replaces(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[str]:
    """Name what is not changed in place: the cloud, the region, and whether it is in several zones.

    The codes FIXED_MISMATCH_BETWEEN_REQUEST_PLAN_… and FIXED_SUBSCRIPTION_PLAN_CANNOT_CHANGED_FROM_AVAILABILITY_… of
    the API's OpenAPI document.
    """
    elsewhere = any(olds["demand"][key] != news["demand"][key] for key in ("provider", "region"))
    zones = [each["plan"]["availability"] == MULTI_ZONE for each in (olds, news)]
    return [*(["demand"] if elsewhere else []), *(["plan"] if zones[0] != zones[1] else [])]


def _change(api: Api, number: int, props: Mapping[str, Any]) -> None:
    doing = f"changing subscription {props['name']}"
    api.finish(api.send("PUT", f"{PATH}/{number}", _body(props), doing=doing), doing=doing)
    wait_until_active(api, number, doing=doing)


def _body(props: Mapping[str, Any]) -> dict[str, Any]:
    """Return the name, the plan and how it is paid, which the free plan refuses (FIXED_PAYMENT_INFO_NOT_ALLOWED_…)."""
    method = props.get("paymentMethodId")
    payment = {} if method is None else {"paymentMethodId": int(method)}
    return {"name": props["name"], "planId": int(props["plan"]["id"]), **payment}


def _outputs(props: Mapping[str, Any]) -> dict[str, Any]:
    names = ("name", "base", "demand", "paymentMethodId", "budgetUsd", "plan")
    return {name: props[name] for name in names if props.get(name) is not None}


def _over_budget(plan: Mapping[str, Any], budget_usd: float | None) -> str | None:
    if budget_usd is None:
        return None
    cost = plan["monthlyUsd"]
    if cost is None:
        return f"cache:budgetUsd is {budget_usd:.2f}, and Redis Cloud gives plan {plan['name']} no price in USD a month"
    if cost > budget_usd:
        return (
            f"cache:budgetUsd is {budget_usd:.2f}, and plan {plan['name']} costs {cost:.2f} USD a month; "
            f"pulumi config set cache:budgetUsd {math.ceil(cost)}"
        )
    return None


def _payment_problem(api: Api, plan: Mapping[str, Any], payment_method_id: int | None) -> str | None:
    """Describe what is wrong with how a paid plan is to be paid, naming the account's payment methods."""
    if plan["monthlyUsd"] == 0:
        return None
    methods = (api.get("/payment-methods") or {}).get("paymentMethods") or []
    if payment_method_id is not None and int(payment_method_id) in [int(method["id"]) for method in methods]:
        return None
    problem = "is not set" if payment_method_id is None else f"{int(payment_method_id)} is none of the account's"
    known = ", ".join(
        f"{int(method['id'])} ({method.get('type')} ending in {method.get('creditCardEndsWith')})" for method in methods
    )
    return f"cache:paymentMethodId {problem}, and plan {plan['name']} is paid for; the account has: " + (
        f"{known}; pulumi config set cache:paymentMethodId {int(methods[0]['id'])}"
        if methods
        else "none; add one at https://cloud.redis.io, Billing & Payments"
    )
